"""What the people take on disk, measured; and what that comes to for many more, with its price."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from people.models import EmbeddingModel

SIZES = (100_000, 1_000_000, 10_000_000, 100_000_000)
HOURS = 730  # of a month
PHOTOS, PHOTO_BYTES = 3, 200_000  # of a person; and of one of them, which is stored as a JPEG
SPARE_MEMORY = 1.5  # times what is searched: room for the system and for building the index
SPARE_DISK = 2  # times what is stored: room for the log, a dump, an index built beside the last
_LEAST_GB = 4


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes of a person. keys: every index of the table but the one that searches walk."""

    template: float
    template_keys: float
    person: float
    person_keys: float
    index: float

    @property
    def searched(self) -> float:
        return self.template + self.template_keys + self.person + self.person_keys + self.index

    @property
    def stored(self) -> float:
        """With the embedding of each photo, whose row is as large as a template's."""
        return self.searched + PHOTOS * (self.template + self.template_keys)


@dataclass(frozen=True, slots=True)
class Prices:
    """In any currency. memory: of a machine, for each GB of it and hour. disk, photos: of a GB and
    month."""

    memory: float
    disk: float
    photos: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one machine with the database, computed linearly. month: its price with disk and photos.

    build_hours: of that machine, once, if building takes no longer for each person than it did.
    """

    people: int
    index_gb: float
    searched_gb: float
    machine_gb: int
    disk_gb: float
    photos_gb: float
    build_hours: float
    month: float


def measure(model: EmbeddingModel, people: int, index_bytes: float) -> Footprint:
    """Of the people of this model, in tables of their own: those they are in may have gaps.

    Within a transaction; the tables end with it.
    """
    template = _copied("people_template", "model_id = %s", model.pk)
    person = _copied(
        "people_person", "id IN (SELECT person_id FROM people_template WHERE model_id = %s)",
        model.pk,
    )  # fmt: skip
    return Footprint(*(size / people for size in (*template, *person, index_bytes)))


def _copied(table: str, condition: str, model: int) -> tuple[int, int]:
    """Bytes of the rows, and of their keys. The searched index is left out of the copy: it would
    be built once more."""
    copy = f"footprint_{table}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {copy} (LIKE {table}) ON COMMIT DROP")
        for key in _keys(table):
            cursor.execute(key.replace(f" ON public.{table} ", f" ON pg_temp.{copy} "))
        cursor.execute(f"INSERT INTO {copy} SELECT * FROM {table} WHERE {condition}", [model])  # noqa: S608
        cursor.execute("SELECT pg_table_size(%s::regclass), pg_indexes_size(%s::regclass)",
                       [f"pg_temp.{copy}"] * 2)  # fmt: skip
        rows, keys = cursor.fetchone()
        cursor.execute(f"DROP TABLE {copy}")
    return rows, keys


def _keys(table: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' AND tablename = %s AND indexdef NOT LIKE '%%hnsw%%'",
            [table],
        )
        for (definition,) in cursor.fetchall():
            yield definition


def costs(
    footprint: Footprint, build_s: float, prices: Prices, sizes: Sequence[int] = SIZES
) -> list[Cost]:
    """build_s: seconds of building the index, for each person."""
    return [_cost(footprint, build_s, prices, people) for people in sizes]


def _cost(footprint: Footprint, build_s: float, prices: Prices, people: int) -> Cost:
    searched = footprint.searched * people / 1e9
    machine = max(_LEAST_GB, 2 ** math.ceil(math.log2(searched * SPARE_MEMORY)))
    disk = footprint.stored * people / 1e9 * SPARE_DISK
    photos = PHOTOS * PHOTO_BYTES * people / 1e9
    return Cost(
        people=people,
        index_gb=footprint.index * people / 1e9,
        searched_gb=searched,
        machine_gb=machine,
        disk_gb=disk,
        photos_gb=photos,
        build_hours=build_s * people / 3600,
        month=machine * HOURS * prices.memory + disk * prices.disk + photos * prices.photos,
    )
