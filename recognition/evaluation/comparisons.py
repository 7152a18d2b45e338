"""Many comparisons of people's photos: their rates, with intervals from resampling the people.

A replicate draws as many people as there are, with replacement. A genuine comparison then counts as
often as its person was drawn, an impostor comparison as often as its two people were, multiplied;
the threshold at an FMR is found anew in each replicate, so the interval of a TMR holds the
uncertainty of its threshold too. Source: see statistics.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recognition.evaluation import statistics
from recognition.evaluation.statistics import Distances, EqualError, Flags, Floats, Interval

FMRS = (1e-2, 1e-3, 1e-4, 1e-5)
# Of millions of impostors so many, drawn at random, carry the intervals of AUC and EER.
_IMPOSTORS_RESAMPLED = 50_000

People = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """n comparisons. distances: infinity where a photo has no face. first, second: whose photos
    they are, numbers from 0; the same where `same`."""

    distances: Distances
    same: Flags
    first: People
    second: People

    @property
    def genuine(self) -> Distances:
        return self.distances[self.same]

    @property
    def impostor(self) -> Distances:
        return self.distances[~self.same]

    @property
    def people(self) -> int:
        return int(max(self.first.max(), self.second.max())) + 1

    def only(self, chosen: Flags) -> Comparisons:
        return Comparisons(
            self.distances[chosen], self.same[chosen], self.first[chosen], self.second[chosen]
        )


@dataclass(frozen=True, slots=True)
class AtFmr:
    """TMR at one FMR. fmr_low, fmr_high: what the impostors say about the FMR itself.

    false_matches: how many impostors are below the threshold. indicative: they are few.
    """

    fmr: float
    threshold: float
    value: float
    low: float
    high: float
    false_matches: int
    indicative: bool


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Why there is no figure at this FMR."""

    fmr: float
    reason: str


def tmr_at_fmr(
    comparisons: Comparisons,
    fmrs: Sequence[float] = FMRS,
    *,
    replicates: int = statistics.REPLICATES,
    seed: int = 0,
) -> list[AtFmr | Unsupported]:
    """One for each FMR, in order; Unsupported where the impostors are too few to show it."""
    impostors = len(comparisons.impostor)
    supported = [fmr for fmr in fmrs if statistics.supports(impostors, fmr)]
    resampled = _resampled_tmr(comparisons, supported, replicates, seed) if supported else {}
    return [
        _at_fmr(comparisons, fmr, resampled[fmr])
        if fmr in resampled
        else Unsupported(fmr, _too_few(impostors, fmr))
        for fmr in fmrs
    ]


def tmr_differences(
    before: Comparisons, after: Comparisons, fmrs: Sequence[float], *, seed: int = 0
) -> dict[float, Interval]:
    """Of TMR after − TMR before, at each FMR the impostors can show.

    before, after: the same pairs, compared in two ways. The same people are drawn for both, so what
    makes a draw easy or hard for both cancels out.
    """
    supported = [fmr for fmr in fmrs if statistics.supports(len(before.impostor), fmr)]
    if not supported:
        return {}
    drawn = [_resampled_tmr(one, supported, statistics.REPLICATES, seed) for one in (before, after)]
    found = {}
    for fmr in supported:
        old, new = (
            statistics.match_rate(one.genuine, statistics.threshold_at_fmr(one.impostor, fmr))
            for one in (before, after)
        )
        found[fmr] = statistics.percentiles(drawn[1][fmr] - drawn[0][fmr], new - old)
    return found


def _at_fmr(comparisons: Comparisons, fmr: float, replicates: Floats) -> AtFmr:
    impostor, genuine = comparisons.impostor, comparisons.genuine
    threshold = statistics.threshold_at_fmr(impostor, fmr)
    value = statistics.match_rate(genuine, threshold)
    if value in (0.0, 1.0):
        # Resampling what all agree on shows nothing: the rule of three over the people.
        whose = comparisons.first[comparisons.same].astype(np.intp)
        interval = statistics.rate_interval(genuine < threshold, whose)
    else:
        interval = statistics.percentiles(replicates, value)
    allowed = statistics.allowed_false_matches(len(impostor), fmr)
    return AtFmr(
        fmr,
        threshold,
        value,
        interval.low,
        interval.high,
        int((impostor < threshold).sum()),
        allowed < statistics.FIRM_FALSE_MATCHES,
    )


def _too_few(impostors: int, fmr: float) -> str:
    needed = round(statistics.LEAST_FALSE_MATCHES / fmr)
    return (
        f"{impostors:,} impostor comparisons cannot show a rate of {statistics.plain(fmr)}: "
        f"at least {needed:,} are needed (rule of three)."
    )


def _resampled_tmr(
    comparisons: Comparisons, fmrs: Sequence[float], replicates: int, seed: int
) -> dict[float, Floats]:
    """FMR → (replicates,) TMR."""
    genuine = _Side.of(comparisons, comparisons.same)
    impostor = _Side.of(comparisons, ~comparisons.same)
    weights = statistics.people_weights(comparisons.people, replicates=replicates, seed=seed)
    totals = _total_weights(comparisons.only(~comparisons.same), weights)
    # Thresholds are among the nearest impostors, however people are drawn.
    tail = impostor.nearest(max(1_000, int(6 * max(fmrs) * len(impostor.distances))))
    found = {fmr: np.empty(replicates) for fmr in fmrs}
    for row, (weight, total) in enumerate(zip(weights, totals, strict=True)):
        passed = np.cumsum(weight[tail.first] * weight[tail.second])
        of_genuine = weight[genuine.first]
        upto = np.concatenate([[0.0], np.cumsum(of_genuine)])
        for fmr in fmrs:
            place = np.searchsorted(passed, fmr * total + 1e-9, side="right")
            threshold = tail.distances[min(int(place), len(tail.distances) - 1)]
            accepted = upto[np.searchsorted(genuine.distances, threshold, side="left")]
            found[fmr][row] = accepted / max(upto[-1], 1.0)
    return found


