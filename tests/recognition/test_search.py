"""Both ways of searching, and the index one of them reads."""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import DataError, connection, transaction
from psycopg import sql
from pytest_django import DjangoDbBlocker

from people import prepared
from people.models import EmbeddingModel, Gallery, Person, Template
from people.vectors import Vector
from recognition import search

PEOPLE = 400


def vectors(count: int, seed: int = 0) -> Vector:
    found = np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def fill(model: EmbeddingModel, rows: Vector, *, is_active: bool = True) -> list[Person]:
    people = Person.objects.bulk_create(
        Person(full_name=f"P{number}", is_active=is_active) for number in range(len(rows))
    )
    Template.objects.bulk_create(
        Template(person=person, model=model, vector=row, photos=1)
        for person, row in zip(people, rows, strict=True)
    )
    return people


def build_index(model: EmbeddingModel) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(search.index_sql(model, concurrently=False))
        cursor.execute("ANALYZE people_template")
        # So few rows would be read one by one.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    model.search_index = search.index_name(model)


def nearest(probe: Vector, model: EmbeddingModel, **more: object) -> list[int]:
    found = search.nearest(probe, model=model, **more)  # type: ignore[arg-type]
    return [candidate.who.pk for candidate in found]


def index_scans(model: EmbeddingModel) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT pg_stat_get_xact_numscans(to_regclass(%s))", [search.index_name(model)]
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def model(db: None) -> EmbeddingModel:
    return EmbeddingModel.objects.current()


def test_the_index_answers_as_exact_search_does(model: EmbeddingModel) -> None:
    rows = vectors(PEOPLE)
    fill(model, rows)
    probes = vectors(20, seed=1)
    exact = [nearest(probe, model, limit=3) for probe in probes]
    build_index(model)
    indexed = [nearest(probe, model, limit=3) for probe in probes]
    assert index_scans(model) >= len(probes)
    assert indexed == exact


def test_people_who_do_not_count_never_hide_somebody(model: EmbeddingModel) -> None:
    """More inactive people lie nearer than the walk through the graph keeps at once."""
    rows = vectors(PEOPLE)
    probe = rows[0]
    order = np.argsort(np.linalg.norm(rows - probe, axis=1))
    fill(model, rows[order[:-1]], is_active=False)
    (farthest,) = fill(model, rows[order[-1:]])
    build_index(model)
    assert search._reach(PEOPLE) < PEOPLE
    assert nearest(probe, model) == [farthest.pk]
    assert index_scans(model) > 0


def test_a_small_gallery_is_searched_exactly_beside_an_index(model: EmbeddingModel) -> None:
    people = fill(model, vectors(PEOPLE))
    north = Gallery.objects.create(name="North")
    north.people.set(people[:2])
    build_index(model)
    before = index_scans(model)
    found = nearest(vectors(1, seed=2)[0], model, galleries=[north])
    assert set(found) == {person.pk for person in people[:2]}
    assert index_scans(model) == before


def test_people_half_precision_cannot_tell_apart_are_put_in_exact_order(
    model: EmbeddingModel,
) -> None:
    probe, aside = vectors(2)
    steps = [1e-5 * number for number in range(search.SPARE)]
    rows = np.stack([probe + step * aside for step in reversed(steps)])
    people = fill(model, np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True)))
    build_index(model)
    assert nearest(probe, model, limit=3) == [person.pk for person in people[:-4:-1]]
    assert index_scans(model) == 1


def test_a_large_gallery_is_searched_through_the_index(
    model: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "EXACT_LIMIT", 10)
    people = fill(model, vectors(PEOPLE))
    north = Gallery.objects.create(name="North")
    north.people.set(people[::10])
    probes = vectors(5, seed=3)
    exact = [nearest(probe, model, galleries=[north]) for probe in probes]
    build_index(model)
    assert [nearest(probe, model, galleries=[north]) for probe in probes] == exact
    assert index_scans(model) == len(probes)


def test_only_these_few_are_compared(model: EmbeddingModel) -> None:
    people = fill(model, vectors(PEOPLE))
    build_index(model)
    few = [person.pk for person in people[:3]]
    assert set(nearest(vectors(1, seed=4)[0], model, limit=5, among=few)) == set(few)
    assert nearest(vectors(1)[0], model, among=[]) == []


def test_vectors_of_two_models_are_never_compared(model: EmbeddingModel) -> None:
    rows = vectors(2)
    fill(model, rows[:1])
    other = EmbeddingModel.objects.create(
        name="other",
        recipe={},
        dimensions=3,
        verify_threshold=1,
        recognize_threshold=0.8,
        outlier_threshold=1.2,
    )
    (person,) = fill(other, np.eye(3, dtype=np.float32)[:1])
    assert nearest(np.eye(3, dtype=np.float32)[0], other) == [person.pk]
    assert len(nearest(rows[0], model)) == 1


