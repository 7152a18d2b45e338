"""Strangers against templates: the near ones in full, the rest only counted. Pure: numpy.

What decides about strangers is the lower tail of the distances; of millions of comparisons only
those are kept. Each keeps whose photo and whose template it was, since comparisons that share a
person are not independent of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from people.vectors import Vector, template_of, unit

TAIL = 2e-2  # the share of comparisons that is kept
_AT_ONCE = 512  # probes; bounds the memory

Index = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Every probe of every person against the template of everybody else.

    distance: ascending, ‖a−b‖₂, those below `limit`; probe, owner, template: of each, the number
    of the probe, whose it is, and whose template. probes: how many each person has.
    templates: 1 for each person who has one, else 0.
    """

    distance: Floats
    probe: Index
    owner: Index
    template: Index
    probes: Index
    templates: Index
    limit: float

    @property
    def people(self) -> int:
        return len(self.probes)

    @property
    def total(self) -> int:
        return int(self.probes.sum() * self.templates.sum() - (self.probes * self.templates).sum())

    def weighted_total(self, weights: Floats) -> float:
        """How many there are when person i counts weights[i] times; nobody meets themselves."""
        probes, templates = weights * self.probes, weights * self.templates
        return float(probes.sum() * templates.sum() - (probes * templates).sum())


@dataclass(frozen=True, slots=True)
class Person:
    """probes: (n, d) unit rows, photos as the door sees them. template: (d,), or None."""

    probes: Vector
    template: Vector | None


def person_of(photos: Vector, *, enrolled: int, frames: int, least: int = 1) -> Person:
    """photos: (n, 2, d): each as probe and as enrolled. At most `enrolled` make the template;
    with fewer than `least` there is none.

    All photos are probes too: they meet only other people's templates.
    """
    template = template_of(photos[:enrolled, 1]) if len(photos) >= least else None
    return Person(probes_of(photos[:, 0], frames), template)


def probes_of(photos: Vector, frames: int) -> Vector:
    """(n, d) → (n // frames, d): disjoint groups, each averaged and renormalized."""
    groups = [photos[i : i + frames] for i in range(0, len(photos) - frames + 1, frames)]
    rows = [unit(group.mean(axis=0)) for group in groups]
    return np.stack(rows) if rows else np.zeros((0, photos.shape[1]), dtype=np.float32)


def compare(people: Sequence[Person], share: float = TAIL) -> Comparisons:
    """Keep the nearest `share` of all comparisons between different people."""
    probes = np.concatenate([person.probes for person in people])
    owner = np.repeat(np.arange(len(people)), [len(person.probes) for person in people])
    enrolled = np.array([i for i, person in enumerate(people) if person.template is not None])
    templates = np.stack([p.template for p in people if p.template is not None])
    limit = _quantile(probes, templates, owner[:, None] != enrolled[None], share)
    near = [
        _near(probes[start : start + _AT_ONCE], templates, limit, start)
        for start in range(0, len(probes), _AT_ONCE)
    ]
    distance, probe, column = (np.concatenate(parts) for parts in zip(*near, strict=True))
    other = owner[probe] != enrolled[column]
    order = np.argsort(distance[other], kind="stable")
    probe, column = probe[other][order], column[other][order]
    return Comparisons(
        distance=distance[other][order],
        probe=probe,
        owner=owner[probe],
        template=enrolled[column],
        probes=np.bincount(owner, minlength=len(people)),
        templates=np.bincount(enrolled, minlength=len(people)),
        limit=limit,
    )


def _quantile(probes: Vector, templates: Vector, other: NDArray[np.bool_], share: float) -> float:
    """About the distance below which `share` of them lie, from a regular sample of the probes."""
    step = max(1, len(probes) // 400)
    found = distances(probes[::step], templates)
    return float(np.quantile(found[other[::step]], share))


def _near(
    probes: Vector, templates: Vector, limit: float, start: int
) -> tuple[Floats, Index, Index]:
    found = distances(probes, templates)
    row, column = np.nonzero(found < limit)
    return found[row, column].astype(np.float64), row + start, column


def distances(a: Vector, b: Vector) -> Vector:
    """(n, d) and (m, d) unit rows → (n, m) float32 ‖a−b‖₂."""
    return np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * (a @ b.T), 0.0)), dtype=np.float32)
