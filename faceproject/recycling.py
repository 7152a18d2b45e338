"""A worker process that has grown too large ends after its task; its supervisor starts another.

Celery's own limits work in a pool of forked processes only. Ours run one task at a time each.
"""

from pathlib import Path
from typing import Any

from celery.signals import task_postrun
from celery.worker import state
from django.conf import settings

_STATUS = Path("/proc/self/status")


def resident_mb() -> float:
    """Memory of this process, in MB; 0 where the system does not say."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return 0.0
    found = next((line for line in lines if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(found.split()[1]) / 1024


@task_postrun.connect
def end_if_too_large(**_signal: Any) -> None:
    # As a polite signal would: the task is acknowledged first, and no other is begun.
    if resident_mb() > settings.WORKER_MAX_MB:
        state.should_stop = 0  # type: ignore[assignment]  # an exit status, say its readers
