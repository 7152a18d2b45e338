"""From comparisons to a curve with its uncertainty. Pure.

People are resampled, not comparisons: comparisons that share a person go together, so an interval
from single comparisons would be far too narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recognition.calibration.comparisons import Comparisons, Floats
from recognition.calibration.curve import GRID, Curve, Point, monotone
from recognition.calibration.tail import EVIDENCE, Tail, fit

RESAMPLES = 200
# How far beyond the last measured rate the fitted tail is trusted: docs/adr/0007.
REACH = 100
MIN_PEOPLE = 30  # fewer, and resampling people says nothing


@dataclass(frozen=True, slots=True)
class Fitted:
    """The curve, and the tail of the sample as it is."""

    curve: Curve
    tail: Tail


def fit_curve(
    comparisons: Comparisons, *, seed: int = 0, progress: Callable[[], object] = lambda: None
) -> Fitted:
    """Raises ValueError for fewer than EVIDENCE near comparisons, or fewer than two people."""
    if comparisons.people < 2 or len(comparisons.distance) < EVIDENCE:
        raise ValueError("too few comparisons between strangers")
    tail = fit(comparisons)
    distances = np.array([tail.distance_at(rate) for rate in GRID])
    rng = np.random.default_rng(seed)
    rates = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, comparisons.people, comparisons.people)
        weights = np.bincount(drawn, minlength=comparisons.people).astype(float)
        rates.append(_rates(comparisons, weights, distances))
        progress()
    resampled = np.stack(rates)
    low, high = np.nanquantile(resampled, [0.025, 0.975], axis=0)
    least = EVIDENCE / comparisons.total
    points = [
        Point(rate, float(distance), float(min(lo, rate)), float(max(hi, rate)), rate >= least)
        for rate, distance, lo, hi in zip(GRID, distances, low, high, strict=True)
    ]
    return Fitted(Curve(monotone(points), least / REACH), tail)


def _rates(comparisons: Comparisons, weights: Floats, distances: Floats) -> Floats:
    near = weights[comparisons.owner] * weights[comparisons.template]
    if np.count_nonzero(near) < EVIDENCE:
        return np.full(len(distances), np.nan)
    return fit(comparisons, weights).fmr_at(distances)
