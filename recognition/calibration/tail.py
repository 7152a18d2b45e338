"""The lower tail of the distances between strangers: counted where there is data, fitted beyond.

Where at least EVIDENCE false matches are to be seen the rate is counted. Beyond, log FMR is a
straight line in the logarithm of the distance, FMR(t) = FMR(u)·(t/u)^b: the extreme-value law
(Weibull's domain, here with its end at distance 0) of points spread over b dimensions around each
other. b is Hill's estimate from the comparisons below u.
Source: Hill, "A simple general approach to inference about the tail of a distribution", 1975.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recognition.calibration.comparisons import Comparisons, Floats

EVIDENCE = 10  # false matches, before a rate is called measured
FITTED = 1000  # false matches the fit rests on, where there are as many


@dataclass(frozen=True, slots=True)
class Tail:
    """distance: ascending, with the FMR counted at each. anchor, rate, power: the fitted law."""

    distance: Floats
    fmr: Floats
    anchor: float
    rate: float
    power: float
    measured_from: float

    def fmr_at(self, distance: Floats) -> Floats:
        """The share of comparisons between strangers that is nearer. NaN above what was kept."""
        counted = np.interp(distance, self.distance, self.fmr, right=np.nan)
        start = self.rate * (self.measured_from / self.anchor) ** self.power
        fitted = self.rate * (np.maximum(distance, 0.0) / self.anchor) ** self.power
        # From the last count on, and never below the law: the laxer of the two is not believed.
        fitted = np.minimum(fitted * max(1.0, self.last / start), self.last)
        return np.where(distance >= self.measured_from, counted, fitted)

    @property
    def last(self) -> float:
        """The smallest rate that is counted."""
        return float(np.interp(self.measured_from, self.distance, self.fmr))

    def distance_at(self, fmr: float) -> float:
        """The inverse; where two distances have one rate, the nearer."""
        if fmr >= self.last:
            return float(np.interp(fmr, self.fmr, self.distance))
        start = self.rate * (self.measured_from / self.anchor) ** self.power
        return min(self.law_at(fmr / max(1.0, self.last / start)), self.measured_from)

    def law_at(self, fmr: float) -> float:
        """The distance by the fitted law alone."""
        return float(self.anchor * (fmr / self.rate) ** (1 / self.power))


def fit(comparisons: Comparisons, weights: Floats | None = None) -> Tail:
    """weights: how often each person counts; a bootstrap's resample, or once each."""
    weights = np.ones(comparisons.people) if weights is None else weights
    pairs = weights[comparisons.owner] * weights[comparisons.template]
    present = pairs > 0
    distance, pairs = comparisons.distance[present], pairs[present]
    seen = np.cumsum(pairs)
    fmr = seen / comparisons.weighted_total(weights)
    last = min(int(np.searchsorted(seen, FITTED)), len(seen) - 1)
    anchor = float(distance[last])
    below = np.log(anchor / np.maximum(distance[: last + 1], 1e-6))
    power = float(seen[last] / max(float((pairs[: last + 1] * below).sum()), 1e-9))
    first = min(int(np.searchsorted(seen, EVIDENCE)), len(seen) - 1)
    return Tail(distance, fmr, anchor, float(fmr[last]), power, float(distance[first]))
