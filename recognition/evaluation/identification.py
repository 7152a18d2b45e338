"""1:N, open set: how often strangers get a name and enrolled people do not. Pure: numpy.

In each split a gallery of N people is drawn. Of their photos the first half, at most
TEMPLATE_PHOTOS, make their templates; the others are mated probes. All photos of everybody else are
non-mated probes. FPIR: non-mated probes with a template below the threshold. FNIR at rank r: mated
probes whose own template is not among the r nearest, or not below the threshold. A photo without a
face makes no template and is infinitely far from each: as a mated probe it is a miss at every rank,
and so is every probe of somebody without a template.
Source of the terms: ISO/IEC 19795-1, ISO/IEC 2382-37.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from people.vectors import Vector, template_of
from recognition.evaluation import statistics
from recognition.evaluation.statistics import Flags, Floats, Interval

TEMPLATE_PHOTOS = 5
SIZES = (10, 50, 100, 500, 1_000, 5_000, 10_000)
RANKS = (1, 5, 10)
FPIRS = (1e-1, 1e-2, 1e-3)
SPLITS = 10
STRANGERS_LEAST = 10  # people outside, below which nothing can be said about strangers
_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Point:
    """asked: the FPIR the threshold was chosen for; None for the one the product uses."""

    asked: float | None
    threshold: float
    fpir: Estimate
    fnir: Mapping[int, Estimate]


@dataclass(frozen=True, slots=True)
class OpenSet:
    """One size of gallery. mated, non_mated: different probes of all splits together.

    points: the product's threshold first. curve: (2, n) FPIR and FNIR at rank 1.
    """

    size: int
    splits: int
    mated: int
    non_mated: int
    points: Sequence[Point]
    curve: Floats


@dataclass(frozen=True, slots=True)
class _Probes:
    """Over all splits. nearest: of non-mated probes the nearest template. own, rank: of mated
    probes their own. photo: which photo it is; person: whose."""

    nearest: Vector
    stranger: NDArray[np.intp]
    stranger_photo: NDArray[np.intp]
    own: Vector
    rank: NDArray[np.intp]
    mated: NDArray[np.intp]
    mated_photo: NDArray[np.intp]


def open_sets(
    enrolled: Vector,
    probes: Vector,
    person: NDArray[np.int32],
    found: Flags,
    *,
    threshold_for: Callable[[int], float],
    splits: int = SPLITS,
    seed: int = 0,
) -> list[OpenSet]:
    """For each size of gallery that leaves as many strangers.

    enrolled, probes: (photos, d) float32 of unit norm, each photo as it would be enrolled and as a
    probe. person: (photos,). found: (photos,), which have a face. threshold_for: the product's
    threshold by size of the gallery.
    """
    rng = np.random.default_rng(seed)
    people = np.unique(person)
    half = len(people) // 2
    sizes = [*(size for size in SIZES if size * 1.5 < half), half]
    measured = []
    for size in sizes if half >= STRANGERS_LEAST else []:
        drawn = [_split(enrolled, probes, person, found, size, rng) for _ in range(splits)]
        gathered = _Probes(*(np.concatenate(column) for column in zip(*drawn, strict=True)))
        if len(gathered.own):
            measured.append(_open_set(gathered, size, splits, threshold_for(size), seed))
    return measured


def _split(
    enrolled: Vector,
    probes: Vector,
    person: NDArray[np.int32],
    found: Flags,
    size: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.generic], ...]:
    """The columns of _Probes."""
    members = rng.choice(np.unique(person), size, replace=False)
    nobody = np.zeros(enrolled.shape[1], np.float32)
    templates: list[Vector] = []
    mated: list[int] = []
    own: list[int] = []
    for place, member in enumerate(members):
        photos = rng.permutation(np.flatnonzero(person == member))
        count = min((len(photos) + 1) // 2, TEMPLATE_PHOTOS)
        usable = photos[:count][found[photos[:count]]]
        templates.append(template_of(enrolled[usable]) if len(usable) else nobody)
        mated.extend(photos[count:].tolist())
        own.extend([place] * (len(photos) - count))
    gallery = np.stack(templates)
    outside = np.flatnonzero(~np.isin(person, members))
    mated_photo = np.array(mated, np.intp)
    to_all = _distances(probes[mated_photo], gallery, found[mated_photo])
    to_own = to_all[np.arange(len(own)), np.array(own, np.intp)]
    return (
        _distances(probes[outside], gallery, found[outside]).min(axis=1),
        person[outside].astype(np.intp),
        outside,
        to_own,
        1 + (to_all < to_own[:, None]).sum(axis=1),
        person[mated_photo].astype(np.intp),
        mated_photo,
    )


def _distances(probes: Vector, gallery: Vector, found: Flags) -> Vector:
    """(probes, templates): infinite where the probe has no face, or the template is empty."""
    distances = np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * (probes @ gallery.T), 0.0)), np.float32)
    distances[~found] = np.inf
    distances[:, ~gallery.any(axis=1)] = np.inf
    return distances


def _open_set(probes: _Probes, size: int, splits: int, product: float, seed: int) -> OpenSet:
    strangers = len(np.unique(probes.stranger_photo))
    asked = [(fpir, statistics.threshold_at_fmr(probes.nearest, fpir))
             for fpir in FPIRS if statistics.supports(strangers, fpir)]  # fmt: skip
    return OpenSet(
        size,
        splits,
        len(np.unique(probes.mated_photo)),
        strangers,
        [_point(probes, fpir, threshold, seed) for fpir, threshold in [(None, product), *asked]],
        _curve(probes),
    )


def _point(probes: _Probes, asked: float | None, threshold: float, seed: int) -> Point:
    return Point(
        asked,
        threshold,
        _estimate(probes.nearest < threshold, probes.stranger, seed),
        {
            rank: _estimate(~_identified(probes, rank, threshold), probes.mated, seed)
            for rank in RANKS
        },
    )


def _identified(probes: _Probes, rank: int, threshold: float) -> Flags:
    return np.asarray((probes.rank <= rank) & (probes.own < threshold))


def _estimate(errors: Flags, person: NDArray[np.intp], seed: int) -> Estimate:
    return Estimate(float(errors.mean()), statistics.rate_interval(errors, person, seed=seed))


def _curve(probes: _Probes) -> Floats:
    near = probes.nearest[np.isfinite(probes.nearest)]
    if not len(near):
        return np.zeros((2, 0))
    thresholds = np.unique(np.quantile(near, np.linspace(0, 1, _CURVE_POINTS) ** 3))
    return np.array(
        [
            [
                float((probes.nearest < threshold).mean()),
                1 - float(_identified(probes, 1, threshold).mean()),
            ]
            for threshold in thresholds
        ]
    ).T
