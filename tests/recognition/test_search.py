"""Both ways of searching, and the index one of them reads."""

from collections.abc import Iterator

import numpy as np
import pytest
from django.db import DataError, connection
from psycopg import sql
from pytest_django import DjangoDbBlocker

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
    assert search.EF_SEARCH < PEOPLE
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


def index_states(model: EmbeddingModel) -> list[bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)",
            [search.index_name(model)],
        )
        return [is_valid for (is_valid,) in cursor.fetchall()]


@pytest.mark.usefixtures("committed")
def test_the_index_is_built_once_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXACT_LIMIT", 10)
    model = EmbeddingModel.objects.current()
    fill(model, vectors(11))
    try:
        assert search.ensure_index(model)
        assert index_states(model) == [True]
        assert not search.ensure_index(model)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP INDEX IF EXISTS "{search.index_name(model)}"')


@pytest.mark.usefixtures("committed")
def test_an_index_a_crash_left_invalid_is_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXACT_LIMIT", 10)
    model = EmbeddingModel.objects.current()
    fill(model, vectors(11))
    name = search.index_name(model)
    try:
        # A wrong dimension fails half-way, as a crash would.
        with pytest.raises(DataError), connection.cursor() as cursor:
            cursor.execute(
                f'CREATE INDEX CONCURRENTLY "{name}" ON people_template'
                " USING hnsw ((vector::vector(7)) vector_l2_ops)"
            )
        assert index_states(model) == [False]
        assert search.ensure_index(model)
        assert index_states(model) == [True]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP INDEX IF EXISTS "{name}"')


@pytest.mark.usefixtures("committed")
def test_how_the_index_is_read_holds_for_the_search_and_no_longer() -> None:
    asked = sql.SQL("SELECT current_setting('hnsw.ef_search')")
    assert search._rows(asked, {}, settings=search._SCAN_SETTINGS) == [(str(search.EF_SEARCH),)]
    assert search._rows(asked, {}, settings=None) == [("40",)]
