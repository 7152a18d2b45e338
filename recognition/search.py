"""The nearest people, in SQL.

Small pools are searched exactly. Beyond EXACT_LIMIT people a partial HNSW index proposes who is
near: one for each embedding model, over a cast, so that models of different dimensions share the
table. It holds numbers of half precision; those it proposes are then compared exactly. The
iterative scan goes on until enough rows pass the filters. It passes by some of those who are few in
a large whole, so they are compared exactly, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Literal

from django.db import DEFAULT_DB_ALIAS, connection
from psycopg import sql

from people import prepared
from people.models import EmbeddingModel, Gallery, Person
from people.vectors import Vector
from recognition.matching import Candidate
from recognition.thresholds import pool_size

# Up to here comparing with everybody takes a few milliseconds and misses nobody; beyond, the index
# answers several times faster and finds the same enrolled people: `manage.py bench_search`.
EXACT_LIMIT = 5_000
# So is a gallery of up to so many that is a small share of everybody, one in so many: the walk
# through everybody's graph finds few of its members, and takes as long.
EXACT_GALLERY, SMALL_SHARE = 50_000, 20
# How many neighbours the walk through the graph keeps: (up to so many people, so many). More find
# better and take longer; with these the index finds whom exact search does, by the same command.
REACH = ((20_000, 80), (200_000, 200))
FARTHEST = 600
# How many more than asked for the index proposes: half precision moves a distance by 2e-4, so
# that people so near each other may swap places.
SPARE = 8

# pgvector's m and ef_construction: how many neighbours a node has, and how many candidates are
# looked at for them. With these and half precision the index is about as large as the vectors.
# Measured: docs/adr/0009-half-precision-index.md
LINKS, CANDIDATES = 20, 200
Kind = Literal["half", "single"]  # precision of the numbers in the index
# Whoever read a model's row before another index took over may go on with the old for so long.
_INDEX_KEPT_FOR = "1 minute"


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
    among: Sequence[int] | None = None,
    reach: int | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> list[Candidate[Found]]:
    """The `limit` people whose templates are nearest, nearest first, each once.

    galleries: who is looked for must be in one of them; none means everybody. among: and be one of
    these few. reach: as REACH, which says it by the number of people when None. using: the database
    that is asked.
    probe: (d,) float32 of unit L2 norm under `model`. Distances are ‖a−b‖₂.
    """
    exact = not model.search_index or among is not None or _is_small(model, galleries)
    query = _query(model, exact=exact, galleries=galleries, also_inactive=also_inactive,
                   apart_from=apart_from, among=among, limit=limit)  # fmt: skip
    values: dict[str, int | str | list[int] | None] = {
        "probe": "[" + ",".join(map(repr, probe.tolist())) + "]",
        "galleries": [gallery.pk for gallery in galleries],
        "apart": apart_from.pk if apart_from else None,
        "among": list(among or []),
    }
    settings = "" if exact else _scan_settings(reach or _reach(pool_size(model)))
    rows = prepared.rows(query, values, using=using, first=settings)
    return [
        Candidate(who=Found(pk=pk, public_id=str(public_id), name=name), distance=float(distance))
        for pk, public_id, name, distance in rows
    ]


def _is_small(model: EmbeddingModel, galleries: Sequence[Gallery]) -> bool:
    if not galleries:
        return False
    members = pool_size(model, galleries)
    if members > EXACT_LIMIT:
        return members <= EXACT_GALLERY and members * SMALL_SHARE <= pool_size(model)
    return True


def _reach(people: int) -> int:
    return next((reach for most, reach in REACH if people <= most), FARTHEST)


@cache
def _scan_settings(reach: int) -> str:
    """Local to the transaction. The two large bounds let the scan go on until it is done."""
    return f"""
        SELECT set_config('hnsw.ef_search', '{reach}', true),
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
    among: Sequence[int] | None,
    limit: int,
) -> sql.Composed:
    """Without the cast the index is over, it cannot be used, so the search is exact.

    The model is part of the statement: a plan for any model could use the index of none.
    """
    cast = sql.SQL("") if exact else _indexed_cast(model)
    filters: list[sql.Composable] = [sql.SQL("t.model_id = {}").format(sql.Literal(model.pk))]
    if not also_inactive:
        filters.append(sql.SQL("p.is_active"))
    if galleries:
        filters.append(
            sql.SQL(
                "EXISTS (SELECT 1 FROM people_person_galleries g"
                " WHERE g.person_id = p.id AND g.gallery_id = ANY(%(galleries)s::bigint[]))"
            )
        )
    if apart_from is not None:
        filters.append(sql.SQL("p.id <> %(apart)s::bigint"))
    if among is not None:
        filters.append(sql.SQL("p.id = ANY(%(among)s::bigint[])"))
    return sql.SQL(
        "SELECT id, public_id, full_name, distance FROM ("
        " SELECT p.id, p.public_id, p.full_name,"
        " t.vector <-> %(probe)s::vector({dimensions}) AS distance"
        " FROM people_template t JOIN people_person p ON p.id = t.person_id"
        " WHERE {filters} ORDER BY t.vector{cast} <-> %(probe)s::vector({dimensions}){cast}"
        " LIMIT {proposed}"
        ") proposed ORDER BY distance LIMIT {limit}"
    ).format(
        cast=cast,
        dimensions=sql.Literal(model.dimensions),
        filters=sql.SQL(" AND ").join(filters),
        proposed=sql.Literal(limit if exact else limit + SPARE),
        limit=sql.Literal(limit),
    )


