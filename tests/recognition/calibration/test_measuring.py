"""The maths, on identities whose truth is known."""

import numpy as np
import pytest

from recognition.calibration import charts, effects
from recognition.calibration.comparisons import Comparisons, compare, person_of
from recognition.calibration.curve import Curve, read
from recognition.calibration.fitting import fit_curve
from recognition.calibration.identification import counted, fmr_for, fpir_for
from recognition.calibration.measuring import PhotoSet, TooFew, combine, measure
from recognition.calibration.simulation import Plan, check, measured_fpir
from recognition.calibration.stored import shipped
from recognition.calibration.tail import fit
from tests.recognition.calibration.crowds import crowd, vectors


def everything(people: int, seed: int = 0) -> Comparisons:
    return compare(crowd(people, seed=seed), share=1.0)


def brute(people: int, distance: float) -> float:
    """The share of all comparisons between different people below a distance."""
    found = crowd(people)
    near = total = 0
    for one in found:
        for other in found:
            if one is not other and other.template is not None:
                distances = np.linalg.norm(one.probes - other.template, axis=1)
                near, total = near + int((distances < distance).sum()), total + len(distances)
    return near / total


def test_the_tail_counts_what_comparing_each_with_each_counts() -> None:
    tail = fit(compare(crowd(60), share=0.3))
    for distance in (1.1, 1.15):
        assert tail.fmr_at(np.array([distance]))[0] == pytest.approx(brute(60, distance), rel=0.01)


def test_nobody_is_compared_with_themselves() -> None:
    compared = compare(crowd(50), share=0.5)
    assert (compared.owner != compared.template).all()
    assert compared.total == 50 * 2 * 49


def test_beyond_the_data_the_fitted_law_goes_on_and_falls() -> None:
    tail = fit(compare(crowd(100)))
    distances = np.linspace(0.05, 1.0, 60)
    rates = tail.fmr_at(distances)
    assert (np.diff(rates) >= -1e-12).all() or np.all(np.diff(rates[distances < 0.8]) > 0)
    assert 0 < rates[0] < 1e-9


def test_rates_and_distances_are_inverse_and_never_cross() -> None:
    """Also where some pairs are far nearer than the law allows, as one person under two names."""
    people = dict(vectors(100, 2))
    names = list(people)
    for one, other in zip(names[:6], names[6:12], strict=True):
        people[other] = people[one]
    tail = fit(compare([person_of(own, enrolled=5, frames=1) for own in people.values()]))
    distances = np.linspace(0.02, tail.distance[-1], 300)
    assert (np.diff(tail.fmr_at(distances)) >= 0).all()
    for fmr in (1e-2, 1e-3, 1e-4, 1e-6, 1e-8):
        assert tail.fmr_at(np.array([tail.distance_at(fmr) * 0.999]))[0] <= fmr * 1.001


def test_the_law_of_few_people_does_not_promise_more_than_many_show() -> None:
    """A decade beyond what is counted on few, strangers pass no oftener than the interval says."""
    many = fit(compare(crowd(1200, seed=5)))
    for seed in (6, 7, 8):
        few = fit_curve(compare(crowd(150, seed=seed))).curve
        beyond = [point for point in few.points if not point.measured][:4]
        assert beyond
        for point in beyond:
            assert float(many.fmr_at(np.array([point.distance]))[0]) <= point.high


def test_more_people_are_surer() -> None:
    few, many = (fit_curve(compare(crowd(n))).curve for n in (60, 600))

    def width(curve: Curve) -> float:
        low, high = curve.interval_at(curve.distance_at(1e-3))
        return float(np.log(high / max(low, 1e-12)))

    assert width(many) < width(few)
    assert many.floor < few.floor


def test_dependent_comparisons_are_not_counted_as_independent() -> None:
    """Ten photos of the same people are not ten times the evidence."""
    few = fit_curve(compare(crowd(80, photos=1))).curve
    repeated = fit_curve(compare(crowd(80, photos=10))).curve
    ratios = []
    for curve in (few, repeated):
        low, high = curve.interval_at(curve.distance_at(1e-2))
        ratios.append(np.log(high / low))
    assert ratios[1] > ratios[0] / 3  # independence would make it √10 times narrower


@pytest.mark.parametrize("people", [2, 10, 40])
def test_the_sum_rule_is_never_below_what_is_counted(people: int) -> None:
    compared = everything(120)
    for distance in (0.95, 1.0, 1.1):
        fmr = float(np.searchsorted(compared.distance, distance)) / compared.total
        # Drawn from few people and without replacement, which the sum of chances bounds.
        assert counted(compared, distance, people) <= fmr * people + 1e-12


def test_fmr_and_fpir_are_inverse() -> None:
    for people in (1, 50, 10**6):
        assert fpir_for(fmr_for(0.01, people), people) == pytest.approx(0.01)


