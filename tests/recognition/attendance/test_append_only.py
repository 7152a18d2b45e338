"""What is on record cannot be emptied away; that it is not changed either is tested where it is
written."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

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
