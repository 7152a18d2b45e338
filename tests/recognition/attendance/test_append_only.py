"""What is on record cannot be emptied away, nor who it is about; that nothing else of it is changed
is tested where it is written."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from people import services as people
from people.models import EmbeddingModel, Gallery, Person
from recognition.models import Attempt, AttendanceEvent, ModelChange
from tests.conftest import NO_TRUNCATE


@pytest.fixture
def as_installed(db: None) -> None:
    """The tests' own database has these triggers switched off."""
    with connection.cursor() as cursor:
        for table, trigger in NO_TRUNCATE.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


@pytest.mark.usefixtures("as_installed")
@pytest.mark.parametrize("table", [*NO_TRUNCATE, "people_person"])
def test_no_truncate_empties_the_record(table: str) -> None:
    """Nor one of a table that others refer to."""
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.usefixtures("as_installed")
def test_no_flush_empties_the_record() -> None:
    with pytest.raises(CommandError), transaction.atomic():
        call_command("flush", interactive=False, verbosity=0)


def as_if_committed() -> None:
    """The test's transaction never is."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def record(model: EmbeddingModel) -> dict[str, Model]:
    """Of each kind one row, with everything it can refer to."""
    ann, north = Person.objects.create(full_name="Ann"), Gallery.objects.create(name="North")
    hr = User.objects.create_user("hr")
    return {
        "attempt": Attempt.objects.create(
            purpose="verify", source="api", claimed=ann, found=ann, gallery=north, actor=hr,
            model=model, outcome="match", threshold=1, frames=1, duration_ms=1,
        ),
        "event": AttendanceEvent.objects.create(
            person=ann, direction="in", occurred_at="2026-01-30T08:00Z", source="correction",
            corrected_by=hr, correction_reason="Forgot",
        ),
        "change": ModelChange.objects.create(kind="activated", model=model, by=hr),
    }  # fmt: skip


LINKS = [
    *(("attempt", link) for link in ("claimed", "found", "gallery", "actor")),
    *(("event", link) for link in ("person", "corrected_by")),
    ("change", "by"),
]


@pytest.mark.parametrize(("kind", "link"), LINKS)
def test_nobody_who_is_still_there_is_taken_out(
    record: dict[str, Model], kind: str, link: str
) -> None:
    row = record[kind]

    @transaction.atomic
    def take_out() -> None:
        type(row)._default_manager.filter(pk=row.pk).update(**{link: None})
        as_if_committed()

    with pytest.raises(DatabaseError, match="append-only"):
        take_out()
    row.refresh_from_db()
    assert getattr(row, link) is not None


def test_who_is_erased_is_taken_out(record: dict[str, Model]) -> None:
    people.erase(person=Person.objects.get())
    Gallery.objects.all().delete()
    User.objects.all().delete()
    as_if_committed()
    for kind, link in LINKS:
        record[kind].refresh_from_db()
        assert getattr(record[kind], link) is None
