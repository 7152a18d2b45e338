"""One sentence at a time about what the camera sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from people.models import EmbeddingModel
from recognition import runtime
from recognition.engine import Box, Face, ManyFaces, NoFace, Quality
from recognition.login.hints import hint
from tests.faces import head

pytestmark = pytest.mark.django_db

PIXELS = np.zeros((240, 320, 3), np.uint8)
GOOD = Quality(size=100, sharpness=1, brightness=0.5, yaw=0, pitch=0, roll=0)
FACE = Face(
    box=Box(110, 70, 100, 100),
    landmarks=head(0, 0),
    confidence=0.9,
    crop=np.zeros((160, 160, 3), np.uint8),
    quality=GOOD,
)


def said(
    monkeypatch: pytest.MonkeyPatch, *faces: Face, step: str = "look_straight"
) -> tuple[str, str]:
    class Seeing:
        def faces(self, _pixels: object) -> list[Face]:
            return list(faces)

    monkeypatch.setattr(runtime, "engine_for", lambda _model: Seeing())
    found = hint(pixels=PIXELS, step=step)
    return found.code, found.sentence


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("face", "code"),
    [
        (FACE, "ok"),
        (replace(FACE, box=Box(130, 90, 40, 40)), "too_small"),
        (replace(FACE, box=Box(60, 20, 200, 200)), "too_close"),
        (replace(FACE, box=Box(0, 70, 100, 100)), "off_centre"),
        (replace(FACE, quality=replace(GOOD, brightness=0.01)), "too_dark"),
        (replace(FACE, quality=replace(GOOD, brightness=0.99)), "too_bright"),
        (replace(FACE, quality=replace(GOOD, sharpness=0.0)), "too_blurred"),
        (replace(FACE, quality=replace(GOOD, yaw=15)), "look_straight"),
        (replace(FACE, confidence=0.1), "low_confidence"),
    ],
)
def test_what_is_wrong_is_said_first(
    monkeypatch: pytest.MonkeyPatch, face: Face, code: str
) -> None:
    assert said(monkeypatch, face)[0] == code


@pytest.mark.usefixtures("model")
def test_nobody_and_two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch)[0] == NoFace().code
    assert said(monkeypatch, FACE, FACE) == (ManyFaces().code, "One person only.")


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("step", "yaw", "code"),
    [
        ("turn_left", 25, "ok"),
        ("turn_left", 10, "turn_further"),
        ("turn_left", -25, "turn_further"),
        ("turn_right", -25, "ok"),
        ("turn_right", 25, "turn_further"),
        ("come_closer", 0, "ok"),
    ],
)
def test_a_turn_is_to_be_far_enough_and_the_right_way(
    monkeypatch: pytest.MonkeyPatch, step: str, yaw: float, code: str
) -> None:
    turned = replace(FACE, quality=replace(GOOD, yaw=yaw))
    assert said(monkeypatch, turned, step=step)[0] == code


@pytest.mark.usefixtures("model")
def test_whoever_is_to_come_closer_is_not_sent_back(
    monkeypatch: pytest.MonkeyPatch, model: EmbeddingModel
) -> None:
    near = replace(FACE, box=Box(60, 20, 200, 200))
    assert said(monkeypatch, near, step="come_closer")[0] == "ok"
