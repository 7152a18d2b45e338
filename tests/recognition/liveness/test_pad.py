"""The operator's say about passive PAD; what is missing is never a pass where it is required."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from recognition import health
from recognition.engine import weights
from recognition.engine.antispoof import AntiSpoof
from recognition.liveness import pad
from recognition.liveness.refusals import PadUnavailable
from recognition.models import LivenessSession
from tests.recognition.liveness.answers import answer_to, check, code_of, given_challenge

pytestmark = pytest.mark.usefixtures("fake_engine", "model")


@pytest.fixture(autouse=True)
def no_networks(mesh_alone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pad, "antispoof", lambda: AntiSpoof(models_dir=mesh_alone))
    return mesh_alone


def scoring(monkeypatch: pytest.MonkeyPatch, settings: Settings, score: float) -> None:
    settings.LIVENESS_PAD = "required"
    monkeypatch.setattr(AntiSpoof, "load", lambda _: None)
    monkeypatch.setattr(AntiSpoof, "score", lambda *_: score)


def test_required_and_never_fetched_is_refused_with_the_command(settings: Settings) -> None:
    session = given_challenge()
    settings.LIVENESS_PAD = "required"
    with pytest.raises(PadUnavailable, match="fetch_models --pad"):
        check(session, answer_to(session))


def test_nobody_moves_for_nothing(settings: Settings) -> None:
    """What no answer could pass is refused before anybody is asked for one."""
    settings.LIVENESS_PAD = "required"
    with pytest.raises(PadUnavailable, match="fetch_models --pad"):
        given_challenge()
    assert not LivenessSession.objects.exists()


@pytest.mark.parametrize("mode", ["if_available", "off"])
def test_never_fetched_is_passed_over_where_it_may_be(settings: Settings, mode: str) -> None:
    settings.LIVENESS_PAD = mode
    session = given_challenge()
    assert check(session, answer_to(session))


def test_altered_networks_are_never_passed_over(settings: Settings, no_networks: Path) -> None:
    settings.LIVENESS_PAD = "if_available"
    session = given_challenge()
    for file in weights.PAD:
        (no_networks / file).parent.mkdir(parents=True, exist_ok=True)
        (no_networks / file).write_bytes(b"not what was pinned")
    with pytest.raises(PadUnavailable):
        given_challenge()
    assert code_of(session, answer_to(session)) == "pad_unavailable"


@pytest.mark.parametrize("score", [0.0, 0.64, float("nan")])
def test_what_looks_like_a_picture_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, score: float
) -> None:
    scoring(monkeypatch, settings, score)
    session = given_challenge()
    assert code_of(session, answer_to(session)) == "presentation_attack"


def test_what_looks_like_a_face_passes(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    scoring(monkeypatch, settings, 0.66)
    session = given_challenge()
    assert check(session, answer_to(session))


@pytest.mark.usefixtures("db")
def test_readiness_fails_and_names_the_command(settings: Settings) -> None:
    settings.LIVENESS_PAD = "required"
    answer = APIClient().get("/api/v1/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert "manage.py fetch_models --pad" in answer.json()["checks"]["pad"]


@pytest.mark.usefixtures("db")
def test_the_status_names_the_command(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LIVENESS_PAD = "required"
    call_command("status", "--wait", "0.1")
    assert "manage.py fetch_models --pad" in capsys.readouterr().out
    call_command("status", "--wait", "0.1", "--json")
    assert json.loads(capsys.readouterr().out)["pad"].startswith("pad_unavailable: ")


@pytest.mark.usefixtures("db")
def test_altered_networks_are_a_fault_even_where_they_may_be_absent(
    settings: Settings, no_networks: Path
) -> None:
    settings.LIVENESS_PAD = "if_available"
    assert health.pad() == health.MOVES_ALONE
    file = no_networks / weights.PAD_NEAR
    file.parent.mkdir(parents=True)
    file.write_bytes(b"not what was pinned")
    assert health.pad().startswith("pad_unavailable: ")


def test_where_they_are_not_asked_for_there_is_nothing_to_say(settings: Settings) -> None:
    settings.LIVENESS_PAD = "off"
    assert health.pad() == "ok"


@pytest.mark.usefixtures("db")
def test_that_only_the_moves_count_is_said_and_is_no_fault(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LIVENESS_PAD = "if_available"
    found = {"pad": health.pad()}
    assert found["pad"].startswith("not_fetched: Only the moves count.")
    assert "manage.py fetch_models --pad" in found["pad"]
    assert health.is_ready(found)
    assert APIClient().get("/api/v1/health/ready").json()["checks"]["pad"] == found["pad"]
    call_command("status", "--wait", "0.1")
    assert "Only the moves count" in capsys.readouterr().out
