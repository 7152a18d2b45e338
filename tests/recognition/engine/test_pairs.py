import numpy as np
import pytest

from recognition.evaluation.pairs import all_pairs, curve
from recognition.evaluation.statistics import best_threshold


def test_the_best_threshold_separates_near_pairs_from_far_ones() -> None:
    distances = np.array([0.1, 0.9, 0.2, 0.8, 0.3], np.float32)
    same = np.array([True, False, True, False, True])
    threshold = best_threshold(distances, same)
    assert ((distances < threshold) == same).all()


def test_when_all_are_the_same_person_nothing_is_too_far() -> None:
    assert best_threshold(np.array([0.4, 0.6], np.float32), np.array([True, True])) > 0.6


def test_every_pair_counts_once_and_no_photo_meets_itself() -> None:
    vectors = np.eye(4, dtype=np.float32)
    genuine, impostor = all_pairs(np.array(["a", "a", "b", "c"]), vectors, vectors)
    assert (len(genuine), len(impostor)) == (1, 5)
    assert genuine[0] == pytest.approx(np.sqrt(2))


def test_a_threshold_lets_through_the_share_of_impostors_it_names() -> None:
    impostor = np.linspace(1, 2, 100_000, dtype=np.float32)
    points = curve(np.array([0.5, 1.5], np.float32), impostor)
    assert points[1].threshold == pytest.approx(1.001, abs=1e-4)
    assert (impostor < points[1].threshold).mean() <= 1e-3
    assert points[1].tmr == 0.5
