"""TMR at an FMR and the whole curve, with people resampled."""

import numpy as np
import pytest

from recognition.evaluation.comparisons import (
    AtFmr,
    Comparisons,
    Unsupported,
    pair_rate_interval,
    tmr_at_fmr,
    tmr_differences,
    whole_curve,
)


def crowd(people: int, spread: float = 0.15, seed: int = 1) -> Comparisons:
    """Two photos of each of many people: every pair of photos."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people, dtype=np.int32), 2)
    first, second = np.triu_indices(len(person), k=1)
    same = person[first] == person[second]
    distances = np.where(
        same, rng.normal(0.6, spread, len(same)), rng.normal(1.4, spread, len(same))
    )
    return Comparisons(distances, same, person[first], person[second])


def test_a_rate_that_the_impostors_support_has_an_interval_that_holds_it() -> None:
    at_hundredth, at_thousandth, *_rest = tmr_at_fmr(crowd(60, spread=0.3))
    assert isinstance(at_hundredth, AtFmr)
    assert at_hundredth.low < at_hundredth.value < at_hundredth.high
    assert not at_hundredth.indicative
    assert isinstance(at_thousandth, AtFmr)
    assert at_thousandth.indicative
    assert at_thousandth.false_matches == 7
    assert at_thousandth.value <= at_hundredth.value


def test_a_rate_that_they_do_not_support_is_refused_with_the_number_it_takes() -> None:
    (*_supported, at_millionth) = tmr_at_fmr(crowd(60), [1e-2, 1e-6])
    assert isinstance(at_millionth, Unsupported)
    assert "at least 3,000,000 are needed" in at_millionth.reason


def test_where_everybody_is_accepted_the_rule_of_three_counts_the_people() -> None:
    (point,) = tmr_at_fmr(crowd(60, spread=0.01), [1e-2])
    assert isinstance(point, AtFmr)
    assert (point.value, point.high) == (1, 1)
    assert point.low == pytest.approx(1 - 3 / 60, abs=0.003)


def test_the_interval_covers_what_a_larger_crowd_shows() -> None:
    (truth,) = tmr_at_fmr(crowd(600, spread=0.25, seed=9), [1e-2], replicates=10)
    assert isinstance(truth, AtFmr)
    inside = 0
    for seed in range(20):
        (point,) = tmr_at_fmr(crowd(40, spread=0.25, seed=seed), [1e-2], replicates=200)
        assert isinstance(point, AtFmr)
        inside += point.low <= truth.value <= point.high
    assert inside >= 16  # of 20, where 19 are expected


def test_a_pair_without_a_face_costs_acceptance_and_is_no_false_match() -> None:
    whole = crowd(60)
    missing = whole.same & (whole.first < 6)
    distances = np.where(missing, np.inf, whole.distances)
    (point,) = tmr_at_fmr(Comparisons(distances, whole.same, whole.first, whole.second), [1e-2])
    assert isinstance(point, AtFmr)
    assert point.value == pytest.approx(0.9)
    assert np.isfinite(point.threshold)


def test_figures_of_the_whole_curve_lie_in_their_intervals() -> None:
    whole = whole_curve(crowd(40, spread=0.3))
    assert whole.auc_interval.low < whole.auc < whole.auc_interval.high
    assert whole.eer_interval.low < whole.eer < whole.eer_interval.high


def test_two_people_are_enough_for_figures_if_not_for_certainty() -> None:
    whole = whole_curve(crowd(2))
    assert whole.auc == 1
    assert whole.eer == 0
    assert whole.eer_interval.high > 0.7
    assert whole.auc_interval.low < 0.3


def test_where_no_error_is_seen_the_rule_of_three_bounds_the_whole_curve() -> None:
    whole = whole_curve(crowd(16, spread=0.01))  # 16 genuine pairs, of as many people
    assert (whole.eer, whole.eer_interval.low) == (0, 0)
    assert whole.eer_interval.high == pytest.approx(1 - 0.05 ** (1 / 16))
    assert (whole.auc, whole.auc_interval.high) == (1, 1)
    assert whole.auc_interval.low < 1 - whole.eer_interval.high
    more = whole_curve(crowd(60, spread=0.01))
    assert more.eer_interval.high == pytest.approx(3 / 60, abs=0.003)
    assert more.auc_interval.low == pytest.approx(1 - 3 / 60, abs=0.003)


def test_the_bounds_without_an_error_hold_the_truth() -> None:
    truth = whole_curve(crowd(300, spread=0.21, seed=9), replicates=10)
    seen = [whole_curve(crowd(12, spread=0.21, seed=seed), replicates=100) for seed in range(30)]
    without = [one for one in seen if one.eer == 0]
    assert len(without) >= 5
    assert all(one.eer_interval.high >= truth.eer > 0 for one in without)
    assert all(one.auc_interval.low <= truth.auc < 1 for one in without)


def test_no_false_match_among_impostors_is_bounded_by_their_number() -> None:
    impostors = crowd(20).only(~crowd(20).same)
    none = np.zeros(len(impostors.distances), np.bool_)
    assert pair_rate_interval(none, impostors).high == pytest.approx(3 / len(none), rel=0.01)


def test_false_matches_of_one_person_say_less_than_spread_over_all() -> None:
    impostors = crowd(40).only(~crowd(40).same)
    of_one = impostors.first == 0
    spread = np.zeros(len(of_one), np.bool_)
    spread[:: len(spread) // int(of_one.sum())] = True
    one, many = (pair_rate_interval(hits, impostors) for hits in (of_one, spread))
    assert one.high - one.low > 2 * (many.high - many.low)


def test_a_difference_between_two_ways_is_of_the_same_people() -> None:
    """What makes a draw easy for both cancels out: the interval is narrower than either's own."""
    before = crowd(80, spread=0.3)
    after = Comparisons(
        np.where(before.same, before.distances - 0.1, before.distances),
        before.same,
        before.first,
        before.second,
    )
    [one], [other] = (tmr_at_fmr(way, [1e-2]) for way in (before, after))
    assert isinstance(one, AtFmr)
    assert isinstance(other, AtFmr)
    difference = tmr_differences(before, after, [1e-2])[1e-2]
    assert 0 < difference.low <= other.value - one.value <= difference.high
    assert difference.high - difference.low < one.high - one.low


def test_a_way_does_not_differ_from_itself_nor_where_nothing_can_be_told() -> None:
    way = crowd(60, spread=0.3)
    differences = tmr_differences(way, way, [1e-2, 1e-6])
    assert list(differences) == [1e-2]
    assert (differences[1e-2].low, differences[1e-2].high) == (0, 0)
