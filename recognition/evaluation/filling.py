"""Many made-up people in the database within seconds: by COPY, past the ORM."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from people.models import EmbeddingModel, Gallery
from people.vectors import Vector
from recognition.evaluation.population import Population

CHUNK = 20_000
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_END = struct.pack(">h", -1)


class Maker:
    """Gives the next templates of a population, and remembers them and some people to ask for."""

    def __init__(self, population: Population, seed: int) -> None:
        self.population = population
        self._rng = np.random.default_rng(seed)
        self._made: list[Vector] = []
        self._some: list[Vector] = []

    def __call__(self, count: int) -> Vector:
        people = self.population.people(count, self._rng)
        self._some.append(people[:200])
        self._made.append(self.population.templates(people, self._rng))
        return self._made[-1]

    def so_far(self) -> Vector:
        """(n, d) float32: every template, in the order of `fill`."""
        return np.concatenate(self._made)

    def probes_of_some(self) -> Vector:
        """A photo of each of some of the people made, evenly spread over them, in random order."""
        probes = self.population.probes(np.concatenate(self._some), self._rng)
        return self._rng.permutation(probes)

    def probes_of(self, numbers: NDArray[np.int64]) -> Vector:
        """A photo of each of these people, by their place in the order of `fill`; drawn around
        their templates, since who they are is remembered of some only."""
        return self.population.probes(self.so_far()[numbers], self._rng)

    def strangers(self, count: int) -> Vector:
        """A photo each of people who are not among them."""
        return self.population.probes(self.population.people(count, self._rng), self._rng)


def a_model(name: str, dimensions: int) -> EmbeddingModel:
    """A model that is not in use, for templates nobody is recognized by."""
    return EmbeddingModel.objects.create(
        name=name,
        recipe={},
        dimensions=dimensions,
        verify_threshold=1.0,
        recognize_threshold=0.8,
        outlier_threshold=1.1,
    )


def fill(
    model: EmbeddingModel,
    templates: Callable[[int], Vector],
    count: int,
    progress: Callable[[int], object] = lambda _made: None,
) -> list[int]:
    """Add `count` people with a template each; their ids, in order.

    templates: asked for the next n, gives (n, d) float32 of unit L2 norm.
    """
    ids: list[int] = []
    while len(ids) < count:
        vectors = templates(min(CHUNK, count - len(ids)))
        made = _add_people(len(vectors))
        add_templates(model, made, vectors)
        ids += made
        progress(len(made))
    analyze()
    return ids


def analyze() -> None:
    """What the database does by itself a little later."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE people_template, people_person, people_person_galleries")


def add_to_gallery(gallery: Gallery, people: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_person_galleries (gallery_id, person_id)"
            " SELECT %s, unnest(%s::bigint[])",
            [gallery.pk, list(people)],
        )


def _add_people(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_person"
            " (public_id, full_name, is_active, consent_method, created_at, updated_at)"
            " SELECT gen_random_uuid(), 'Synthetic ' || n, true, '', now(), now()"
            " FROM generate_series(1, %s) n RETURNING id",
            [count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def add_templates(model: EmbeddingModel, people: Sequence[int], vectors: Vector) -> None:
    """One for each of these people. vectors: (n, d) float32 of unit L2 norm."""
    with connection.cursor() as cursor:
        copy = (
            "COPY people_template (person_id, model_id, vector, photos, updated_at)"
            " FROM STDIN WITH (FORMAT binary)"
        )
        with cursor.copy(copy) as stream:
            stream.write(_HEADER + _rows(model, people, vectors) + _END)


def _rows(model: EmbeddingModel, people: Sequence[int], vectors: Vector) -> bytes:
    """PostgreSQL's binary rows: each field after its length. pgvector sends its dimensions first.

    Source: PostgreSQL's documentation of COPY, “Binary Format”, and pgvector's vector_recv.
    """
    dimensions = vectors.shape[1]
    vector = [("dimensions", ">i2"), ("unused", ">i2"), ("x", ">f4", dimensions)]
    fields = {
        "person": ">i8",
        "model": ">i8",
        "vector": vector,
        "photos": ">i4",
        "updated": ">i8",  # microseconds since 2000
    }
    layout: list[tuple[str, object]] = [("fields", ">i2")]
    for name, kind in fields.items():
        layout += [(f"{name} bytes", ">i4"), (name, kind)]
    rows = np.zeros(len(vectors), np.dtype(layout))
    rows["fields"] = len(fields)
    for name in fields:
        rows[f"{name} bytes"] = rows.dtype[name].itemsize
    rows["person"], rows["model"], rows["photos"] = people, model.pk, 1
    rows["vector"]["dimensions"], rows["vector"]["x"] = dimensions, vectors
    return rows.tobytes()
