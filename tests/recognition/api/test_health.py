"""Ready is only a site that can answer; otherwise it is a 503 that names what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from django.db import OperationalError, connections
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import EmbeddingModel
from recognition.engine import weights

LIVE = "/api/v1/health/live"
READY = "/api/v1/health/ready"

pytestmark = pytest.mark.usefixtures("model")
Break = Callable[[pytest.MonkeyPatch, Settings, Path], None]


def no_broker(patch: pytest.MonkeyPatch, _settings: Settings, _empty: Path) -> None:
    patch.setenv("CELERY_BROKER_READ_URL", "redis://127.0.0.1:1/0")  # nobody listens there


def no_database(patch: pytest.MonkeyPatch, _settings: Settings, _empty: Path) -> None:
    def fail(*_statement: object) -> NoReturn:
        raise OperationalError("gone")

    patch.setattr(connections["default"], "execute_wrappers", [fail])


def no_weights(_patch: pytest.MonkeyPatch, settings: Settings, empty: Path) -> None:
    (empty / weights.FACE_MESH).symlink_to(settings.MODELS_DIR / weights.FACE_MESH)
    settings.MODELS_DIR = empty


def no_calibration(_patch: pytest.MonkeyPatch, _settings: Settings, _empty: Path) -> None:
    EmbeddingModel.objects.update(calibration={})


def test_a_site_where_nothing_is_missing_is_ready() -> None:
    answer = APIClient().get(READY)
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["checks"]) == {
        "database",
        "broker",
        "mesh",
        "pad",
        "model",
        "calibration",
    }


@pytest.mark.parametrize(
    ("break_it", "check", "said"),
    [
        (no_broker, "broker", "unreachable"),
        (no_database, "database", "unreachable"),
        (no_weights, "model", "weights_missing"),
        (no_calibration, "calibration", "missing"),
    ],
)
def test_a_site_where_something_is_missing_says_what(
    break_it: Break,
    check: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
) -> None:
    with monkeypatch.context() as patch:
        break_it(patch, settings, tmp_path)
        answer = APIClient().get(READY)
        assert APIClient().get(LIVE).status_code == 200  # not a reason to start it anew
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    checks = answer.json()["checks"]
    assert checks.pop(check) == said
    assert set(checks.values()) <= {"ok", "default"}
