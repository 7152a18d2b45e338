"""One sentence at a time about what the camera sees."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from pytest_django import Settings

from recognition import runtime
from recognition.engine import Box, Face, ManyFaces, NoFace, Quality
from recognition.liveness.challenges import MOVES as MOVES_OF_STEPS
from recognition.liveness.geometry import place
from recognition.liveness.steps import Motion, is_seen
from recognition.login.hints import Hint, hint
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


def found(
    monkeypatch: pytest.MonkeyPatch,
    *faces: Face,
    step: str = "look_straight",
    straight: str = "",
    up: float | None = 2,
) -> Hint:
    class Seeing:
        def faces(self, _pixels: object) -> list[Face]:
            return list(faces)

        def pitch(self, _pixels: object, _face: Face) -> float:
            assert up is not None, "nobody was to ask"
            return up

    monkeypatch.setattr(runtime, "engine_for", lambda _model: Seeing())
    return hint(pixels=PIXELS, step=step, straight=straight)


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
        (replace(FACE, landmarks=head(15, 0)), "look_straight"),
        (replace(FACE, confidence=0.1), "low_confidence"),
    ],
)
def test_what_is_wrong_is_said_first(
    monkeypatch: pytest.MonkeyPatch, face: Face, code: str
) -> None:
    assert found(monkeypatch, face).code == code


@pytest.mark.usefixtures("model")
def test_nobody_and_two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch).code == NoFace().code
    two = found(monkeypatch, FACE, FACE)
    assert (two.code, two.sentence) == (ManyFaces().code, "One person only.")


STRAIGHT = (0, 0, 40)
# Turned to the picture's right and tilted to the person's left, degrees; size.
MOVES = [
    ("turn_left", (25, 0, 40), "ok"),
    ("turn_left", (10, 0, 40), "move_further"),
    ("turn_left", (-25, 0, 40), "move_further"),
    ("turn_right", (-25, 0, 40), "ok"),
    ("turn_right", (25, 0, 40), "move_further"),
    ("tilt_left", (0, 15, 40), "ok"),
    ("tilt_left", (0, 5, 40), "move_further"),
    ("tilt_left", (0, -15, 40), "move_further"),
    ("tilt_left", (30, 15, 40), "move_further"),  # that is a turn
    ("tilt_right", (0, -15, 40), "ok"),
    ("tilt_right", (0, 0, 40), "move_further"),
    ("tilt_right", (0, 15, 40), "move_further"),
    ("come_closer", (0, 0, 60), "ok"),
    ("come_closer", (0, 0, 45), "move_closer"),
    ("come_closer", (0, 0, 40), "move_closer"),
    ("come_closer", (0, 0, 30), "move_closer"),
]


def held(right: float, tilt: float, size: float) -> Face:
    return replace(FACE, landmarks=head(right, tilt, size))


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("step", "how", "code"), MOVES)
@pytest.mark.parametrize("straight", ["known", "", "odd"])
def test_a_move_is_good_when_it_is_far_enough_and_the_right_way(
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    how: tuple[float, float, float],
    code: str,
    straight: str,
) -> None:
    if straight == "known":
        straight = found(monkeypatch, held(*STRAIGHT)).straight
    assert found(monkeypatch, held(*how), step=step, straight=straight).code == code


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("before", "step", "how", "code"),
    [
        # Whoever sits near already comes nearer all the same; whoever sits far off, less so.
        ((0, 0, 70), "come_closer", (0, 0, 70), "move_closer"),
        ((0, 0, 70), "come_closer", (0, 0, 90), "ok"),
        ((0, 0, 30), "come_closer", (0, 0, 39), "ok"),
        # Whoever holds the head aslant tilts it from there.
        ((0, 8, 40), "tilt_left", (0, 13, 40), "move_further"),
        ((0, 8, 40), "tilt_right", (0, -4, 40), "ok"),
        ((9, 0, 40), "turn_left", (25, 0, 40), "move_further"),
    ],
)
def test_a_move_is_measured_from_the_straight_face(
    monkeypatch: pytest.MonkeyPatch,
    before: tuple[float, float, float],
    step: str,
    how: tuple[float, float, float],
    code: str,
) -> None:
    straight = found(monkeypatch, held(*before)).straight
    assert straight
    assert found(monkeypatch, held(*how), step=step, straight=straight).code == code


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("up", "code"),
    [(20, "ok"), (9, "move_further"), (-20, "move_further"), (40, "extreme_pose")],
)
@pytest.mark.parametrize("before", [-12.0, 0.0, 12.0, None])
def test_who_looks_up_is_told_how_far(
    monkeypatch: pytest.MonkeyPatch, before: float | None, up: float, code: str
) -> None:
    straight = ""
    if before is not None:
        straight = found(monkeypatch, held(*STRAIGHT), up=before).straight
    up += before if before is not None else 2
    face = held(*STRAIGHT)
    assert found(monkeypatch, face, step="look_up", straight=straight, up=up).code == code


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("step", MOVES_OF_STEPS)
def test_the_hint_says_what_the_check_will_say(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    straight = found(monkeypatch, held(*STRAIGHT)).straight
    ways = product((-30, -10, 0, 10, 30), (-20, 0, 20), (40, 56), (-20, 2, 22))
    for right, tilt, size, up in ways:
        how = held(right, tilt, size)
        hinted = found(monkeypatch, how, step=step, straight=straight, up=up).code
        motion = Motion.between(place(head(*STRAIGHT), 2), place(how.landmarks, up))
        assert (hinted == "ok") == is_seen(step, motion)


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 2 3",
        "1 2 3 4 5",
        "nan 0 0.2 0",
        "0 0 0 0",
        "0 0 -1 0",
        "inf 0 1 0",
        "a b c d",
        "\x00",
    ],
)
def test_a_straight_face_that_nobody_wrote_is_none(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert found(monkeypatch, held(*STRAIGHT), step="come_closer", straight=text).code == (
        "move_closer"
    )


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("step", ["turn_left", "come_closer", "", "no such step"])
def test_only_a_straight_face_is_measured_from(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    assert found(monkeypatch, held(30, 0, 60), step=step).straight == ""
    assert found(monkeypatch, held(30, 0, 60)).straight == ""


@pytest.mark.usefixtures("model")
def test_where_nobody_is_asked_to_move_nothing_needs_the_mesh(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.FACE_LOGIN_LIVENESS = "off"
    assert found(monkeypatch, FACE, up=None).code == "ok"


@pytest.mark.usefixtures("model")
def test_whoever_is_to_come_closer_is_not_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    near = replace(held(0, 0, 90), box=Box(60, 20, 200, 200))
    assert found(monkeypatch, near, step="come_closer").code == "ok"
