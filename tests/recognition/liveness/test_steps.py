"""Five points of a head that turns, and five points of a picture that is moved about."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.errors import Refusal
from recognition.engine.types import Landmarks
from recognition.liveness.challenges import MOVES
from recognition.liveness.geometry import place, tilted, turned
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
    return (np.stack([x, y], axis=-1) / (away - z)[:, None] * away * 250 + 200).astype(np.float32)


def code_of(faces: dict[str, list[Landmarks]]) -> str:
    try:
        prove(faces)
    except Refusal as refusal:
        return refusal.code
    return "accepted"


@unhurried
@given(right=st.floats(-45, 45), tilt=st.floats(-5, 5))
def test_a_turn_is_measured_to_the_degree(right: float, tilt: float) -> None:
    yaw, _ = turned(place(head(0, 0)), place(head(right, tilt)))
    assert yaw == pytest.approx(right, abs=2)


@unhurried
@given(tilt=st.floats(-45, 45))
def test_a_tilt_is_no_turn(tilt: float) -> None:
    straight, now = place(head(0, 0)), place(head(0, tilt))
    assert turned(straight, now) == pytest.approx((0, 0), abs=0.5)
    assert tilted(straight, now) == pytest.approx(tilt, abs=0.5)


@unhurried
@given(
    yaw=st.floats(-10, 10), right=st.floats(-60, 60), down=st.floats(-60, 60), away=st.floats(1, 5)
)
def test_no_tilting_of_a_picture_is_a_turn(
    yaw: float, right: float, down: float, away: float
) -> None:
    picture = head(yaw, 0)
    moved = seen_through(picture, right, down, away)
    measured = turned(place(picture), place(moved))
    assert measured == pytest.approx((0, 0), abs=0.5)
    for step in ("turn_left", "turn_right"):
        assert code_of({"look_straight": [picture], step: [moved]}) != "accepted"


@unhurried
@given(st.permutations(list(MOVES)))
def test_each_move_is_its_own_step_and_no_other(order: list[str]) -> None:
    moves = {
        "turn_left": head(28, 3),
        "turn_right": head(-28, 3),
        "tilt_left": head(4, 22),
        "tilt_right": head(4, -22),
        "come_closer": head(3, 3, 140),
    }
    faces = {"look_straight": [head(0, 0)]}
    right_order = faces | {step: [moves[step]] for step in MOVES}
    assert code_of(right_order) == "accepted"
    other = faces | {step: [moves[done]] for step, done in zip(MOVES, order, strict=True)}
    assert (code_of(other) == "accepted") == (order == list(MOVES))


@unhurried
@given(right=st.floats(18.5, 40))
def test_a_mirrored_turn_is_the_wrong_one(right: float) -> None:
    flipped = head(right, 0)[[1, 0, 2, 4, 3]] * [-1, 1] + [400, 0]
    assert code_of({"look_straight": [head(0, 0)], "turn_left": [flipped]}) == "step_not_seen"
    assert code_of({"look_straight": [head(0, 0)], "turn_right": [flipped]}) == "accepted"


def test_the_reference_looks_at_the_camera() -> None:
    aside = head(LIMITS.straight_yaw + 3, 0)
    with pytest.raises(Refusal) as refused:
        prove({"look_straight": [aside], "turn_left": [head(40, 0)]})
    assert (refused.value.code, refused.value.message) == (
        "step_not_seen",
        "Look straight at the camera first.",
    )


def test_what_is_missing_is_said() -> None:
    with pytest.raises(Refusal) as refused:
        prove({"look_straight": [head(0, 0)], "turn_left": [head(10, 0)]})
    assert refused.value.message == "Turn your head further to your left."


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.eye(5)[:, :2]])
def test_points_that_are_no_face_prove_nothing(points: Landmarks) -> None:
    found = points.astype(np.float32)
    assert code_of({"look_straight": [found], "turn_left": [found]}) != "accepted"
    assert code_of({"look_straight": [head(0, 0)], "turn_left": [found]}) != "accepted"
