"""Recognizing beside a real streaming replica: what it may say, and what it may not."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, connections, router
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from people.models import EmbeddingModel, Gallery, Person, Template
from people.services import deactivate, erase
from recognition import replicas
from recognition.replicas import REPLICA
from tests.recognition import standby
from tests.recognition.standby import Pair

PROBE = np.eye(128, dtype=np.float32)[0]


@pytest.fixture(scope="module")
def pair(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Pair]:
    with django_db_blocker.unblock(), standby.running() as running:
        yield running


@pytest.fixture
def site(pair: Pair, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Ann is nearest, then Bob; the replica knows them. A lag of an hour is allowed."""
    settings.REPLICA_DATABASE_URL = "postgres://the-replica/face"
    settings.REPLICA_MAX_LAG = timedelta(hours=1)
    for name in ("Ann", "Bob"):
        add(name)
    until_fresh(pair, monkeypatch)
    yield pair
    for person in Person.objects.all():
        erase(person=person)
    pair.catch_up()


def until_fresh(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL writes to its log by itself, too: it may be a moment behind when looked at."""
    for _ in range(100):
        pair.catch_up()
        monkeypatch.setattr(replicas, "freshness", replicas.Freshness())
        if replicas.freshness.is_fresh():
            return
    pytest.fail("the replica is never fresh")


def add(name: str) -> Person:
    """The later, the farther from PROBE."""
    person = Person.objects.create(full_name=name)
    vector = PROBE + 0.1 * Person.objects.count() * np.eye(128, dtype=np.float32)[1]
    Template.objects.create(
        person=person,
        model=EmbeddingModel.objects.current(),
        vector=vector / np.linalg.norm(vector),
        photos=1,
    )
    return person


def named(name: str) -> Person:
    return Person.objects.get(full_name=name)


def found(*galleries: Gallery) -> list[str]:
    model = EmbeddingModel.objects.current()
    nearest = replicas.nearest(PROBE, model=model, galleries=galleries, limit=2)
    return [candidate.who.name for candidate in nearest]


def searches_of_the_replica(*galleries: Gallery) -> tuple[int, list[str]]:
    with CaptureQueriesContext(connections[REPLICA]) as asked:
        names = found(*galleries)
    return sum("<->" in one["sql"] for one in asked), names


def test_the_replica_is_searched_when_it_is_fresh(site: Pair) -> None:
    assert searches_of_the_replica() == (1, ["Ann", "Bob"])


def test_a_person_deactivated_now_is_in_no_answer_though_the_replica_lags(site: Pair) -> None:
    site.pause()
    deactivate(person=named("Ann"))
    assert searches_of_the_replica() == (1, ["Bob"])


def test_a_person_erased_now_is_in_no_answer_though_the_replica_lags(site: Pair) -> None:
    site.pause()
    erase(person=named("Ann"))
    assert searches_of_the_replica() == (1, ["Bob"])


def test_a_person_taken_out_of_the_gallery_is_in_no_answer_of_it(site: Pair) -> None:
    north = Gallery.objects.create(name="North")
    north.people.set(Person.objects.all())
    site.catch_up()
    assert searches_of_the_replica(north) == (1, ["Ann", "Bob"])
    site.pause()
    north.people.remove(named("Ann"))
    assert searches_of_the_replica(north) == (1, ["Bob"])
    north.delete()


def test_distances_are_those_the_primary_knows(site: Pair) -> None:
    site.pause()
    far = Template.objects.get(person=named("Ann"))
    far.vector = -far.vector
    far.save()
    assert searches_of_the_replica() == (1, ["Bob", "Ann"])


def test_one_too_far_behind_is_not_asked(site: Pair, settings: Settings) -> None:
    settings.REPLICA_MAX_LAG = timedelta(0)
    site.pause()
    deactivate(person=named("Bob"))
    add("Cem")
    assert searches_of_the_replica() == (0, ["Ann", "Cem"])


def test_one_that_has_caught_up_is_asked_again(
    site: Pair, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REPLICA_MAX_LAG = timedelta(0)
    site.pause()
    add("Cem")
    assert not replicas.freshness.is_fresh()
    settings.REPLICA_MAX_LAG = timedelta(hours=1)
    until_fresh(site, monkeypatch)
    assert searches_of_the_replica()[0] == 1


def test_without_the_replica_the_primary_answers(
    site: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    site.replica.stop()
    try:
        connections[REPLICA].close()
        assert found() == ["Ann", "Bob"]
        assert found() == ["Ann", "Bob"]
        assert caplog.text.count("The replica failed a search") == 1  # not tried again at once
    finally:
        site.replica.start()
        connections[REPLICA].close()


def test_enrolment_and_the_rest_never_read_the_replica(site: Pair) -> None:
    assert router.db_for_read(Template) == router.db_for_write(Template) == connection.alias
    assert router.db_for_read(Template, may_lag=True) == REPLICA


def test_a_database_that_is_no_replica_is_not_asked(site: Pair) -> None:
    """As after a promotion: it would go its own way."""
    replica = connections[REPLICA]
    connections[REPLICA] = connections["default"]
    try:
        assert not replicas.Freshness().is_fresh()
    finally:
        connections[REPLICA] = replica


def test_migrations_go_to_the_primary_alone() -> None:
    assert router.allow_migrate(connection.alias, "people")
    assert not router.allow_migrate(REPLICA, "people")


def test_a_site_without_a_replica_reads_the_one_database() -> None:
    assert router.db_for_read(Template, may_lag=True) == connection.alias
