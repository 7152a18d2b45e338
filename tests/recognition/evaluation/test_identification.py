"""1:N in the open set, on vectors whose answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from people.vectors import Vector, unit
from recognition.evaluation.identification import OpenSet, open_sets


def crowd(spread: float, people: int = 40, photos: int = 3) -> tuple[Vector, NDArray[np.int32]]:
    """People in 64 dimensions, far from each other, their photos around them."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(people):
        centre = unit(rng.normal(size=64).astype(np.float32))
        noise = rng.normal(size=(photos, 64)).astype(np.float32) * spread / 8
        rows += [unit(centre + each) for each in noise]
    return np.stack(rows), np.repeat(np.arange(people, dtype=np.int32), photos)


def searched(spread: float, threshold: float, **more: int) -> list[OpenSet]:
    vectors, person = crowd(spread, **more)
    found = np.ones(len(person), np.bool_)
    return open_sets(
        vectors, vectors, person, found, threshold_for=lambda _size: threshold, splits=4
    )


def test_galleries_leave_as_many_strangers_as_they_hold() -> None:
    small, half = searched(0.3, 0.9)
    assert (small.size, half.size) == (10, 20)
    # In each split 20 strangers with three photos; over all of them more people, at most all.
    assert 60 <= half.non_mated <= 120
    # Of three photos two make the template, the third is a probe.
    assert 20 <= half.mated <= 120


def test_people_far_apart_are_found_and_strangers_are_not_taken_for_them() -> None:
    for one in searched(0.3, 0.9):
        in_use = one.points[0]
        assert in_use.fpir.value == 0
        assert in_use.fpir.interval.high > 0
        assert {rate.value for rate in in_use.fnir.values()} == {0}


def test_a_strict_threshold_turns_away_those_who_are_enrolled() -> None:
    for one in searched(0.3, 0.01):
        assert one.points[0].fnir[1].value == 1


def test_a_threshold_beyond_every_distance_names_every_stranger() -> None:
    for one in searched(0.3, 2.1):
        assert one.points[0].fpir.value == 1
        assert one.points[0].fnir[1].value == 0


def test_a_higher_rank_misses_fewer() -> None:
    for one in searched(2.5, 1.9):
        rates = [one.points[0].fnir[rank].value for rank in (1, 5, 10)]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] > rates[2]


def test_the_threshold_for_an_fpir_lets_in_so_many_strangers() -> None:
    *_others, half = searched(2.0, 0.9)
    (at_tenth,) = [point for point in half.points if point.asked == 0.1]
    assert at_tenth.fpir.value == pytest.approx(0.1, abs=0.01)
    assert at_tenth.fpir.interval.low < 0.1 < at_tenth.fpir.interval.high


def test_an_fpir_that_the_strangers_cannot_show_is_not_given() -> None:
    *_others, half = searched(2.0, 0.9)
    assert [point.asked for point in half.points] == [None, 0.1]


def test_too_few_people_are_not_searched() -> None:
    assert searched(0.3, 0.9, people=19) == []


def test_people_with_one_photo_are_strangers_or_in_the_gallery_but_no_mated_probes() -> None:
    assert searched(0.3, 0.9, photos=1) == []


def test_a_mated_probe_without_a_face_is_a_miss_at_every_rank() -> None:
    vectors, person = crowd(0.3, photos=2)
    found = np.ones(len(person), np.bool_)
    found[::2] = False  # each is enrolled or looked for by a photo that shows nothing
    (*_small, half) = open_sets(vectors, vectors, person, found, threshold_for=lambda _size: 2.1)
    (in_use, *_others) = half.points
    assert [rate.value for rate in in_use.fnir.values()] == [1, 1, 1]
    # A stranger without a face gets no name, however lax the threshold.
    assert 0.4 < in_use.fpir.value < 0.6


def test_a_template_is_made_of_the_photos_with_a_face() -> None:
    vectors, person = crowd(0.3, photos=4)
    found = np.ones(len(person), np.bool_)
    found[::4] = False
    (*_small, half) = open_sets(vectors, vectors, person, found, threshold_for=lambda _size: 0.9)
    assert half.points[0].fnir[1].value == pytest.approx(1 / 4, abs=0.06)
