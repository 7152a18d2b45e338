"""Recognizing over HTTP, end to end, beside deepface on galleries of the same size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
from django.conf import settings
from django.db import connection

from people.images import Photo
from people.models import EmbeddingModel, FaceImageSource, Gallery, Person
from people.services import enrol_photo
from recognition import search
from recognition.devices import add_device
from recognition.engine.plain_galleries import PlainFolder, PlainTable
from recognition.enrolment import embed_images
from recognition.evaluation import filling, http_speed, population
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.filling import Maker
from recognition.evaluation.timing import in_turns
from recognition.queueing import kept_in_process

SEED = 9
# How many times faster than deepface, by the number of people.
FIND_LEAST = {10_000: 12.0, 100_000: 100.0}
SEARCH_LEAST = {100_000: 1000.0}
# Ours in a row, as a gate asks; one alone would find the caches as theirs has left them.
IN_A_ROW = 20


def find_rows(*, full: bool) -> list[Row]:
    """One real person among synthetic ones, asked for with one photo."""
    scene = scenes(a_portrait(settings.MODELS_DIR))["1280x720"]
    photo = Photo(scene, sha256="").jpeg()
    key, made = a_site(photo), Maker(population.typical(np.random.default_rng(SEED)), SEED)
    model, gallery = EmbeddingModel.objects.current(), Gallery.objects.get()
    rows, people = [], 0
    log, beyond = settings.VAR_DIR / "bench.log", {"RECOGNIZE_BEYOND_PROMISE": "on"}
    with http_speed.web_server(log, **beyond) as port, _folder() as folder:
        ask = http_speed.asking(http_speed.Target(port, "/api/v1/recognize/", key, photo))
        for wanted in FIND_LEAST if full else [min(FIND_LEAST)]:
            enrol_many(model, gallery, made, wanted - people)
            people = wanted
            theirs = PlainFolder(settings.MODELS_DIR, folder, made.so_far(), photo)
            works: list[Callable[[], object]] = [ask]
            works += [partial(theirs.find, scene), partial(theirs.find_faster, scene)]
            rows.append(_find_row(people, in_turns(works, rounds=5)))
    return rows


def _find_row(people: int, took: list[float]) -> Row:
    ours, theirs, faster = took
    return Row(
        work=f"recognize over HTTP, 1280x720, {people:,} enrolled",
        against="warm DeepFace.find, same gallery, detector and weights",
        ours=ours,
        theirs=theirs,
        unit="ms",
        ratio=theirs / ours,
        least=FIND_LEAST[people],
        note=f"{faster / ours:.0f}× when it neither looks for new photos nor makes data frames",
    )


def search_rows(*, full: bool) -> list[Row]:
    """The nearest person in SQL; theirs embeds a face first, which is a hundredth of its time."""
    people = 100_000 if full else 10_000
    made = Maker(population.typical(np.random.default_rng(SEED)), SEED)
    model = filling.a_model("search", made.population.dimensions)
    filling.fill(model, made, people)
    search.ensure_index(model)
    probes = iter(made.probes_of_some())
    face = scenes(a_portrait(settings.MODELS_DIR))["250x250"]
    with _another_connection() as other:
        table = PlainTable(settings.MODELS_DIR, other, made.so_far())
        ours, theirs = in_turns(
            [
                lambda: [search.nearest(next(probes), model=model) for _ in range(IN_A_ROW)],
                lambda: table.search(face),
            ],
            rounds=5 if full else 3,
        )
        ours /= IN_A_ROW
    return [
        Row(
            work=f"nearest person in SQL, {people:,}",
            against="DeepFace.search, exact, same Postgres",
            ours=ours,
            theirs=theirs,
            unit="ms",
            ratio=theirs / ours,
            least=SEARCH_LEAST.get(people),
        )
    ]


def a_site(photo: bytes) -> str:
    """One real person in a gallery; gives the key of a device that may ask about it."""
    gallery = Gallery.objects.create(name="Bench")
    person = Person.objects.create(full_name="The person of the photo")
    person.galleries.add(gallery)
    with kept_in_process() as kept:
        enrol_photo(person=person, data=photo, source=FaceImageSource.COMMAND)
    embed_images(kept)
    return add_device(name="Bench", galleries=[gallery]).key


def enrol_many(model: EmbeddingModel, gallery: Gallery, made: Maker, count: int) -> None:
    """Synthetic people, in the gallery, too, and the index they may need."""
    filling.add_to_gallery(gallery, filling.fill(model, made, count))
    search.ensure_index(model)
    filling.analyze()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="face-folder-") as folder:
        yield Path(folder)


@contextmanager
def _another_connection() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    connection.ensure_connection()
    info = connection.connection.info
    with psycopg.connect(info.dsn, password=info.password) as other:
        yield other
