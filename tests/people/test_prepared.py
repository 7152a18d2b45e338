"""Prepared statements behave as Django's own."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from people import prepared
from people.models import Gallery, Person

pytestmark = pytest.mark.django_db


def are_prepared(fragment: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
            [f"%{fragment}%"],
        )
        return int(cursor.fetchone()[0])


def test_the_server_keeps_the_plan() -> None:
    statement = "SELECT 'kept', %s::int + 1"
    assert [prepared.rows(statement, [value]) for value in (1, 2)] == [[("kept", 2)], [("kept", 3)]]
    assert are_prepared("'kept'") == 1


def test_what_goes_first_is_in_the_same_transaction() -> None:
    first = "SELECT set_config('face.test', 'there', true)"
    assert prepared.rows("SELECT current_setting('face.test', true)", first=first) == [("there",)]


def test_an_error_is_django_s_and_a_broken_transaction_refuses() -> None:
    Gallery.objects.create(name="North")
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.insert(Gallery(name="North"))
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            prepared.rows("SELECT 1")


def test_what_is_inserted_reads_back_as_it_was() -> None:
    ann = prepared.insert(
        Person(full_name="Ann", consent_method="written", consent_at=timezone.now())
    )
    stored = Person.objects.get(pk=ann.pk)
    fields = [field.attname for field in Person._meta.concrete_fields]
    assert {name: getattr(stored, name) for name in fields} == {
        name: getattr(ann, name) for name in fields
    }
    assert stored.created_at is not None
    ann.full_name = "Anna"
    ann.save()  # it counts as stored
    assert Person.objects.get().full_name == "Anna"


def test_rows_become_models_again() -> None:
    ann, bob = (Person.objects.create(full_name=name) for name in ("Ann", "Bob"))
    statement = f"""
        SELECT {prepared.columns(Person, "a")}, b.id FROM people_person a, people_person b
        WHERE a.id = %s AND b.id = %s
    """  # noqa: S608  of column names
    values = iter(prepared.rows(statement, [ann.pk, bob.pk])[0])
    first, second = prepared.next_of(Person, values), prepared.next_of(Person, values, ["id"])
    assert (first, second) == (ann, bob)
    assert first.full_name == "Ann"
    assert second.full_name == "Bob"  # read when it is asked for
