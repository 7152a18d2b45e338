"""Whether a stated FPIR is what strangers meet. Pure.

Some of the people are for fitting the curve, half of the others are enrolled, and the rest comes
to the door; again and again with other choices. A gallery of N is a part of the enrolled; of small
ones, all parts count. Splits share people, so their spread is no error bar: what is tested is the
calibration's own interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recognition.calibration.comparisons import Index, Person, compare, distances
from recognition.calibration.curve import Curve
from recognition.calibration.fitting import fit_curve
from recognition.calibration.identification import counted, fmr_for, fpir_for

LEAST_STRANGERS = 50


@dataclass(frozen=True, slots=True)
class Check:
    """One gallery size; means over splits. stated, low, high: what the calibration says.

    measured: the share of strangers with a name; least, most: of a split. within: the share of
    splits whose measured rate lies in that split's own interval.
    """

    people: int
    threshold: float
    stated: float
    low: float
    high: float
    measured: float
    least: float
    most: float
    within: float

    @property
    def holds(self) -> bool:
        return self.low <= self.measured <= self.high


def measured_fpir(
    enrolled: Sequence[Person], strangers: Sequence[Person], thresholds: Mapping[int, float]
) -> dict[int, float]:
    """By gallery size: the share of the strangers' probes that get a name, over all galleries."""
    templates = np.stack([p.template for p in enrolled if p.template is not None])
    probes = np.concatenate([person.probes for person in strangers])
    near = distances(probes, templates)
    found = {}
    for people, threshold in thresholds.items():
        galleries = len(templates) // people
        if galleries == 0:
            raise ValueError(f"{len(templates)} people cannot fill a gallery of {people}")
        parts = near[:, : galleries * people].reshape(len(probes), galleries, people)
        found[people] = float((parts.min(axis=2) < threshold).mean())
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """hold_out: the share of the people that the curve is fitted on, and nothing else.

    Of the others half are enrolled, or as many as the largest gallery needs.
    """

    sizes: Sequence[int]
    fpir: float
    splits: int
    hold_out: float
    seed: int = 0


def check(
    people: Sequence[Person],
    others: Sequence[Person],
    plan: Plan,
    progress: Callable[[], object] = lambda: None,
) -> list[Check]:
    """others: people of another set, who join those the curve is fitted on.

    Raises ValueError when there are too few people for the plan.
    """
    rng = np.random.default_rng(plan.seed)
    found: dict[int, list[_Split]] = {size: [] for size in plan.sizes}
    curve: Curve | None = None
    for number in range(plan.splits):
        order = rng.permutation(len(people))
        held = round(plan.hold_out * len(people))
        if curve is None or held:  # without people held out it is the same every time
            fitted_on = [*others, *(people[i] for i in order[:held])]
            curve = fit_curve(compare(fitted_on), seed=plan.seed + number).curve
        enrolled, strangers = _divide(order[held:], max(plan.sizes))
        thresholds = {n: curve.distance_at(fmr_for(plan.fpir, n)) for n in plan.sizes}
        rates = measured_fpir(
            [people[i] for i in enrolled], [people[i] for i in strangers], thresholds
        )
        for size, rate in rates.items():
            found[size].append(_split(curve, size, thresholds[size], rate))
        progress()
    return [_checked(size, splits) for size, splits in found.items()]


def sum_rule(people: Sequence[Person], sizes: Sequence[int], fpir: float) -> dict[int, float]:
    """By gallery size: the FPIR counted, without assuming independence, at the distance where
    1 − (1 − FMR)^N of the same comparisons is `fpir`; 1:N for every person beside all others."""
    compared = compare(people)
    found = {}
    for size in sizes:
        rank = round(fmr_for(fpir, size) * compared.total)
        if rank < len(compared.distance) and size < compared.people:
            found[size] = counted(compared, float(compared.distance[rank]), size)
    return found


def _divide(people: Index, largest: int) -> tuple[Index, Index]:
    enrolled = max(len(people) // 2, largest)
    if len(people) - enrolled < LEAST_STRANGERS:
        raise ValueError(
            f"{len(people)} people cannot fill a gallery of {largest} and leave"
            f" {LEAST_STRANGERS} strangers"
        )
    return people[:enrolled], people[enrolled:]


@dataclass(frozen=True, slots=True)
class _Split:
    threshold: float
    low: float
    high: float
    stated: float
    measured: float


def _split(curve: Curve, size: int, threshold: float, measured: float) -> _Split:
    low, high = (fpir_for(rate, size) for rate in curve.interval_at(threshold))
    return _Split(threshold, low, high, fpir_for(curve.fmr_at(threshold), size), measured)


def _checked(size: int, splits: Sequence[_Split]) -> Check:
    rows = np.array([[s.threshold, s.stated, s.low, s.high, s.measured] for s in splits])
    threshold, stated, low, high, measured = rows.mean(axis=0)
    within = (rows[:, 2] <= rows[:, 4]) & (rows[:, 4] <= rows[:, 3])
    return Check(
        people=size,
        threshold=float(threshold),
        stated=float(stated),
        low=float(low),
        high=float(high),
        measured=float(measured),
        least=float(rows[:, 4].min()),
        most=float(rows[:, 4].max()),
        within=float(within.mean()),
    )
