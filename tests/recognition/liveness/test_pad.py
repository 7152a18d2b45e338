"""The operator's say about passive PAD; what is missing is never a pass where it is required."""

from pathlib import Path

import pytest
from pytest_django import Settings

from recognition.engine import weights
from recognition.engine.antispoof import AntiSpoof
from recognition.liveness import pad
from tests.recognition.liveness.answers import answer_to, check, code_of, given_challenge

pytestmark = pytest.mark.usefixtures("fake_engine", "model")


@pytest.fixture(autouse=True)
def no_networks(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    settings.MODELS_DIR = tmp_path
    monkeypatch.setattr(pad, "antispoof", lambda: AntiSpoof(models_dir=tmp_path))
    return tmp_path


def scoring(monkeypatch: pytest.MonkeyPatch, settings: Settings, score: float) -> None:
    settings.LIVENESS_PAD = "required"
    monkeypatch.setattr(AntiSpoof, "score", lambda *_: score)


def test_required_and_never_fetched_is_refused_with_the_command(settings: Settings) -> None:
    settings.LIVENESS_PAD = "required"
    session = given_challenge()
    with pytest.raises(pad.PadUnavailable, match="fetch_models --pad"):
        check(session, answer_to(session))


@pytest.mark.parametrize("mode", ["if_available", "off"])
def test_never_fetched_is_passed_over_where_it_may_be(settings: Settings, mode: str) -> None:
    settings.LIVENESS_PAD = mode
    session = given_challenge()
    assert check(session, answer_to(session))


def test_altered_networks_are_never_passed_over(settings: Settings, no_networks: Path) -> None:
    settings.LIVENESS_PAD = "if_available"
    for file in weights.PAD:
        (no_networks / file).parent.mkdir(parents=True, exist_ok=True)
        (no_networks / file).write_bytes(b"not what was pinned")
    session = given_challenge()
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
