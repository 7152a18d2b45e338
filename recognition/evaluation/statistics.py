"""Error rates of comparisons, and how much a sample can say about them. Pure: numpy and scipy.

A comparison has a distance; below a threshold it is a match. A comparison that could not be made
(no face was found) has the distance infinity: it never matches, so the rates below are what
ISO/IEC 19795-1 calls generalized. FMR: matches among impostor comparisons. TMR = 1 − FNMR: matches
among genuine ones.

Intervals are of 95 %. Comparisons that share people are not independent, so people are resampled,
not comparisons. Sources: ISO/IEC 19795-1 (rates, DET, rule of three); Bolle, Ratha, Pankanti,
"Error analysis of pattern recognition systems – the subsets bootstrap", CVIU 2004 (resampling
people); Clopper, Pearson, Biometrika 1934 (proportions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# (n,) distances, 0 = alike; infinity = could not be compared.
Distances = NDArray[np.float32] | NDArray[np.float64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CONFIDENCE = 0.95
REPLICATES = 500
# Rule of three: with fewer comparisons than 3/FMR not even zero errors would show that rate.
LEAST_FALSE_MATCHES = 3
# With fewer false matches than this a threshold rests on single comparisons.
FIRM_FALSE_MATCHES = 10
_ROUNDING = 1e-6  # so that 0.29 of 100 comparisons are 29, not 28


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of ROC and DET, thresholds rising. fmr, tmr: the shares below each threshold."""

    thresholds: Floats
    fmr: Floats
    tmr: Floats

    @property
    def fnmr(self) -> Floats:
        return 1 - self.tmr


@dataclass(frozen=True, slots=True)
class EqualError:
    """Where FMR and FNMR are equal: their mean at the threshold where they differ least."""

    rate: float
    threshold: float


