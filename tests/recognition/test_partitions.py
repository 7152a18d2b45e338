"""The SQL of docs/scaling.md that splits the templates by gallery is the SQL that runs here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import connection

from people.models import EmbeddingModel, Gallery
from people.vectors import Vector
from recognition import search
from recognition.evaluation import filling, population
from recognition.evaluation.filling import Maker

PAGE = Path(settings.BASE_DIR) / "docs" / "scaling.md"
EACH = 300  # people of a gallery


@pytest.fixture(scope="module")
def statements() -> tuple[str, str]:
    """What splits the table, and what asks it."""
    section = PAGE.read_text().partition("\n## Partitions by gallery\n")[2].partition("\n## ")[0]
    split, ask = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    return split, ask


@pytest.fixture
def galleries(model: EmbeddingModel) -> dict[Gallery, Vector]:
    """Two, and the templates of their members; nobody is in both but the first of all."""
    made = Maker(population.typical(np.random.default_rng(3)), seed=3)
    people = filling.fill(model, made, 2 * EACH)
    north, south = (Gallery.objects.create(name=name) for name in ("North", "South"))
    filling.add_to_gallery(north, people[:EACH])
    filling.add_to_gallery(south, [people[0], *people[EACH:]])
    templates = made.so_far()
    return {north: templates[:EACH], south: np.concatenate([templates[:1], templates[EACH:]])}


@pytest.fixture
def is_split(galleries: dict[Gallery, Vector], statements: tuple[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements[0])
        cursor.execute("ANALYZE people_template_by_gallery")
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few would be read one by one


def asked(ask: str, probe: Vector, gallery: Gallery) -> list[Any]:
    text = "[" + ",".join(map(repr, probe.tolist())) + "]"
    with connection.cursor() as cursor:
        cursor.execute(ask, {"probe": text, "gallery": gallery.pk})
        found: list[Any] = cursor.fetchall()
        return found


@pytest.mark.usefixtures("is_split")
def test_the_nearest_in_a_partition_are_the_nearest_of_the_gallery(
    galleries: dict[Gallery, Vector], statements: tuple[str, str], model: EmbeddingModel
) -> None:
    for gallery, templates in galleries.items():
        for probe in templates[:20]:
            exactly = search.nearest(probe, model=model, galleries=[gallery])
            found = asked(statements[1], probe, gallery)
            assert [pk for pk, _distance in found[:2]] == [one.who.pk for one in exactly]
            assert found[0][1] == pytest.approx(0, abs=1e-3)


@pytest.mark.usefixtures("is_split")
def test_one_partition_is_asked_through_its_own_index(
    galleries: dict[Gallery, Vector], statements: tuple[str, str]
) -> None:
    north, south = galleries
    plan = "\n".join(
        row[0] for row in asked(f"EXPLAIN {statements[1]}", galleries[north][0], north)
    )
    assert f"Index Scan using people_template_gallery_{north.pk}_" in plan
    assert f"people_template_gallery_{south.pk}" not in plan
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_template_by_gallery")
        assert cursor.fetchone() == (2 * EACH + 1,)


def test_its_index_is_made_as_the_one_of_everybody(
    statements: tuple[str, str], model: EmbeddingModel
) -> None:
    ours = search.index_sql(model, concurrently=False).as_string(None)
    parameters = ours.partition("USING")[2].partition(" WHERE")[0]
    assert parameters in " ".join(statements[0].split())