def _total_weights(impostors: Comparisons, weights: Floats) -> Floats:
    """(replicates,): how many impostor comparisons each replicate has."""
    ones = np.ones(len(impostors.first), np.float64)
    shape = (weights.shape[1], weights.shape[1])
    counts = sparse.coo_matrix((ones, (impostors.first, impostors.second)), shape=shape).tocsr()
    totals: Floats = np.einsum("ij,ij->j", counts @ weights.T, weights.T)
    return totals


@dataclass(frozen=True, slots=True)
class _Side:
    """Genuine or impostor comparisons, nearest first."""

    distances: Distances
    first: People
    second: People

    @classmethod
    def of(cls, comparisons: Comparisons, chosen: Flags) -> _Side:
        distances = comparisons.distances[chosen]
        order = np.argsort(distances)
        return cls(
            distances[order], comparisons.first[chosen][order], comparisons.second[chosen][order]
        )

    def nearest(self, count: int) -> _Side:
        return _Side(self.distances[:count], self.first[:count], self.second[:count])


@dataclass(frozen=True, slots=True)
class Whole:
    """Figures of the whole curve, with their intervals."""

    auc: float
    auc_interval: Interval
    eer: float
    eer_interval: Interval
    eer_threshold: float


def whole_curve(
    comparisons: Comparisons, *, replicates: int = statistics.REPLICATES, seed: int = 0
) -> Whole:
    genuine, impostor = comparisons.genuine, comparisons.impostor
    auc = statistics.auc(genuine, impostor)
    equal = statistics.eer(genuine, impostor)
    if equal.rate == 0:
        return _without_errors(comparisons, auc, equal, seed)
    some = _some_impostors(comparisons, seed)
    weights = statistics.people_weights(comparisons.people, replicates=replicates, seed=seed)
    whose = comparisons.first[comparisons.same]
    ranked = statistics.Ranked.of(genuine, some.distances)
    areas, errors = [], []
    for weight in weights:
        of_genuine, of_impostor = weight[whose], weight[some.first] * weight[some.second]
        if not of_genuine.any() or not of_impostor.any():
            continue  # few people: a draw may hold none of one kind
        areas.append(ranked.auc(of_genuine, of_impostor))
        errors.append(ranked.eer(of_genuine, of_impostor).rate)
    return Whole(
        auc,
        statistics.percentiles(np.array(areas or [auc]), auc),
        equal.rate,
        statistics.percentiles(np.array(errors or [equal.rate]), equal.rate),
        equal.threshold,
    )


def _without_errors(comparisons: Comparisons, auc: float, equal: EqualError, seed: int) -> Whole:
    """Resampling people who are all told apart shows nothing: the rule of three for both errors at
    the threshold between them. EER is at most the greater of the two; and a genuine comparison that
    is not nearer than an impostor's takes one of the errors, which bounds AUC.
    """
    missed, matched = (
        pair_rate_interval(np.zeros(int(kind.sum()), np.bool_), comparisons.only(kind), seed=seed)
        for kind in (comparisons.same, ~comparisons.same)
    )
    return Whole(
        auc,
        Interval((1 - missed.high) * (1 - matched.high), auc),
        equal.rate,
        Interval(0.0, max(missed.high, matched.high)),
        equal.threshold,
    )


def pair_rate_interval(hits: Flags, comparisons: Comparisons, *, seed: int = 0) -> Interval:
    """Of the share of hits among comparisons of one kind, genuine or impostor; n ≥ 1.

    Where none is a hit, or all are, the rule of three: over the people for genuine comparisons.
    For impostors over the comparisons, as if they were independent, which the standard allows and
    which is the best that such a sample can say.
    """
    if hits.all() or not hits.any():
        independent = len(np.unique(comparisons.first)) if comparisons.same.all() else len(hits)
        return statistics.proportion_interval(independent if hits.all() else 0, independent)
    _people, both = np.unique(
        np.concatenate([comparisons.first, comparisons.second]), return_inverse=True
    )
    first, second = both[: len(hits)], both[len(hits) :]
    rates = []
    for weight in statistics.people_weights(int(both.max()) + 1, seed=seed):
        each = weight[first] if comparisons.same.all() else weight[first] * weight[second]
        if each.any():
            rates.append(float(np.average(hits, weights=each)))
    return statistics.percentiles(np.array(rates), float(hits.mean()))


def _some_impostors(comparisons: Comparisons, seed: int) -> Comparisons:
    impostors = np.flatnonzero(~comparisons.same)
    if len(impostors) > _IMPOSTORS_RESAMPLED:
        impostors = np.random.default_rng(seed).choice(impostors, _IMPOSTORS_RESAMPLED)
    return Comparisons(
        comparisons.distances[impostors],
        comparisons.same[impostors],
        comparisons.first[impostors],
        comparisons.second[impostors],
    )
