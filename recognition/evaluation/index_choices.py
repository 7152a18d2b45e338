"""What the index could be made of: several graphs over the same people, one after the other.

Everything happens in one transaction that is rolled back; synthetic people, real SQL.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from psycopg import sql

from people.models import EmbeddingModel
from people.vectors import Vector
from recognition import search
from recognition.evaluation import filling
from recognition.evaluation.filling import Maker
from recognition.search import Graph


@dataclass(frozen=True, slots=True)
class Measured:
    """build_s: seconds. mb: millions of bytes. ms: the median of a search at this reach.

    How often it finds whom exact search does: recall_mated, for probes of enrolled people, and
    recall_stranger.
    """

    graph: Graph
    reach: int
    build_s: float
    mb: float
    ms: float
    recall_mated: float
    recall_stranger: float


class _Undo(Exception):
    """Ends the transaction without keeping anything."""


def measure(
    make: Maker,
    people: int,
    graphs: Sequence[Graph],
    *,
    reach: int,
    probes: int,
    progress: Callable[[int], object],
) -> list[Measured]:
    """In the order of the graphs. probes: half of enrolled people, half of strangers. progress:
    told of people made."""
    found: list[Measured] = []
    try:
        with transaction.atomic():
            model = filling.a_model("index choices", make.population.dimensions)
            keys = np.array(filling.fill(model, make, people, progress))
            templates = make.so_far()
            some = [make.probes_of_some()[: probes // 2], make.strangers(probes // 2)]
            exact = [keys[(each @ templates.T).argmax(axis=1)] for each in some]
            found = [_measured(model, graph, reach, some, exact) for graph in graphs]
            raise _Undo
    except _Undo:
        return found


def _measured(
    model: EmbeddingModel,
    graph: Graph,
    reach: int,
    probes: Sequence[Vector],
    exact: Sequence[NDArray[np.int64]],
) -> Measured:
    name, started = search.index_name(model, graph), time.monotonic()
    with connection.cursor() as cursor:
        with search.memory_to_build(model):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the index may not wait for them
            cursor.execute(search.index_sql(model, concurrently=False, graph=graph))
        took = time.monotonic() - started
        filling.analyze()
        cursor.execute("SELECT pg_relation_size(%s) / 1e6", [name])
        megabytes = float(cursor.fetchone()[0])
        model.search_index = name
        times: list[float] = []
        recalls = [
            float(np.mean([_first(probe, model, reach, times) for probe in some] == nearest))
            for some, nearest in zip(probes, exact, strict=True)
        ]
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return Measured(graph, reach, took, megabytes, statistics.median(times), *recalls)


def _first(probe: Vector, model: EmbeddingModel, reach: int, times: list[float]) -> int:
    started = time.perf_counter()
    found = search.nearest(probe, model=model, reach=reach)
    times.append((time.perf_counter() - started) * 1000)
    return found[0].who.pk
