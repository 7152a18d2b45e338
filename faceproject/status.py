"""What goes on in the background: queues, workers, runs, photos, the active model."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.db.models import Count
from django.utils import timezone
from kombu.exceptions import OperationalError

from people.models import EmbeddingModel, FaceImage, ImportRun
from recognition import health, search
from recognition.calibration import stored
from recognition.login import accounts
from recognition.models import ReembeddingChunk, ReembeddingFailure, ReembeddingRun
from recognition.queueing import queue_depths
from recognition.reembedding.standby import LIVE

PATIENCE_S = 3.0  # a worker answers between two tasks


def status(*, patience: float = PATIENCE_S) -> dict[str, Any]:
    """Everything at once.

    broker: ok or unreachable; then the queues are None. networks: of the active model; these, mesh
    and pad: ok, or what is missing. admins_without_face: accounts with admin rights that have no
    second factor yet.
    """
    queues = queue_depths()
    return {
        "broker": "unreachable" if queues is None else "ok",
        "queues": queues,
        "workers": [] if queues is None else workers(patience=patience),
        "at_work": _at_work(),
        "photos": _photos(),
        "imports_running": ImportRun.objects.filter(state=ImportRun.State.RUNNING).count(),
        "runs": [run.as_json() for run in _runs()],
        "networks": health.networks(),
        "mesh": health.mesh(),
        "pad": health.pad(),
        "admins_without_face": accounts.admins_without_face(),
        "models": [_model(model) for model in EmbeddingModel.objects.order_by("pk")],
    }


def workers(*, patience: float = PATIENCE_S) -> list[str]:
    """Names of workers that answer in this time. One in a long task does not."""
    try:
        replies = current_app.control.ping(timeout=patience)
    except (OperationalError, OSError):
        return []
    return sorted(name for reply in replies or () for name in reply)


def _at_work() -> dict[str, int]:
    """What workers hold at this moment, by their claims: those in a task answer no ping."""
    now = timezone.now()
    return {
        "photos": FaceImage.objects.pending().filter(claimed_until__gt=now).count(),
        "chunks": ReembeddingChunk.objects.filter(claimed_until__gt=now).count(),
    }


def _photos() -> dict[str, int]:
    counted = FaceImage.objects.order_by().values("state").annotate(number=Count("pk"))
    by_state = {row["state"]: row["number"] for row in counted}
    return {state: by_state.get(state, 0) for state in ("pending", "ready", "rejected")}


def _runs() -> list[ReembeddingRun]:
    """Those under way, and the last one."""
    runs = ReembeddingRun.objects.select_related("model")
    live = list(runs.filter(state__in=LIVE))
    return live or list(runs[:1])


def _model(model: EmbeddingModel) -> dict[str, Any]:
    return {
        "model": str(model),
        "state": model.state,
        "people": model.templates.count(),
        "failures": ReembeddingFailure.objects.filter(model=model).count(),
        "calibrated": stored.read(model.calibration) is not None,
        "index": search.index_state(model),
    }
