"""The nearest people, in SQL.

Small pools are searched exactly. Beyond EXACT_LIMIT people a partial HNSW index serves: one for
each embedding model, over `vector::vector(d)`, so that models of different dimensions share the
table. The iterative scan goes on until enough rows pass the filters, so a filter never hides
somebody who is near.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql

from people.models import EmbeddingModel, Gallery, Person
from people.vectors import Vector
from recognition.matching import Candidate
from recognition.thresholds import pool_size

# Up to here comparing with everybody takes a few milliseconds and misses nobody; beyond, the index
# answers several times faster and finds the same enrolled people: `manage.py bench_search`.
EXACT_LIMIT = 5_000
EF_SEARCH = 200  # how many neighbours the graph walk keeps; more find better and cost time


@dataclass(frozen=True, slots=True)
class Found:
    """A person as a search result."""

    pk: int
    public_id: str
    name: str


def nearest(
    probe: Vector,
    *,
    model: EmbeddingModel,
    galleries: Sequence[Gallery] = (),
    limit: int = 2,
    also_inactive: bool = False,
    apart_from: Person | None = None,
) -> list[Candidate[Found]]:
    """The `limit` people whose templates are nearest, nearest first, each once.

    galleries: who is looked for must be in one of them; none means everybody.
    probe: (d,) float32 of unit L2 norm under `model`. Distances are ‖a−b‖₂.
    """
    exact = bool(galleries) and pool_size(model, galleries) <= EXACT_LIMIT
    query = _query(model, exact=exact, galleries=galleries, also_inactive=also_inactive,
                   apart_from=apart_from)  # fmt: skip
    values: dict[str, int | str | list[int] | None] = {
        "probe": "[" + ",".join(repr(float(x)) for x in probe) + "]",
        "model": model.pk,
        "galleries": [gallery.pk for gallery in galleries],
        "apart": apart_from.pk if apart_from else None,
        "limit": limit,
    }
    rows = _rows(query, values, settings=None if exact else _SCAN_SETTINGS)
    return [
        Candidate(who=Found(pk=pk, public_id=str(public_id), name=name), distance=float(distance))
        for pk, public_id, name, distance in rows
    ]


def _rows(query: sql.Composable, values: dict[str, Any], *, settings: str | None) -> list[Any]:
    """All rows. With settings, both statements travel together, as one transaction."""
    with connection.cursor() as first, connection.cursor() as cursor:
        travel = connection.connection.pipeline() if settings else nullcontext()
        with travel:
            if settings:
                first.execute(settings)
            cursor.execute(query, values)
            rows: list[Any] = cursor.fetchall()
    return rows


# Local to the transaction. The two large bounds are what "never hides a match" means.
_SCAN_SETTINGS = f"""
    SELECT set_config('hnsw.ef_search', '{EF_SEARCH}', true),
           set_config('hnsw.iterative_scan', 'strict_order', true),
           set_config('hnsw.max_scan_tuples', '2147483647', true),
           set_config('hnsw.scan_mem_multiplier', '1000', true)
"""


def _query(
    model: EmbeddingModel,
    *,
    exact: bool,
    galleries: Sequence[Gallery],
    also_inactive: bool,
    apart_from: Person | None,
) -> sql.Composed:
    """The index is over the cast; without the cast it cannot be used, so the search is exact."""
    dimensions = sql.Literal(model.dimensions)
    column = sql.SQL("t.vector" if exact else "t.vector::vector({})").format(dimensions)
    filters = [sql.SQL("t.model_id = %(model)s")]
    if not also_inactive:
        filters.append(sql.SQL("p.is_active"))
    if galleries:
        filters.append(
            sql.SQL(
                "EXISTS (SELECT 1 FROM people_person_galleries g"
                " WHERE g.person_id = p.id AND g.gallery_id = ANY(%(galleries)s))"
            )
        )
    if apart_from is not None:
        filters.append(sql.SQL("p.id <> %(apart)s"))
    return sql.SQL(
        "SELECT p.id, p.public_id, p.full_name, {column} <-> %(probe)s::vector({dimensions})"
        " FROM people_template t JOIN people_person p ON p.id = t.person_id"
        " WHERE {filters} ORDER BY {column} <-> %(probe)s::vector({dimensions}) LIMIT %(limit)s"
    ).format(column=column, dimensions=dimensions, filters=sql.SQL(" AND ").join(filters))


def index_name(model: EmbeddingModel) -> str:
    return f"people_template_hnsw_{model.pk}"


def ensure_index(model: EmbeddingModel) -> bool:
    """Build the model's index if its people have outgrown exact search. True when built now.

    Built concurrently: searches and enrolments go on. An index left invalid by a crash is
    dropped first.
    """
    if not model.templates.values_list("id")[EXACT_LIMIT : EXACT_LIMIT + 1].exists():
        return False
    with connection.cursor() as cursor:
        # One builder at a time; the others need not wait for it.
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('hnsw'), %s)", [model.pk])
        if not cursor.fetchone()[0]:
            return False
        try:
            return _build_index(model)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('hnsw'), %s)", [model.pk])


def _build_index(model: EmbeddingModel) -> bool:
    is_valid = _is_valid(model)
    if is_valid:
        return False
    if is_valid is False:
        drop_index(model)
    with connection.cursor() as cursor:
        cursor.execute(index_sql(model, concurrently=True))
    return True


def index_sql(model: EmbeddingModel, *, concurrently: bool) -> sql.Composed:
    return sql.SQL(
        "CREATE INDEX {concurrently} {name} ON people_template"
        " USING hnsw ((vector::vector({dimensions})) vector_l2_ops) WHERE model_id = {model}"
    ).format(
        concurrently=sql.SQL("CONCURRENTLY" if concurrently else ""),
        name=sql.Identifier(index_name(model)),
        dimensions=sql.Literal(model.dimensions),
        model=sql.Literal(model.pk),
    )


def is_searchable(model: EmbeddingModel) -> bool:
    """Whether everybody under this model is found as fast as promised: few people, or an index."""
    is_small = not model.templates.values_list("id")[EXACT_LIMIT : EXACT_LIMIT + 1].exists()
    return is_small or _is_valid(model) is True


def has_index(model: EmbeddingModel) -> bool:
    return _is_valid(model) is not None


def index_state(model: EmbeddingModel) -> str:
    """exact (few people, none is needed), valid, building (or broken) or missing."""
    is_valid = _is_valid(model)
    if is_valid is None:
        return "exact" if is_searchable(model) else "missing"
    return "valid" if is_valid else "building"


def drop_index(model: EmbeddingModel) -> None:
    """Without a wait for searches that read it."""
    with connection.cursor() as cursor:
        name = sql.Identifier(index_name(model))
        cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name))


def _is_valid(model: EmbeddingModel) -> bool | None:
    """Of the model's index; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)",
            [index_name(model)],
        )
        row = cursor.fetchone()
    return bool(row[0]) if row else None
