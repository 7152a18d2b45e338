"""A head that moves as it is asked to, and a picture that is moved about."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.errors import Refusal
from recognition.engine.types import Landmarks
from recognition.liveness.challenges import MOVES
from recognition.liveness.geometry import Place, place, tilted, turned
from recognition.liveness.steps import LIMITS, prove
from tests.faces import head

unhurried = settings(deadline=None)


def seen_through(landmarks: Landmarks, right: float, down: float, away: float) -> Landmarks:
    """The points of a picture of this face that is tilted before the camera."""
    a, b = np.radians([right, down])
    points = (landmarks - landmarks.mean(axis=0)) / 250
    turn = np.array([[np.cos(a), 0], [0, 1], [-np.sin(a), 0]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    x, y, z = (points @ (nod @ turn).T).T
    seen = np.stack([x, y], axis=-1) / (away - z)[:, None] * away
    return np.asarray(seen * 250 + 200, np.float32)


def held(right: float, tilt: float, size: float = 100, *, up: float = 0) -> Place:
    return place(head(right, tilt, size), up)


def code_of(places: dict[str, list[Place]]) -> str:
    try:
        prove(places)
    except Refusal as refusal:
        return refusal.code
    return "accepted"


@unhurried
@given(right=st.floats(-45, 45), tilt=st.floats(-5, 5))
def test_a_turn_is_measured_to_the_degree(right: float, tilt: float) -> None:
    assert turned(held(0, 0), held(right, tilt))[0] == pytest.approx(right, abs=2)


@unhurried
@given(tilt=st.floats(-45, 45))
def test_a_tilt_is_no_turn(tilt: float) -> None:
    straight, now = held(0, 0), held(0, tilt)
    assert turned(straight, now) == pytest.approx((0, 0), abs=0.5)
    assert tilted(straight, now) == pytest.approx(tilt, abs=0.5)


@unhurried
@given(
    yaw=st.floats(-10, 10), right=st.floats(-60, 60), down=st.floats(-60, 60), away=st.floats(1, 5)
)
def test_no_tilting_of_a_picture_is_a_turn(
    yaw: float, right: float, down: float, away: float
) -> None:
    points = head(yaw, 0)
    picture, moved = place(points, 0), place(seen_through(points, right, down, away), 0)
    assert turned(picture, moved) == pytest.approx((0, 0), abs=0.5)
    for step in ("turn_left", "turn_right"):
        assert code_of({"look_straight": [picture], step: [moved]}) != "accepted"


@unhurried
@given(st.permutations(list(MOVES)))
def test_each_move_is_its_own_step_and_no_other(order: list[str]) -> None:
    moves = {
        "turn_left": held(28, 3, up=11),
        "turn_right": held(-28, 3, up=-11),
        "tilt_left": held(4, 22, up=7),
        "tilt_right": held(4, -22, up=7),
        "look_up": held(-5, 6, up=20),
        "come_closer": held(3, 3, 140, up=4),
    }
    faces = {"look_straight": [held(0, 0)]}
    right_order = faces | {step: [moves[step]] for step in MOVES}
    assert code_of(right_order) == "accepted"
    other = faces | {step: [moves[done]] for step, done in zip(MOVES, order, strict=True)}
    assert (code_of(other) == "accepted") == (order == list(MOVES))


@unhurried
@given(right=st.floats(22.5, 40))
def test_a_mirrored_turn_is_the_wrong_one(right: float) -> None:
    flipped = head(right, 0)[[1, 0, 2, 4, 3]]
    flipped[:, 0] = 400 - flipped[:, 0]
    straight, mirrored = held(0, 0), place(flipped, 0)
    assert code_of({"look_straight": [straight], "turn_left": [mirrored]}) == "step_not_seen"
    assert code_of({"look_straight": [straight], "turn_right": [mirrored]}) == "accepted"


@unhurried
@given(start=st.floats(-15, 15), up=st.floats(-40, 40))
def test_who_looks_up_does_so_from_where_they_looked_straight(start: float, up: float) -> None:
    answer = {"look_straight": [held(0, 0, up=start)], "look_up": [held(0, 0, up=start + up)]}
    assert (code_of(answer) == "accepted") == (start + up - start >= LIMITS.lift)


@pytest.mark.parametrize("up", [LIMITS.most_lift + 1, 120, 355])
def test_nobody_is_lifted_so_far(up: float) -> None:
    answer = {"look_straight": [held(0, 0)], "look_up": [held(0, 0, up=up)]}
    assert code_of(answer) == "step_not_seen"


def test_a_nose_that_moves_down_more_than_aside_is_no_turn() -> None:
    """As that of a print which is bent aslant."""
    straight, turned_so = held(0, 0), held(30, 0)
    aslant = replace(turned_so, along=straight.along + 1.1 * turned_so.across)
    assert code_of({"look_straight": [straight], "turn_left": [turned_so]}) == "accepted"
    assert code_of({"look_straight": [straight], "turn_left": [aslant]}) == "step_not_seen"


def test_the_reference_looks_at_the_camera() -> None:
    aside = held(LIMITS.straight_yaw + 3, 0)
    with pytest.raises(Refusal) as refused:
        prove({"look_straight": [aside], "turn_left": [held(40, 0)]})
    assert (refused.value.code, refused.value.message) == (
        "step_not_seen",
        "Look straight at the camera first.",
    )


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("turn_left", "Turn your head further to your left."),
        ("look_up", "Lift your chin further."),
    ],
)
def test_what_is_missing_is_said(step: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        prove({"look_straight": [held(0, 0)], step: [held(9, 0, up=5)]})
    assert refused.value.message == message


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.eye(5)[:, :2]])
def test_points_that_are_no_face_prove_nothing(points: Landmarks) -> None:
    found = place(points.astype(np.float32), 0)
    assert code_of({"look_straight": [found], "turn_left": [found]}) != "accepted"
    assert code_of({"look_straight": [held(0, 0)], "turn_left": [found]}) != "accepted"


def test_a_pitch_that_is_no_number_proves_nothing() -> None:
    nowhere = held(0, 0, up=float("nan"))
    for straight, up in ((nowhere, held(0, 0, up=20)), (held(0, 0), nowhere), (nowhere, nowhere)):
        assert code_of({"look_straight": [straight], "look_up": [up]}) != "accepted"
    aside = held(30, 0, up=float("nan"))
    assert code_of({"look_straight": [held(0, 0)], "turn_left": [aside]}) != "accepted"
