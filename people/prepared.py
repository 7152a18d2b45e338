"""Statements that every request of every kiosk asks: prepared, so that each connection of the pool
reads and plans them once.

They go through Django's own wrapper, so a broken transaction and an error are what they are
elsewhere. DATABASES must allow it: `prepare_threshold` in its OPTIONS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import islice
from typing import Any, Self, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg import Cursor

Values = Mapping[str, Any] | Sequence[Any]
Row = TypeVar("Row", bound=Model)


class _Preparing(Cursor[Any]):
    """Values travel beside the statement, not inside it."""

    def execute(self, query: Any, params: Values | None = None, **_how: Any) -> Self:
        return super().execute(query, params, prepare=True)


def rows(
    statement: Any, values: Values = (), *, using: str = DEFAULT_DB_ALIAS, first: str = ""
) -> list[Any]:
    """All rows of a statement.

    first: another, without values, that goes before it in the same journey and the same
    transaction; what it gives is not read.
    """
    database = connections[using]
    database.ensure_connection()
    journey: AbstractContextManager[Any] = (
        database.connection.pipeline() if first else nullcontext()
    )
    with _cursor(database) as before, _cursor(database) as cursor, journey:
        if first:
            before.execute(first)
        cursor.execute(statement, values)
        found: list[Any] = cursor.fetchall()
    return found


def insert(row: Row) -> Row:
    """Save a new row, as `save` would without its signals."""
    statement, fields = _insertion(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    ((row.pk,),) = rows(statement, values)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


@cache
def _insertion(kind: type[Model]) -> tuple[str, list[Any]]:
    fields = [field for field in kind._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table, pk = kind._meta.db_table, kind._meta.pk.column
    return f'INSERT INTO "{table}" ({names}) VALUES ({places}) RETURNING "{pk}"', fields  # noqa: S608


def columns(kind: type[Model], alias: str) -> str:
    """All columns of a model, to be read again by `next_of`."""
    return ", ".join(f'{alias}."{field.column}"' for field in kind._meta.concrete_fields)


def next_of(kind: type[Row], values: Iterator[Any], names: Sequence[str] = ()) -> Row:
    """The next row's worth of values, as the model would read them. names: others are left out."""
    names = names or [field.attname for field in kind._meta.concrete_fields]
    return kind.from_db(DEFAULT_DB_ALIAS, names, list(islice(values, len(names))))


def _cursor(database: Any) -> CursorWrapper:
    wrapper: CursorWrapper
    if database.queries_logged:  # an ordinary one, so that the log shows statement and values
        wrapper = database.make_debug_cursor(database.connection.cursor())
    else:
        wrapper = database.make_cursor(_Preparing(database.connection))
    return wrapper
