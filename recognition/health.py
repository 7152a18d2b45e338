"""Whether everything that an answer needs is there."""

from __future__ import annotations

from collections.abc import Callable

from celery import current_app
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError

from people.models import EmbeddingModel
from recognition.calibration import stored
from recognition.engine import WeightsMissing
from recognition.liveness.pad import are_never_fetched
from recognition.liveness.pad import require_networks as require_pad
from recognition.liveness.refusals import PadUnavailable
from recognition.runtime import engine_for, require_mesh, require_networks

OK = "ok"
# Nothing is at fault, and whoever reads it may want to know.
MOVES_ALONE = "not_fetched: Only the moves count. Run: manage.py fetch_models --pad"
_READY = (OK, "default", MOVES_ALONE)


def checks() -> dict[str, str]:
    """What was looked at, and `ok` or what is wrong with it."""
    found = {"database": _database()}
    found["broker"] = _broker()
    found["mesh"] = mesh()
    found["pad"] = pad()
    if found["database"] == OK:
        found["model"] = _model()
        model = EmbeddingModel.objects.current()
        found["calibration"] = _calibration(model)
    return found


def is_ready(found: dict[str, str]) -> bool:
    return all(value in _READY for value in found.values())


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return OK


def _broker() -> str:
    try:
        with current_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=0, timeout=2)
    except (OperationalError, OSError):
        return "unreachable"
    return OK


def networks() -> str:
    """Of the active model; otherwise what is missing, and what to do. Loads none of them."""
    return _missing(lambda: require_networks(EmbeddingModel.objects.current().recipe))


def mesh() -> str:
    """The network that sees whether a head is lifted: without it nobody is asked to move."""
    return _missing(require_mesh)


def pad() -> str:
    """The networks that tell a face from a picture of one: without them nobody is live.

    Where none are asked for there is nothing to miss; where they are used once they are there, it
    is said that they are not. Otherwise the code, and what to do.
    """
    missing = _missing(require_pad)
    return MOVES_ALONE if missing == OK and are_never_fetched() else missing


def _missing(require: Callable[[], None]) -> str:
    try:
        require()
    except (WeightsMissing, PadUnavailable) as refusal:
        return f"{refusal.code}: {refusal.message}"
    return OK


def _calibration(model: EmbeddingModel) -> str:
    """Whose data the thresholds were measured on; without any, nobody is recognized."""
    calibration = stored.read(model.calibration)
    if calibration is None:
        return "missing"
    return OK if calibration.is_own else "default"


def _model() -> str:
    try:
        engine_for(EmbeddingModel.objects.current()).load()
    except WeightsMissing:
        return "weights_missing"
    return OK
