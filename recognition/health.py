"""Whether everything that an answer needs is there."""

from __future__ import annotations

from celery import current_app
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError

from people.models import EmbeddingModel
from recognition.engine import WeightsMissing
from recognition.runtime import engine_for

OK = "ok"


def checks() -> dict[str, str]:
    """What was looked at, and `ok` or what is wrong with it."""
    found = {"database": _database()}
    found["broker"] = _broker()
    if found["database"] == OK:
        found["model"] = _model()
        model = EmbeddingModel.objects.current()
        # The thresholds are there in any case; this says whose data they were measured on.
        found["calibration"] = OK if model.calibration.get("calibrated") else "default"
    return found


def is_ready(found: dict[str, str]) -> bool:
    return all(value in (OK, "default") for value in found.values())


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


def _model() -> str:
    try:
        engine_for(EmbeddingModel.objects.current()).load()
    except WeightsMissing:
        return "weights_missing"
    return OK
