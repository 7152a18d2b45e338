"""Rates and intervals, against sums done by hand and against properties that always hold."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from recognition.evaluation import statistics
from recognition.evaluation.statistics import proportion_interval, rate_interval

Floats = NDArray[np.float64]

# How long an example takes says how busy the machine is.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Few values, so that ties happen.
distances = arrays(
    np.float64, some.integers(1, 40), elements=some.integers(0, 20).map(lambda n: n / 10)
)


def array(*values: float) -> Floats:
    return np.array(values)


def test_auc_counts_how_often_a_genuine_pair_is_nearer() -> None:
    # 0.2 is nearer than all three; 0.5 than one, and equal to one: (3 + 1.5) / 6.
    assert statistics.auc(array(0.2, 0.5), array(0.4, 0.5, 0.9)) == pytest.approx(4.5 / 6)


def test_auc_of_a_pair_without_a_face_is_that_of_a_guess() -> None:
    assert statistics.auc(array(np.inf), array(np.inf)) == 0.5


def test_eer_lies_where_the_two_errors_are_equal() -> None:
    # Below 0.5: one of four impostors in, one of four genuine out.
    equal = statistics.eer(array(0.1, 0.2, 0.3, 0.7), array(0.4, 0.8, 0.9, 1.0))
    assert equal.rate == pytest.approx(0.25)
    assert 0.4 < equal.threshold <= 0.7


def test_eer_is_zero_where_the_two_kinds_are_apart() -> None:
    equal = statistics.eer(array(0.1, 0.2), array(0.8, 0.9))
    assert equal.rate == 0
    assert 0.2 < equal.threshold <= 0.8


def test_weighing_a_comparison_twice_is_giving_it_twice() -> None:
    genuine, impostor = array(0.1, 0.6, 0.3), array(0.5, 0.2, 0.9)
    twice = statistics.Ranked.of(genuine, impostor)
    weights = array(2, 1, 1), array(1, 1, 2)
    plain = np.append(genuine, 0.1), np.append(impostor, 0.9)
    assert twice.auc(*weights) == pytest.approx(statistics.auc(*plain))
    assert twice.eer(*weights).rate == pytest.approx(statistics.eer(*plain).rate)


def test_the_threshold_at_an_fmr_lets_so_many_in() -> None:
    impostor = np.linspace(0.01, 1.0, 100)
    threshold = statistics.threshold_at_fmr(impostor, 0.03)
    assert (impostor < threshold).sum() == 3
    assert statistics.match_rate(array(0.02, 0.5), threshold) == 0.5


@unhurried
@given(distances, some.floats(0.001, 1))
def test_no_threshold_lets_in_more_than_it_may(impostor: Floats, fmr: float) -> None:
    threshold = statistics.threshold_at_fmr(impostor, fmr)
    allowed = statistics.allowed_false_matches(len(impostor), fmr)
    assert (impostor < threshold).sum() <= allowed


@unhurried
@given(distances, distances)
def test_curves_rise_from_nobody_to_everybody(genuine: Floats, impostor: Floats) -> None:
    curve = statistics.roc(genuine, impostor)
    assert (np.diff(curve.thresholds) > 0).all()
    assert (np.diff(curve.fmr) >= 0).all()
    assert (np.diff(curve.tmr) >= 0).all()
    assert (curve.fmr[-1], curve.tmr[-1]) == (1.0, 1.0)


@unhurried
@given(distances, distances)
def test_auc_and_eer_turn_round_when_the_kinds_are_swapped(one: Floats, other: Floats) -> None:
    assert statistics.auc(one, other) == pytest.approx(1 - statistics.auc(other, one))
    assert 0 <= statistics.eer(one, other).rate <= 1


def test_a_thinned_curve_keeps_its_ends() -> None:
    rng = np.random.default_rng(0)
    curve = statistics.roc(rng.normal(0.5, 0.1, 20_000), rng.normal(1.4, 0.1, 20_000), points=50)
    assert len(curve.thresholds) <= 101
    assert curve.fmr[1] < 0.01
    assert curve.tmr[-1] == 1


@unhurried
@given(distances.flatmap(lambda d: some.tuples(some.just(d), arrays(np.bool_, len(d)))))
def test_no_threshold_is_right_more_often_than_the_best(
    given: tuple[Floats, NDArray[np.bool_]],
) -> None:
    found, same = given
    best = statistics.accuracy(found, same, statistics.best_threshold(found, same))
    others = [statistics.accuracy(found, same, each) for each in (*found, 3.0)]
    assert best >= max(others)


def test_the_best_threshold_lies_between_two_distances() -> None:
    same = np.array([True, True, False, False])
    assert statistics.best_threshold(array(0.1, 0.4, 0.8, 0.9), same) == pytest.approx(0.6)


def test_of_equally_good_thresholds_the_middle_one_is_taken() -> None:
    # Cuts at 0.15, 0.35 and 0.55 are wrong once each, all others more often.
    same = np.array([True, False, True, False, True, False])
    found = array(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    assert statistics.best_threshold(found, same) == pytest.approx(0.35)


def test_what_has_no_face_is_never_called_the_same() -> None:
    same = np.array([True, True, False])
    found = array(0.3, np.inf, 0.2)
    threshold = statistics.best_threshold(found, same)
    assert np.isfinite(threshold)
    assert statistics.accuracy(array(np.inf), np.array([True]), threshold) == 0


def test_with_no_error_the_rule_of_three_holds() -> None:
    for trials in (30, 300, 3000):
        assert proportion_interval(0, trials).high == pytest.approx(3 / trials, rel=0.06)
        assert proportion_interval(trials, trials).low == pytest.approx(1 - 3 / trials, rel=0.01)
    assert proportion_interval(0, 300).low == 0


def test_a_proportion_has_the_interval_of_clopper_and_pearson() -> None:
    # A published example: 4 of 20.
    interval = proportion_interval(4, 20)
    assert [interval.low, interval.high] == pytest.approx([0.0573, 0.4366], abs=1e-4)


@unhurried
@given(some.integers(1, 5000).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n))))
def test_an_interval_holds_the_rate(given: tuple[int, int]) -> None:
    hits, trials = given
    interval = proportion_interval(hits, trials)
    assert 0 <= interval.low <= hits / trials <= interval.high <= 1


def test_of_nothing_nothing_is_known() -> None:
    assert proportion_interval(0, 0) == statistics.Interval(0.0, 1.0)


def test_trials_of_few_people_say_less_than_as_many_of_many() -> None:
    hits = np.tile([True, True, True, False], 100)
    many = rate_interval(hits, np.arange(400))
    few = rate_interval(np.repeat([True, True, True, False], 100), np.repeat(np.arange(4), 100))
    assert few.high - few.low > 3 * (many.high - many.low)
    assert many.low < 0.75 < many.high


def test_where_all_agree_the_rule_of_three_counts_people_not_trials() -> None:
    interval = rate_interval(np.zeros(1000, np.bool_), np.repeat(np.arange(10), 100))
    assert interval == proportion_interval(0, 10)


def test_too_small_a_sample_supports_no_small_rate() -> None:
    assert statistics.supports(3000, 1e-3)
    assert not statistics.supports(2999, 1e-3)


def test_each_fold_is_judged_by_a_threshold_from_the_others() -> None:
    found = array(0.1, 0.9, 0.1, 0.9, 0.6, 0.8)
    same = np.array([True, False, True, False, False, False])
    accuracies, thresholds = statistics.fold_accuracy(
        found, same, np.array([0, 0, 1, 1, 2, 2], np.intp)
    )
    # The others of fold 2 are cut at 0.5; those of folds 0 and 1 hold the 0.6 and are cut at 0.35.
    assert thresholds == pytest.approx([0.35, 0.35, 0.5])
    assert accuracies == [1.0, 1.0, 1.0]


def test_the_standard_error_is_that_of_the_mean() -> None:
    assert statistics.standard_error([0.9, 1.0]) == pytest.approx(0.05)
    assert np.isnan(statistics.standard_error([1.0]))


def test_rates_are_written_as_plain_numbers() -> None:
    assert [statistics.plain(10.0**-power) for power in (2, 5)] == ["0.01", "0.00001"]