@dataclass(frozen=True, slots=True)
class Graph:
    """What an index is made of."""

    kind: Kind
    links: int
    candidates: int


def in_use() -> Graph:
    return Graph("half", LINKS, CANDIDATES)


def index_name(model: EmbeddingModel, graph: Graph | None = None) -> str:
    """It says what the index is made of: with other parameters it is another index."""
    graph = graph or in_use()
    return f"people_template_hnsw_{model.pk}_{graph.kind}_{graph.links}_{graph.candidates}"


def _indexed_cast(model: EmbeddingModel) -> sql.Composed:
    """What the index that serves this model now is over."""
    # Those of earlier versions, as in people_template_hnsw_7, are over single precision.
    cast = "::halfvec({})" if "_half_" in model.search_index else "::vector({})"
    return sql.SQL(cast).format(sql.Literal(model.dimensions))


def ensure_index(model: EmbeddingModel) -> bool:
    """Build the model's index if its people have outgrown exact search. True when built now.

    Built concurrently: searches and enrolments go on, and searches go on with an index of an
    earlier definition until the new one is complete. One left invalid by a crash is dropped first.
    """
    if not model.templates.values_list("id")[EXACT_LIMIT : EXACT_LIMIT + 1].exists():
        return False
    with connection.cursor() as cursor:
        # One builder at a time; the others need not wait for it.
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('hnsw'), %s)", [model.pk])
        if not cursor.fetchone()[0]:
            return False
        try:
            is_new = _build_index(model)
            if not is_new:
                _drop_outdated(model)
            return is_new
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('hnsw'), %s)", [model.pk])


def _build_index(model: EmbeddingModel) -> bool:
    name, is_valid = index_name(model), _is_valid(model)
    if not is_valid:
        if is_valid is False:
            _drop(name)
        with memory_to_build(model), connection.cursor() as cursor:
            cursor.execute(index_sql(model, concurrently=True))
    EmbeddingModel.objects.filter(pk=model.pk).exclude(search_index=name).update(search_index=name)
    model.search_index = name
    return not is_valid


@contextmanager
def memory_to_build(model: EmbeddingModel) -> Iterator[None]:
    """A graph that outgrows maintenance_work_mem takes many times longer to build.

    Never more than a quarter of what the server says the machine has for caching.
    """
    bytes_a_node = 2 * model.dimensions + 2 * LINKS * 16 + 200
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('maintenance_work_mem', greatest("
            " pg_size_bytes(current_setting('maintenance_work_mem')),"
            " least(%s, pg_size_bytes(current_setting('effective_cache_size')) / 4)"
            ") / 1024 || 'kB', false)",
            [round(model.templates.count() * bytes_a_node * 1.2)],
        )
        try:
            yield
        finally:
            cursor.execute("RESET maintenance_work_mem")


def _drop_outdated(model: EmbeddingModel) -> None:
    """Drop indexes of earlier definitions, once nobody reads them any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.indexrelname FROM pg_stat_user_indexes s"
            " WHERE s.relid = 'people_template'::regclass"
            " AND s.indexrelname ~ %s AND s.indexrelname <> %s"
            " AND coalesce(s.last_idx_scan, '-infinity') < now() - %s::interval",
            [f"^people_template_hnsw_{model.pk}(_|$)", index_name(model), _INDEX_KEPT_FOR],
        )
        for (name,) in cursor.fetchall():
            _drop(name)


def _drop(name: str) -> None:
    with connection.cursor() as cursor:
        drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")
        cursor.execute(drop.format(sql.Identifier(name)))


def index_sql(
    model: EmbeddingModel, *, concurrently: bool, graph: Graph | None = None
) -> sql.Composed:
    """graph: another than searches use, to be measured."""
    graph = graph or in_use()
    kind = "halfvec" if graph.kind == "half" else "vector"
    return sql.SQL(
        "CREATE INDEX {concurrently} {name} ON people_template"
        " USING hnsw ((vector::{kind}({dimensions})) {operators})"
        " WITH (m = {links}, ef_construction = {candidates}) WHERE model_id = {model}"
    ).format(
        concurrently=sql.SQL("CONCURRENTLY" if concurrently else ""),
        name=sql.Identifier(index_name(model, graph)),
        kind=sql.SQL(kind),
        operators=sql.SQL(f"{kind}_l2_ops"),
        dimensions=sql.Literal(model.dimensions),
        links=sql.Literal(graph.links),
        candidates=sql.Literal(graph.candidates),
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
    """Of a model nobody searches any more. Without a wait for searches that still read it."""
    EmbeddingModel.objects.filter(pk=model.pk).update(search_index="")
    in_service, model.search_index = model.search_index, ""
    for name in {index_name(model), in_service} - {""}:
        _drop(name)


def _is_valid(model: EmbeddingModel) -> bool | None:
    """Of the model's index; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)",
            [index_name(model)],
        )
        row = cursor.fetchone()
    return bool(row[0]) if row else None
