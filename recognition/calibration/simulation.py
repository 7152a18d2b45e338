"""Whether a stated FPIR is what strangers meet. Pure.

Half of the people are enrolled, the other half comes to the door, again and again with other
halves. A gallery of N is a part of the enrolled half; of small ones, all parts count. Splits share
people, so their spread is not an error bar: the interval that is tested is the calibration's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recognition.calibration.comparisons import Floats, Index, Person, distances
from recognition.calibration.curve import Curve
from recognition.calibration.identification import fmr_for, fpir_for


@dataclass(frozen=True, slots=True)
class Check:
    """One gallery size. stated, low, high: what the calibration says of the threshold.

    measured: the share of strangers with a name, the mean over splits; least, most: of a split.
    within: the share of splits inside low…high.
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


def halves(people: Sequence[Person], rng: np.random.Generator) -> tuple[Index, Index]:
    order = rng.permutation(len(people))
    return order[: len(order) // 2], order[len(order) // 2 :]


def check(
    people: Sequence[Person],
    curve: Curve,
    *,
    sizes: Sequence[int],
    fpir: float,
    splits: int,
    seed: int = 0,
    progress: Callable[[], object] = lambda: None,
) -> list[Check]:
    """curve: fitted on other people than these. Raises ValueError when half of them is too few."""
    rng = np.random.default_rng(seed)
    thresholds = {size: curve.distance_at(fmr_for(fpir, size)) for size in sizes}
    rates: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(splits):
        one, other = halves(people, rng)
        measured = measured_fpir([people[i] for i in one], [people[i] for i in other], thresholds)
        for size, share in measured.items():
            rates[size].append(share)
        progress()
    return [_checked(curve, size, thresholds[size], np.array(rates[size])) for size in sizes]


def _checked(curve: Curve, size: int, threshold: float, rates: Floats) -> Check:
    low, high = (fpir_for(rate, size) for rate in curve.interval_at(threshold))
    return Check(
        people=size,
        threshold=threshold,
        stated=fpir_for(curve.fmr_at(threshold), size),
        low=low,
        high=high,
        measured=float(rates.mean()),
        least=float(rates.min()),
        most=float(rates.max()),
        within=float(((rates >= low) & (rates <= high)).mean()),
    )