def test_no_index_is_built_while_exact_search_is_cheaper(model: EmbeddingModel) -> None:
    fill(model, vectors(3))
    assert not search.ensure_index(model)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Without a transaction around the test: an index is built concurrently only so."""
    with django_db_blocker.unblock():
        yield
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE people_person CASCADE")
        connection.close()


@pytest.fixture
def outgrown(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingModel]:
    """A model whose people have outgrown exact search, without an index yet."""
    monkeypatch.setattr(search, "EXACT_LIMIT", 10)
    model = EmbeddingModel.objects.current()
    fill(model, vectors(11))
    yield model
    with connection.cursor() as cursor:
        for name in index_states(model):
            cursor.execute(f'DROP INDEX "{name}"')
    EmbeddingModel.objects.update(search_index="")


def index_states(model: EmbeddingModel) -> dict[str, bool]:
    """Every index of this model, and whether it is complete."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
            " WHERE indexrelid::regclass::text LIKE %s",
            [f"people_template_hnsw_{model.pk}%"],
        )
        return dict(cursor.fetchall())


def old_index(model: EmbeddingModel) -> str:
    """As earlier versions built it, in service."""
    name = f"people_template_hnsw_{model.pk}"
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE INDEX "{name}" ON people_template'
            f" USING hnsw ((vector::vector(128)) vector_l2_ops) WHERE model_id = {model.pk}"
        )
    EmbeddingModel.objects.update(search_index=name)
    model.refresh_from_db()
    return name


def plan(model: EmbeddingModel) -> str:
    """How a search would be answered, if reading row by row were dear."""
    asked: list[tuple[Any, Any]] = []

    def note(execute: Any, query: Any, values: Any, *how: Any) -> Any:
        asked.append((query, values))
        return execute(query, values, *how)

    with connection.execute_wrapper(note):
        search.nearest(vectors(1)[0], model=model)
    query, values = asked[-1]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(sql.SQL("EXPLAIN {}").format(query), values)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_the_index_is_built_once_beyond_the_limit(outgrown: EmbeddingModel) -> None:
    assert search.ensure_index(outgrown)
    assert index_states(outgrown) == {search.index_name(outgrown): True}
    assert not search.ensure_index(outgrown)
    assert EmbeddingModel.objects.current().search_index == search.index_name(outgrown)


def test_an_index_a_crash_left_invalid_is_built_again(outgrown: EmbeddingModel) -> None:
    name = search.index_name(outgrown)
    # A wrong dimension fails half-way, as a crash would.
    with pytest.raises(DataError), connection.cursor() as cursor:
        cursor.execute(
            f'CREATE INDEX CONCURRENTLY "{name}" ON people_template'
            " USING hnsw ((vector::vector(7)) vector_l2_ops)"
        )
    assert index_states(outgrown) == {name: False}
    assert search.ensure_index(outgrown)
    assert index_states(outgrown) == {name: True}


def test_an_earlier_index_serves_until_the_new_one_is_complete(outgrown: EmbeddingModel) -> None:
    old = old_index(outgrown)
    assert f"Index Scan using {old} " in plan(outgrown)
    expected = nearest(vectors(1, seed=5)[0], outgrown)
    before = EmbeddingModel.objects.current()

    assert search.ensure_index(outgrown)
    # Whoever read the model's row before still finds the index it names.
    assert f"Index Scan using {old} " in plan(before)
    after = EmbeddingModel.objects.current()
    assert f"Index Scan using {search.index_name(outgrown)} " in plan(after)
    assert nearest(vectors(1, seed=5)[0], after) == expected


def test_an_installation_with_an_earlier_index_goes_on_with_it(outgrown: EmbeddingModel) -> None:
    old = old_index(outgrown)
    EmbeddingModel.objects.update(search_index="")
    migration = importlib.import_module("people.migrations.0005_search_index")
    with connection.cursor() as cursor:
        cursor.execute(migration.TAKE_OVER)
    assert EmbeddingModel.objects.current().search_index == old


def test_an_earlier_index_is_dropped_once_nobody_reads_it(
    outgrown: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_index(outgrown), search.index_name(outgrown)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        search.nearest(vectors(1)[0], model=outgrown)
        cursor.execute("SELECT pg_stat_force_next_flush()")
    search.ensure_index(outgrown)
    search.ensure_index(outgrown)
    assert index_states(outgrown) == {old: True, new: True}  # read within the last minute
    monkeypatch.setattr(search, "_INDEX_KEPT_FOR", "0 seconds")
    search.ensure_index(outgrown)
    assert index_states(outgrown) == {new: True}


def test_building_takes_the_memory_it_needs_and_gives_it_back(
    outgrown: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def memory() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_size_bytes(current_setting('maintenance_work_mem'))")
            return int(cursor.fetchone()[0])

    before = memory()
    monkeypatch.setattr(search, "LINKS", 10_000_000)  # eleven people need 4 GB
    with search.memory_to_build(outgrown):
        assert memory() > before
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_size_bytes(current_setting('effective_cache_size')) / 4")
            assert memory() <= max(cursor.fetchone()[0], before)
    assert memory() == before


@pytest.mark.usefixtures("committed")
def test_how_the_index_is_read_holds_for_the_search_and_no_longer() -> None:
    asked = "SELECT current_setting('hnsw.ef_search')"
    assert prepared.rows(asked, first=search._scan_settings(77)) == [("77",)]
    assert prepared.rows(asked) == [("40",)]


def test_the_walk_goes_farther_among_more_people() -> None:
    reaches = [search._reach(people) for people in (1, 20_000, 20_001, 200_000, 200_001, 10**9)]
    assert reaches == sorted(reaches)
    assert len(set(reaches)) == len(search.REACH) + 1
