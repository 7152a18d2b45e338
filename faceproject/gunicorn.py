"""Gunicorn's settings: few processes with threads, since each process holds the networks."""

import ctypes
import logging
import os
import threading
from pathlib import Path

from django.conf import settings
from gunicorn.workers.base import Worker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")

bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WEB_PROCESSES
worker_class = "gthread"
threads = settings.WEB_THREADS
timeout = 60
graceful_timeout = 5
keepalive = 5
accesslog = "-"
# Without the query and the referrer: an address may carry a name.
access_log_format = '%(t)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
control_socket_disable = True
if Path("/dev/shm").is_dir():  # noqa: S108
    # Heartbeats in memory: a slow disk is no reason to kill a worker.
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def _keep_memory() -> None:
    """Let glibc keep what a request has used for the next one.

    By default each thread has a heap of its own, and gives back the megabytes of a picture as soon
    as it is done with it; to get them again costs a request more than the database does.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library has none
    if mallopt is not None:
        for option, value in _MALLOC.items():
            mallopt(option, value)


# M_ARENA_MAX, M_MMAP_THRESHOLD (its largest value), M_TRIM_THRESHOLD: see mallopt(3).
_MALLOC = {-8: 1, -3: 32 * 1024 * 1024, -1: 128 * 1024 * 1024}
_keep_memory()


def post_worker_init(worker: Worker) -> None:
    """Load the networks beside the first requests, not before them and not inside one."""
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    from django.db import connection

    from people.errors import Refusal
    from recognition.runtime import warm_up

    try:
        warm_up()
    except (Refusal, OSError) as error:
        logging.getLogger(__name__).warning("The networks were not loaded ahead: %s", error)
    finally:
        connection.close()
