"""Exact search against the index, by the number of people: where should one replace the other?

Everything happens in one transaction that is rolled back; synthetic people, real SQL.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction

from people.models import EmbeddingModel, Person, Template
from people.vectors import Vector
from recognition import search

DIMENSIONS = 128
# Face embeddings vary along far fewer directions than they have numbers; see `_faces`.
DIRECTIONS = 40
# What lies between a probe and its template: the median genuine distance of FaceNet.
GENUINE_DISTANCE = 0.6


@dataclass(frozen=True, slots=True)
class Speed:
    """Median time of one search, milliseconds; how often the index finds whom exact search does.

    recall_mated: for probes of enrolled people. recall_stranger: for the others, whose nearest
    person is far away and is refused whoever it is.
    """

    people: int
    exact_ms: float
    index_ms: float
    index_build_s: float
    recall_mated: float
    recall_stranger: float

    @property
    def ratio(self) -> float:
        """Above 1 the index wins."""
        return self.exact_ms / self.index_ms


class _Undo(Exception):
    """Ends the transaction without keeping anything."""


def measure(
    sizes: Sequence[int], *, probes: int, seed: int, progress: Callable[[int], object]
) -> list[Speed]:
    """One Speed for each number of people, smallest first. progress: told of people made."""
    rng = np.random.default_rng(seed)
    return [_measure_one(size, probes, rng, progress) for size in sorted(sizes)]


def _measure_one(
    size: int, probes: int, rng: np.random.Generator, progress: Callable[[int], object]
) -> Speed:
    found: list[Speed] = []
    try:
        with transaction.atomic():
            model = _fill(size, rng, progress)
            asked = _probes(model, probes, rng)
            exact_ms, exact = _ask(asked, model)
            started = time.monotonic()
            _index(model)
            build_s = time.monotonic() - started
            index_ms, indexed = _ask(asked, model)
            same = np.equal(exact, indexed)
            mated, stranger = same[1::2].mean(), same[::2].mean()
            found.append(Speed(size, exact_ms, index_ms, build_s, float(mated), float(stranger)))
            raise _Undo
    except _Undo:
        return found[0]


def _fill(size: int, rng: np.random.Generator, progress: Callable[[int], object]) -> EmbeddingModel:
    model = EmbeddingModel.objects.create(
        name="search speed",
        recipe={},
        dimensions=DIMENSIONS,
        verify_threshold=1.0,
        recognize_threshold=0.8,
        outlier_threshold=1.1,
    )
    fill(model, size, rng, progress)
    return model


def fill(
    model: EmbeddingModel,
    size: int,
    rng: np.random.Generator | None = None,
    progress: Callable[[int], object] = lambda _made: None,
) -> None:
    """Add synthetic people with templates of this model."""
    rng = rng or np.random.default_rng(0)
    basis = rng.normal(size=(DIRECTIONS, DIMENSIONS)).astype(np.float32)
    for vectors in _chunks(size, basis, rng):
        people = Person.objects.bulk_create(
            Person(full_name=f"Synthetic {n}") for n in range(len(vectors))
        )
        Template.objects.bulk_create(
            Template(person=person, model=model, vector=vector, photos=1)
            for person, vector in zip(people, vectors, strict=True)
        )
        progress(len(vectors))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE people_template, people_person")


def _chunks(size: int, basis: Vector, rng: np.random.Generator) -> Iterator[Vector]:
    for start in range(0, size, 5000):
        yield _faces(min(5000, size - start), basis, rng)


def _faces(count: int, basis: Vector, rng: np.random.Generator) -> Vector:
    """(count, 128) float32 unit vectors, spread mostly over DIRECTIONS dimensions."""
    spread = rng.normal(size=(count, DIRECTIONS)) @ basis
    noise = rng.normal(size=(count, DIMENSIONS)) * 0.3 * np.sqrt(DIRECTIONS)
    vectors = spread + noise
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _probes(model: EmbeddingModel, count: int, rng: np.random.Generator) -> list[Vector]:
    """Those of odd number are somebody's face on another day, the others strangers."""
    stored = list(model.templates.order_by("?").values_list("vector", flat=True)[:count])
    probes = []
    for number, vector in enumerate(stored):
        other = rng.normal(size=DIMENSIONS)
        other /= np.linalg.norm(other)
        weight = GENUINE_DISTANCE if number % 2 else 5.0
        mixed = vector + weight * other
        probes.append(np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32))
    return probes


def _index(model: EmbeddingModel) -> None:
    """As search.ensure_index builds it, but inside the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the index may not wait for them
        cursor.execute(search.index_sql(model, concurrently=False))
        cursor.execute("ANALYZE people_template")


def _ask(probes: Sequence[Vector], model: EmbeddingModel) -> tuple[float, list[int]]:
    """Median milliseconds of a search, and whom each found."""
    search.nearest(probes[0], model=model)
    times, nearest = [], []
    for probe in probes:
        started = time.perf_counter()
        found = search.nearest(probe, model=model)
        times.append((time.perf_counter() - started) * 1000)
        nearest.append(found[0].who.pk)
    return statistics.median(times), nearest
