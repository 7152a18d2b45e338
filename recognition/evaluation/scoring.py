"""Photos → vectors → distances → figures, for one way of comparing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from people.errors import Refusal
from people.vectors import Vector
from recognition.evaluation import statistics
from recognition.evaluation.comparisons import (
    AtFmr,
    Comparisons,
    Unsupported,
    Whole,
    tmr_at_fmr,
    whole_curve,
)
from recognition.evaluation.pair_sets import PairSet, Photo
from recognition.evaluation.statistics import Curve, Distances, Flags, Interval

FOLDS = 10
_BLOCK = 512


class Embeds(Protocol):
    """Makes vectors of photos. at_once: whether several threads may ask.

    look: the vectors, none where there is no face; and why enrolment would refuse the photo.
    """

    @property
    def at_once(self) -> bool: ...

    def look(self, data: bytes, uses: Sequence[str]) -> tuple[Vector, str]: ...


def embed_photos(
    photos: Sequence[Photo], system: Embeds, uses: Sequence[str], progress: Callable[[], object]
) -> tuple[list[Vector], Flags, list[str]]:
    """For each use a (photos, d) array; (photos,) whether there is a face, else zeros; and of each
    photo the code with which enrolment would refuse it, "" if it would not.

    Raises Refusal: weights_missing, file_unreadable.
    """

    def embed(photo: Photo) -> tuple[Vector, str]:
        try:
            data = photo.read()
        except OSError as error:
            raise Refusal(
                f"{photo.label} cannot be read: {error.strerror}.", code="file_unreadable"
            ) from error
        return system.look(data, uses)

    rows: list[Vector] = []
    refusals: list[str] = []
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if system.at_once else 1)
    try:
        for vectors, refusal in pool.map(embed, photos):
            rows.append(vectors)
            refusals.append(refusal)
            progress()
    finally:
        pool.shutdown(cancel_futures=True)
    found = np.array([len(vectors) > 0 for vectors in rows])
    dimensions = rows[0].shape[1]
    empty = np.zeros((len(uses), dimensions), np.float32)
    stacked = np.stack([vectors if len(vectors) else empty for vectors in rows])
    return [np.ascontiguousarray(stacked[:, use]) for use in range(len(uses))], found, refusals


def compare(pairs: PairSet, first: Vector, second: Vector, found: Flags) -> Comparisons:
    """first, second: (photos, d), what a photo is as the first of a pair, and as the second."""
    if len(pairs) > len(first) ** 2 // 8:
        distances = _all_distances(pairs, first, second)
    else:
        distances = _some_distances(pairs, first, second)
    distances[~(found[pairs.first] & found[pairs.second])] = np.inf
    person = pairs.person
    return Comparisons(distances, pairs.same, person[pairs.first], person[pairs.second])


def _some_distances(pairs: PairSet, first: Vector, second: Vector) -> NDArray[np.float32]:
    distances = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), 8192):
        part = slice(start, start + 8192)
        apart = first[pairs.first[part]] - second[pairs.second[part]]
        distances[part] = np.linalg.norm(apart, axis=1)
    return distances


def _all_distances(pairs: PairSet, first: Vector, second: Vector) -> NDArray[np.float32]:
    """The same through ‖a‖² + ‖b‖² − 2ab, in blocks: for nearly every pair that is much faster."""
    squares = np.empty((len(first), len(second)), np.float32)
    of_second = (second**2).sum(axis=1)
    for start in range(0, len(first), _BLOCK):
        rows = first[start : start + _BLOCK]
        squares[start : start + _BLOCK] = (
            (rows**2).sum(axis=1)[:, None] + of_second[None] - 2 * rows @ second.T
        )
    squared: NDArray[np.float32] = squares[pairs.first, pairs.second]
    return np.sqrt(np.maximum(squared, 0))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """stderr: of the mean over folds, or of one proportion. thresholds: of each fold, or one.

    threshold: their mean. how: the protocol, in a sentence.
    """

    value: float
    stderr: float
    interval: Interval
    threshold: float
    folds: Sequence[float]
    thresholds: Sequence[float]
    how: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of comparing is worth on these pairs."""

    name: str
    genuine: int
    impostor: int
    not_compared: int
    accuracy: Accuracy
    whole: Whole
    tmr: Sequence[AtFmr | Unsupported]
    curve: Curve