def best_threshold(distances: Distances, same: Flags) -> float:
    """The distance below which calling a pair the same person is most often right.

    Midway between two distances, so that a new pair is not judged by one that happened to be seen;
    where several are equally right, the middle one, since either end is there by chance.
    """
    order = np.argsort(distances, kind="stable")
    sorted_distances, sorted_same = distances[order], same[order]
    # Right when the k nearest are called the same: the same among them, the different behind.
    right = np.concatenate([[0], np.cumsum(sorted_same)]) + np.concatenate(
        [np.cumsum(~sorted_same[::-1])[::-1], [0]]
    )
    # Between equal distances there is no threshold.
    cuttable = np.concatenate([[True], sorted_distances[1:] > sorted_distances[:-1], [True]])
    # What could not be compared is never called the same.
    cuttable[np.flatnonzero(np.isinf(sorted_distances)) + 1] = False
    right = np.where(cuttable, right, -1)
    equally_good = np.flatnonzero(right == right.max())
    best = int(equally_good[len(equally_good) // 2])
    if best == 0:
        return float(sorted_distances[0])
    nearest_behind = sorted_distances[best] if best < len(order) else np.inf
    below = float(sorted_distances[best - 1])
    if np.isinf(nearest_behind):
        return float(np.nextafter(np.float32(below), np.float32(np.inf)))
    middle = (below + float(nearest_behind)) / 2
    return middle if middle > below else float(nearest_behind)


def accuracy(distances: Distances, same: Flags, threshold: float) -> float:
    """The share of comparisons that are called right."""
    return float(((distances < threshold) == same).mean())


def match_rate(distances: Distances, threshold: float) -> float:
    """FMR of impostor distances, TMR of genuine ones."""
    return float((distances < threshold).mean())


def plain(rate: float) -> str:
    """1e-05 → "0.00001"."""
    return np.format_float_positional(rate, trim="-")


def allowed_false_matches(comparisons: int, fmr: float) -> int:
    return int(comparisons * fmr + _ROUNDING)


def supports(comparisons: int, fmr: float) -> bool:
    """Whether so many impostor comparisons can say anything about this FMR."""
    return comparisons * fmr + _ROUNDING >= LEAST_FALSE_MATCHES


def threshold_at_fmr(impostor: Distances, fmr: float) -> float:
    """The largest threshold at which at most this share of impostors is below it."""
    allowed = allowed_false_matches(len(impostor), fmr)
    if allowed >= len(impostor):
        return float("inf")
    return float(np.partition(impostor, allowed)[allowed])


def roc(genuine: Distances, impostor: Distances, points: int = 500) -> Curve:
    """At most about 2·points thresholds: dense where few impostors match, and over the genuine."""
    near, far = genuine[np.argsort(genuine)], impostor[np.argsort(impostor)]
    picked = np.unique(
        np.concatenate(
            [_spread(far, points, logarithmic=True), _spread(near, points, logarithmic=False)]
        )
    )
    picked = np.append(picked[np.isfinite(picked)], np.inf)
    return Curve(
        picked.astype(np.float64),
        np.searchsorted(far, picked, side="left") / len(far),
        np.searchsorted(near, picked, side="left") / len(near),
    )


def _spread(ordered: Distances, points: int, *, logarithmic: bool) -> Distances:
    count = len(ordered)
    if count <= points:
        return ordered
    places = np.geomspace(1, count, points) if logarithmic else np.linspace(1, count, points)
    spread: Distances = ordered[places.astype(np.int64) - 1]
    return spread


def auc(genuine: Distances, impostor: Distances) -> float:
    """How often a genuine comparison is nearer than an impostor's; ties count half."""
    return Ranked.of(genuine, impostor).auc()


def eer(genuine: Distances, impostor: Distances) -> EqualError:
    return Ranked.of(genuine, impostor).eer()


@dataclass(frozen=True, slots=True)
class Ranked:
    """Genuine and impostor distances put in order once, for weighing them many times.

    genuine_order, impostor_order: which comparison is the n-th nearest. below, not_above: how many
    impostors are nearer than each genuine one, and not farther. thresholds: every distance once,
    and infinity. genuine_below, impostor_below: how many are below each threshold.
    """

    genuine_order: NDArray[np.intp]
    impostor_order: NDArray[np.intp]
    below: NDArray[np.intp]
    not_above: NDArray[np.intp]
    thresholds: Distances
    genuine_below: NDArray[np.intp]
    impostor_below: NDArray[np.intp]

    @classmethod
    def of(cls, genuine: Distances, impostor: Distances) -> Ranked:
        genuine_order, impostor_order = np.argsort(genuine), np.argsort(impostor)
        near, far = genuine[genuine_order], impostor[impostor_order]
        thresholds = np.append(np.unique(np.concatenate([near, far])), np.inf)
        return cls(
            genuine_order,
            impostor_order,
            np.searchsorted(far, near, side="left"),
            np.searchsorted(far, near, side="right"),
            thresholds,
            np.searchsorted(near, thresholds, side="left"),
            np.searchsorted(far, thresholds, side="left"),
        )

    def auc(self, genuine: Floats | None = None, impostor: Floats | None = None) -> float:
        """genuine, impostor: how much each comparison counts, in the order they were given."""
        near = _weights(genuine, self.genuine_order)
        upto = _upto(_weights(impostor, self.impostor_order))
        nearer = 1 - (upto[self.below] + upto[self.not_above]) / 2 / upto[-1]
        return float(nearer @ near / near.sum())

    def eer(self, genuine: Floats | None = None, impostor: Floats | None = None) -> EqualError:
        near = _upto(_weights(genuine, self.genuine_order))
        far = _upto(_weights(impostor, self.impostor_order))
        fmr = far[self.impostor_below] / far[-1]
        fnmr = 1 - near[self.genuine_below] / near[-1]
        best = int(np.argmin(np.abs(fmr - fnmr)))
        return EqualError(float(fmr[best] + fnmr[best]) / 2, float(self.thresholds[best]))


def _weights(weights: Floats | None, order: NDArray[np.intp]) -> Floats:
    return np.ones(len(order)) if weights is None else weights[order]


def _upto(weights: Floats) -> Floats:
    """(n + 1,): what the first 0, 1, … n weigh."""
    return np.concatenate([[0.0], np.cumsum(weights)])


def proportion_interval(hits: int, trials: int) -> Interval:
    """Of independent trials: Clopper–Pearson; with no hit, or nothing but hits, the rule of three.

    The rule of three is the one-sided exact bound: 1 − 0.05^(1/n), which is about 3/n.
    """
    if trials == 0:
        return Interval(0.0, 1.0)
    three = 1 - (1 - CONFIDENCE) ** (1 / trials)
    if hits == 0:
        return Interval(0.0, three)
    if hits == trials:
        return Interval(1 - three, 1.0)
    tail = (1 - CONFIDENCE) / 2
    return Interval(
        float(stats.beta.ppf(tail, hits, trials - hits + 1)),
        float(stats.beta.ppf(1 - tail, hits + 1, trials - hits)),
    )


def percentiles(replicates: Floats, value: float) -> Interval:
    """The middle 95 % of the replicates, widened to hold the value itself."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(min(float(low), value), max(float(high), value))


@lru_cache(maxsize=8)
def people_weights(people: int, *, replicates: int = REPLICATES, seed: int = 0) -> Floats:
    """(replicates, people): how often each is drawn when so many are drawn with replacement."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=replicates).astype(float)
    drawn.flags.writeable = False  # it is shared by all who ask for the same
    return drawn


def rate_interval(
    hits: Flags, person: NDArray[np.intp], *, replicates: int = REPLICATES, seed: int = 0
) -> Interval:
    """Of a rate over trials of which each belongs to one person: other people of this kind.

    hits, person: (n,), n ≥ 1. Where all trials agree resampling shows nothing, so the rule of three
    over the people stands in.
    """
    _people, index = np.unique(person, return_inverse=True)
    count = int(index.max()) + 1
    if hits.all() or not hits.any():
        return proportion_interval(count if hits.all() else 0, count)
    of_person = np.bincount(index, weights=hits, minlength=count)
    tries = np.bincount(index, minlength=count)
    weights = people_weights(count, replicates=replicates, seed=seed)
    return percentiles(weights @ of_person / (weights @ tries), float(hits.mean()))


def fold_accuracy(
    distances: Distances, same: Flags, fold: NDArray[np.intp]
) -> tuple[Sequence[float], Sequence[float]]:
    """Each fold's accuracy, at the threshold that is best on the others; and those thresholds.

    Source: Huang, Ramesh, Berg, Learned-Miller, "Labeled Faces in the Wild", 2007: View 2.
    """
    accuracies, thresholds = [], []
    for number in np.unique(fold):
        held_out = fold == number
        threshold = best_threshold(distances[~held_out], same[~held_out])
        accuracies.append(accuracy(distances[held_out], same[held_out], threshold))
        thresholds.append(threshold)
    return accuracies, thresholds


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of independent values; of one alone nothing is known, and it is NaN."""
    if len(values) < 2:
        return float("nan")
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
