"""How much several photos and several frames are worth. Pure: numpy on embeddings.

A split enrols the first k of a person's shuffled photos; the probes are the photos behind the
first max(k), the same for every k. Strangers, and everybody else, are the impostors. The threshold
at a false match rate is that of all impostor comparisons of all splits together; splits share
people and photos, so only one split's comparisons count as evidence for a rate.
Source of the terms: ISO/IEC 19795-1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from people.vectors import Vector, template_of, unit
from recognition.evaluation.statistics import proportion_interval

# False matches a split must be able to show before a rate is called measured, and all splits
# together before it is given at all.
EVIDENCE = 10
BOOTSTRAPS = 2000

NEAREST, MEAN, MEDIAN = "nearest photo", "mean", "template"


@dataclass(frozen=True, slots=True)
class Question:
    """Which of the many numbers: k photos enrolled, n frames a probe, at which FMRs."""

    photos: Sequence[int] = (1, 3, 5)
    frames: Sequence[int] = (1, 3)
    fmrs: Sequence[float] = (1e-4, 1e-6)
    splits: int = 20
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """Genuine acceptance at one FMR. low, high: 95 % by resampling people.

    indicative: the threshold rests on fewer than EVIDENCE false matches of a split.
    """

    fmr: float
    threshold: float
    accepted: float
    low: float
    high: float
    indicative: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One way to compare. genuine, impostor: comparisons of one split. rates: None where the
    impostors are too few to say."""

    photos: int
    frames: int
    method: str
    genuine: int
    impostor: int
    rates: Sequence[Rate | None]

    def as_json(self) -> dict[str, object]:
        rates = [None if rate is None else asdict(rate) for rate in self.rates]
        return {**asdict(self), "rates": rates}


@dataclass(slots=True)
class _Scores:
    """Distances of one line, over the splits. whose: the person of each genuine comparison.

    impostor: of each split only as many of the smallest as a threshold can depend on; there are
    millions. impostors: how many each split had.
    """

    genuine: list[Vector]
    whose: list[NDArray[np.intp]]
    impostor: list[Vector]
    impostors: list[int]


def evaluate(
    people: Sequence[Vector],
    strangers: Sequence[Vector],
    question: Question,
    progress: Callable[[], object] = lambda: None,
) -> list[Line]:
    """people: for each person (n, 2, d) float32 unit rows: the photo as probe, and as enrolled;
    n ≥ max(photos) + max(frames), else ValueError. strangers: (n, 1, d), as probes.
    """
    need = max(question.photos) + max(question.frames)
    if len(people) < 2 or any(len(photos) < need for photos in people):
        raise ValueError(f"at least two people with {need} photos each are needed")
    rng = np.random.default_rng(question.seed)
    scores: dict[tuple[int, int, str], _Scores] = {}
    for _ in range(question.splits):
        for key, genuine, whose, impostor in _split(people, strangers, question, rng):
            into = scores.setdefault(key, _Scores([], [], [], []))
            into.genuine.append(genuine)
            into.whose.append(whose)
            into.impostors.append(len(impostor))
            needed = int(max(question.fmrs) * len(impostor) * question.splits) + 1
            into.impostor.append(np.sort(impostor)[:needed])
        progress()
    return [_line(key, into, question) for key, into in scores.items()]


def _split(
    people: Sequence[Vector],
    strangers: Sequence[Vector],
    question: Question,
    rng: np.random.Generator,
) -> Iterator[tuple[tuple[int, int, str], Vector, NDArray[np.intp], Vector]]:
    shuffled = [photos[rng.permutation(len(photos))] for photos in people]
    crowd = [photos[rng.permutation(len(photos))] for photos in strangers]
    most = max(question.photos)
    for frames in question.frames:
        probes, whose = _probes([photos[most:, 0] for photos in shuffled], frames)
        foreign, _whose = _probes([photos[:, 0] for photos in crowd], frames)
        for count in question.photos:
            enrolled = [photos[:count, 1] for photos in shuffled]
            for method in (NEAREST, MEAN, MEDIAN) if count > 1 else (NEAREST,):
                known = _compare(probes, enrolled, method)
                own = whose[:, None] == np.arange(len(people))[None, :]
                unknown = _compare(foreign, enrolled, method)
                impostor = np.concatenate([known[~own], unknown.ravel()])
                yield (count, frames, method), known[own], whose, impostor


def _probes(people: Sequence[Vector], frames: int) -> tuple[Vector, NDArray[np.intp]]:
    """Disjoint groups of photos, each averaged: (n, d), and whose each is."""
    vectors, whose = [], []
    for index, photos in enumerate(people):
        for start in range(0, len(photos) - frames + 1, frames):
            vectors.append(unit(photos[start : start + frames].mean(axis=0)))
            whose.append(index)
    dimensions = people[0].shape[1] if people else 0
    empty = np.zeros((0, dimensions), dtype=np.float32)
    return (np.stack(vectors) if vectors else empty), np.array(whose, dtype=np.intp)


def _compare(probes: Vector, enrolled: Sequence[Vector], method: str) -> Vector:
    """(probes, people) float32 distances ‖a−b‖₂."""
    if probes.shape[0] == 0:
        return np.zeros((0, len(enrolled)), dtype=np.float32)
    if method == NEAREST:
        return np.stack([_distances(probes, photos).min(axis=1) for photos in enrolled], axis=1)
    make = template_of if method == MEDIAN else _mean_of
    return _distances(probes, np.stack([make(photos) for photos in enrolled]))


def _mean_of(photos: Vector) -> Vector:
    return unit(photos.mean(axis=0))


def _distances(a: Vector, b: Vector) -> Vector:
    return np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * (a @ b.T), 0.0)), dtype=np.float32)


def _line(key: tuple[int, int, str], scores: _Scores, question: Question) -> Line:
    impostor = np.sort(np.concatenate(scores.impostor))
    genuine, whose = np.concatenate(scores.genuine), np.concatenate(scores.whose)
    for_one = scores.impostors[0]
    rates: list[Rate | None] = []
    for fmr in question.fmrs:
        allowed = int(fmr * sum(scores.impostors))
        if allowed < EVIDENCE:
            rates.append(None)
            continue
        threshold = float(impostor[allowed])  # a match is below it: just so many pass
        passed = genuine < threshold
        low, high = _interval(passed, whose, question.seed)
        rates.append(
            Rate(fmr, threshold, float(passed.mean()), low, high, fmr * for_one < EVIDENCE)
        )
    photos, frames, method = key
    return Line(photos, frames, method, len(scores.genuine[0]), for_one, rates)


def _interval(passed: NDArray[np.bool_], whose: NDArray[np.intp], seed: int) -> tuple[float, float]:
    """95 % of the acceptance rate, were other people of this kind measured (bootstrap; where all
    agree, the rule of three over the people)."""
    people, index = np.unique(whose, return_inverse=True)
    if passed.all() or not passed.any():
        interval = proportion_interval(len(people) if passed.all() else 0, len(people))
        return interval.low, interval.high
    passes = np.bincount(index, weights=passed, minlength=len(people))
    tries = np.bincount(index, minlength=len(people))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(people), size=(BOOTSTRAPS, len(people)))
    rates = passes[drawn].sum(axis=1) / tries[drawn].sum(axis=1)
    low, high = np.quantile(rates, [0.025, 0.975])
    return float(low), float(high)
