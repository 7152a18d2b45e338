"""What the index could be made of: several graphs over the same people, one after the other.

Everything happens in one transaction that is rolled back; synthetic people, real SQL.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from psycopg import sql

from people.models import EmbeddingModel
from people.vectors import Vector
from recognition import search
from recognition.evaluation import filling, search_speed
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
    with transaction.atomic():
        model = filling.a_model("index choices", make.population.dimensions)
        keys = np.array(filling.fill(model, make, people, progress))
        templates = make.so_far()
        some = [make.probes_of_some()[: probes // 2], make.strangers(probes // 2)]
        exact = [keys[(each @ templates.T).argmax(axis=1)] for each in some]
        found = [_measured(model, graph, reach, some, exact) for graph in graphs]
        transaction.set_rollback(True)
    return found


def _measured(
    model: EmbeddingModel,
    graph: Graph,
    reach: int,
    probes: Sequence[Vector],
    exact: Sequence[NDArray[np.int64]],
) -> Measured:
    name, times = search.index_name(model, graph), list[float]()
    took = search_speed.build(model, graph)
    model.search_index = name
    recalls = [
        float(np.mean([search_speed.ask(one, model, times, reach) for one in some] == nearest))
        for some, nearest in zip(probes, exact, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s) / 1e6", [name])
        megabytes = float(cursor.fetchone()[0])
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return Measured(graph, reach, took, megabytes, statistics.median(times), *recalls)