def test_two_copies_of_a_face_are_named_as_suspects() -> None:
    people = dict(vectors(120))
    first, second = list(people)[:2]
    people[second] = people[first] + 0  # the same person under two names
    measured = measure(PhotoSet("set", people), template_photos=5, frames=1)
    assert (first, second) in {(s.one, s.other) for s in measured.suspects}


def test_a_handful_of_people_says_nothing_about_strangers() -> None:
    with pytest.raises(TooFew, match="at least 30"):
        measure(PhotoSet("set", vectors(10)), template_photos=5, frames=1)


def test_of_two_sets_the_stricter_counts() -> None:
    one, other = (
        measure(PhotoSet(f"set {n}", vectors(60, 4, seed=n)), template_photos=3, frames=3)
        for n in (1, 2)
    )
    both = combine([one, other], source="both", is_own=True, measured_on="")
    for fmr in (1e-2, 1e-3, 1e-4):
        parts = [one.single.distance_at(fmr), other.single.distance_at(fmr)]
        assert both.single.distance_at(fmr) <= min(parts) + 1e-6
        assert both.for_frames(3).distance_at(fmr) <= both.for_frames(1).distance_at(fmr) + 1e-6
    assert len(both.sets) == 4


def test_templates_of_many_photos_are_held_to_their_own_curve() -> None:
    people = {**vectors(120, 1), **vectors(40, 5, seed=1, within=1.0)}
    found = measure(PhotoSet("set", people), template_photos=5, frames=1)
    assert [(s.templates, s.template_photos) for s in found.sources] == [(160, "1 to 5"), (40, "5")]
    few = [person_of(own, enrolled=5, frames=1, least=5) for own in people.values()]
    full = fit_curve(compare(few)).curve
    assert found.single.distance_at(1e-2) <= full.distance_at(1e-2) + 1e-6


def test_more_photos_and_more_frames_fail_less_often() -> None:
    found = effects.measure(list(vectors(60, 8, within=1.0).values()))
    assert found is not None
    missed = [line.at(0.84)[0] for what in ((1, 1), (5, 1), (5, 3)) if (line := found.line(*what))]
    assert missed[0] > missed[1] > missed[2]


def test_effects_are_of_as_many_photos_as_people_have() -> None:
    found = effects.measure(list(vectors(40, 3).values()))
    assert found is not None
    assert {(line.photos, line.frames) for line in found.lines} == {(1, 1), (2, 1)}
    assert effects.measure(list(vectors(40, 1).values())) is None
    assert effects.read(found.as_json()) == found


def test_effects_that_an_earlier_version_kept_are_read_with_their_end() -> None:
    """It kept none below 0.30, where other networks' thresholds are."""
    kept = shipped()["effects"]
    line = effects.read(kept).lines[0]  # type: ignore[union-attr]
    assert len(line.fnmr) == len(effects.DISTANCES) == len(kept["lines"][0]["fnmr"]) + 14
    assert line.at(0.1) == line.at(0.3)
    assert line.at(0.9)[0] < line.at(0.7)[0] < line.at(0.3)[0]


@pytest.mark.parametrize(
    ("laxest", "first", "last"), [(1.1, "0.4", "1.2"), (0.45, "0.2", "0.6"), (1.9, "0.4", "1.2")]
)
def test_a_curve_is_drawn_where_its_network_puts_strangers(
    laxest: float, first: str, last: str
) -> None:
    curve = read([[1e-2, laxest], [1e-4, laxest / 2]])
    assert curve is not None
    labels = [tick.label for tick in charts.strangers(curve, [("1:1", 0.1)]).x_ticks]
    assert (labels[0], labels[-1]) == (first, last)


def test_strangers_get_a_name_as_rarely_as_stated() -> None:
    plan = Plan(sizes=[50, 200, 400], fpir=0.01, splits=4, hold_out=0.0)
    for one in check(crowd(900, seed=1), crowd(400, seed=2), plan):
        assert one.holds, one


def test_a_threshold_that_is_too_lax_is_found_out() -> None:
    people = crowd(600, seed=3)
    curve = fit_curve(compare(crowd(400, seed=4))).curve
    threshold = curve.distance_at(fmr_for(0.01, 200))
    lax = measured_fpir(people[:300], people[300:], {200: threshold + 0.1})[200]
    low, high = (fpir_for(rate, 200) for rate in curve.interval_at(threshold))
    assert low < 0.01 < high < lax


def test_a_check_needs_strangers() -> None:
    plan = Plan(sizes=[60], fpir=0.01, splits=1, hold_out=0.3)
    with pytest.raises(ValueError, match="strangers"):
        check(crowd(100), [], plan)


def test_averaged_frames_make_probes_of_their_own() -> None:
    photos = next(iter(vectors(1, 7).values()))
    person = person_of(photos, enrolled=5, frames=3)
    assert person.probes.shape == (2, 128)
    assert np.linalg.norm(person.probes, axis=1) == pytest.approx(1)