def figures(
    name: str,
    comparisons: Comparisons,
    *,
    fold: NDArray[np.intp] | None = None,
    train: Comparisons | None = None,
    threshold: float | None = None,
    balance: bool = False,
    seed: int = 0,
) -> Figures:
    """fold: of each comparison, where they have folds. train: where the threshold is chosen.
    threshold: the one to use instead. balance: count accuracy on as many impostors as genuine.
    """
    return Figures(
        name,
        len(comparisons.genuine),
        len(comparisons.impostor),
        int(np.isinf(comparisons.distances).sum()),
        _accuracy(comparisons, fold, train, threshold, balance=balance, seed=seed),
        whole_curve(comparisons, seed=seed),
        tmr_at_fmr(comparisons, seed=seed),
        statistics.roc(comparisons.genuine, comparisons.impostor),
    )


def _accuracy(
    comparisons: Comparisons,
    fold: NDArray[np.intp] | None,
    train: Comparisons | None,
    threshold: float | None,
    *,
    balance: bool,
    seed: int,
) -> Accuracy:
    every = np.arange(len(comparisons.same))
    chosen = balanced(comparisons.same, seed) if balance else every
    distances, same = comparisons.distances[chosen], comparisons.same[chosen]
    drawn = ""
    if len(chosen) < len(every):
        drawn = " Of the impostor pairs as many as there are genuine ones, drawn at random."
    if threshold is not None:
        return _at_threshold(distances, same, threshold, f"At the threshold that was given.{drawn}")
    if train is not None:
        return _at_threshold(
            distances,
            same,
            statistics.best_threshold(train.distances, train.same),
            f"At the threshold that is best on the {len(train.same):,} pairs for training.{drawn}",
        )
    if fold is not None:
        numbers = fold[chosen]
        how = "The folds of the file: each at the threshold that is best on the others."
    else:
        count = min(FOLDS, int(same.sum()), int((~same).sum()))
        numbers = stratified_folds(same, count, seed)
        how = (
            f"{count} folds drawn at random, since the pairs have none (their people overlap): "
            f"each at the threshold that is best on the others.{drawn}"
        )
    return _over_folds(distances, same, numbers, how)


def _at_threshold(distances: Distances, same: Flags, threshold: float, how: str) -> Accuracy:
    right = statistics.accuracy(distances, same, threshold)
    interval = statistics.proportion_interval(round(right * len(same)), len(same))
    stderr = float(np.sqrt(right * (1 - right) / len(same)))
    return Accuracy(right, stderr, interval, threshold, [right], [threshold], how)


def _over_folds(distances: Distances, same: Flags, fold: NDArray[np.intp], how: str) -> Accuracy:
    if len(np.unique(fold)) < 2:
        # One pair of a kind: nothing is left to choose a threshold on.
        threshold = statistics.best_threshold(distances, same)
        return _at_threshold(distances, same, threshold, "At the best threshold: too few pairs.")
    each, thresholds = statistics.fold_accuracy(distances, same, fold)
    mean = float(np.mean(each))
    # All pairs are judged by a threshold that was chosen without them.
    interval = statistics.proportion_interval(round(mean * len(same)), len(same))
    stderr = statistics.standard_error(each)
    return Accuracy(mean, stderr, interval, float(np.mean(thresholds)), each, thresholds, how)


def balanced(same: Flags, seed: int) -> NDArray[np.intp]:
    """As many impostors as there are genuine pairs: where they are by far the most, accuracy would
    say only how rarely they match."""
    genuine, impostor = np.flatnonzero(same), np.flatnonzero(~same)
    if len(impostor) <= len(genuine):
        return np.arange(len(same))
    rng = np.random.default_rng(seed)
    return np.sort(np.concatenate([genuine, rng.choice(impostor, len(genuine), replace=False)]))


def stratified_folds(same: Flags, count: int, seed: int) -> NDArray[np.intp]:
    """(n,) fold of each pair, each with its share of genuine and of impostor pairs."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(same), np.intp)
    for kind in (same, ~same):
        places = rng.permutation(np.flatnonzero(kind))
        fold[places] = np.arange(len(places)) % count
    return fold
