"""Distance ↔ rate: read in both directions, and never looser for a smaller rate."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.calibration import curve as curves
from recognition.calibration import stored
from recognition.calibration.curve import Curve, Point, stricter
from recognition.calibration.identification import fmr_for

CURVE = [[1e-2, 1.1], [1e-3, 1.0], [1e-4, 0.9], [1e-6, 0.7]]


def read(pairs: Sequence[Sequence[float]]) -> Curve:
    found = curves.read(pairs)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fmr", "distance"),
    [(1e-3, 1.0), (1e-4, 0.9), (1e-5, 0.8), (0.5, 1.1), (1e-8, 0.5), (1e-20, 0.0)],
)
def test_the_curve_is_read_between_and_beyond_its_points(fmr: float, distance: float) -> None:
    assert read(CURVE).distance_at(fmr) == pytest.approx(distance)


@pytest.mark.parametrize("distance", [0.55, 0.7, 0.75, 0.9, 0.95, 1.1])
def test_both_directions_agree(distance: float) -> None:
    assert read(CURVE).distance_at(read(CURVE).fmr_at(distance)) == pytest.approx(distance)


def test_beyond_the_laxest_point_its_rate_is_the_least_that_is_true() -> None:
    assert read(CURVE).fmr_at(1.9) == pytest.approx(1e-2)


@st.composite
def sound_curves(draw: st.DrawFn) -> Curve:
    decades = draw(st.lists(st.floats(0.5, 12), min_size=2, max_size=9, unique=True))
    distances = draw(st.lists(st.floats(0, 2), min_size=len(decades), max_size=len(decades)))
    pairs = zip(sorted(decades), sorted(distances, reverse=True), strict=True)
    points = [(10**-decade, distance) for decade, distance in pairs]
    found = curves.read(points)
    return found if found else read(CURVE)


@given(sound_curves(), st.lists(st.integers(0, 10**8), min_size=2), st.floats(1e-6, 0.5))
def test_more_people_never_get_a_looser_threshold(
    curve: Curve, pools: list[int], fpir: float
) -> None:
    distances = [curve.distance_at(fmr_for(fpir, people)) for people in sorted(pools)]
    assert all(a >= b - 1e-9 for a, b in pairwise(distances))


@given(sound_curves(), st.floats(1e-6, 0.5), st.floats(1e-6, 0.5), st.integers(1, 10**7))
def test_accepting_less_never_gets_a_looser_threshold(
    curve: Curve, one: float, other: float, people: int
) -> None:
    less, more = sorted((one, other))
    strict, lax = (curve.distance_at(fmr_for(rate, people)) for rate in (less, more))
    assert strict <= lax + 1e-9


@given(st.lists(sound_curves(), min_size=1, max_size=3), st.floats(1e-10, 1e-1))
def test_the_stricter_of_several_is_as_strict_as_each(several: list[Curve], fmr: float) -> None:
    both = stricter(several)
    at_points = [p.fmr for p in both.points]
    for rate in at_points:
        nearest = min(curve.distance_at(rate) for curve in several)
        assert both.distance_at(rate) <= nearest + 1e-6


@given(sound_curves())
def test_what_is_stored_is_read_back(curve: Curve) -> None:
    again = curves.read(json.loads(json.dumps(curve.as_json())))
    assert again is None or again.distance_at(1e-5) == pytest.approx(
        curve.distance_at(1e-5), abs=0.01
    )


@pytest.mark.parametrize(
    "broken", [None, 3, "x", [], [[1e-3, 1.0]], {"points": []}, {"points": [{}], "floor": 0}]
)
def test_what_is_no_curve_is_none(broken: object) -> None:
    assert curves.read(broken) is None
    assert stored.read({"single": broken}) is None


def test_a_rate_is_stated_as_far_as_it_is_known() -> None:
    points = (
        Point(1e-2, 1.1, 9e-3, 2e-2, measured=True),
        Point(1e-3, 1.0, 5e-4, 3e-3, measured=True),
        Point(1e-4, 0.9, 1e-6, 2e-3, measured=False),  # twenty times as many, maybe
    )
    curve = Curve(points, floor=1e-6)
    assert curve.supports(1e-3)
    assert not curve.supports(1e-4)
    assert not Curve(points[:2], floor=5e-3).supports(1e-3)
