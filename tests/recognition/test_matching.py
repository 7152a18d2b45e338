import math

import numpy as np
import pytest

from recognition.matching import Candidate, FramesDiffer, combine_frames, decide, is_same_person


def at(*degrees: float) -> np.ndarray:
    rad = np.radians(degrees)
    return np.stack([np.cos(rad), np.sin(rad)], axis=1).astype(np.float32)


def test_a_distance_below_the_threshold_is_the_same_person() -> None:
    assert is_same_person(0.69, 0.7)


@pytest.mark.parametrize("distance", [0.7, 0.71, math.nan, math.inf])
def test_anything_else_is_not(distance: float) -> None:
    assert not is_same_person(distance, 0.7)


def test_the_nearest_person_below_the_threshold_is_the_match() -> None:
    decision = decide([Candidate("ann", 0.4), Candidate("bob", 0.6)], 0.7)
    assert decision.match == Candidate("ann", 0.4)


@pytest.mark.parametrize("candidates", [[], [Candidate("ann", 0.7)], [Candidate("ann", math.nan)]])
def test_nobody_near_enough_is_nobody(candidates: list[Candidate[str]]) -> None:
    decision = decide(candidates, 0.7)
    assert decision.match is None
    assert not decision.tied


def test_two_people_equally_near_match_nobody() -> None:
    decision = decide([Candidate("ann", 0.4), Candidate("bob", 0.4004)], 0.7)
    assert decision.match is None
    assert decision.tied


def test_frames_of_one_face_become_their_unit_mean() -> None:
    combined = combine_frames(at(0, 20), limit=1.0)
    assert combined == pytest.approx(at(10)[0], abs=1e-6)


def test_frames_of_two_faces_are_refused() -> None:
    with pytest.raises(FramesDiffer):
        combine_frames(at(0, 90, 1), limit=1.0)


def test_a_frame_that_is_no_number_is_refused() -> None:
    frames = at(0, 10)
    frames[1, 0] = math.nan
    with pytest.raises(FramesDiffer):
        combine_frames(frames, limit=1.0)
