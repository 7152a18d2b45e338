"""A search among a million people, beside FAISS with everything in this process's memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from numpy.typing import NDArray

from people.images import Pixels
from people.locking import lock_enrolment
from people.models import EmbeddingModel, Gallery, Person, Template
from people.vectors import Vector
from recognition import search
from recognition.evaluation import filling, population
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.faiss_peers import Flat, Graph
from recognition.evaluation.filling import Maker
from recognition.runtime import engine_for

MILLION, FEW = 1_000_000, 10_000
SHARE = 100  # a gallery of one in so many
MATED, TIMED, GALLERY = 3000, 400, 300  # probes
ENROLLED = 60  # the first ten are not counted
REACHES = (200, 400, 800, 1000)  # beside search.FARTHEST; pgvector knows none beyond
SEED = 11
CORES = len(os.sched_getaffinity(0))

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Filled:
    """people: their keys, in the order of `made`'s templates."""

    model: EmbeddingModel
    people: Ids
    made: Maker


def rows(*, full: bool) -> list[Row]:
    """full or not: it is the same; without a million people it would say little."""
    del full
    photo = scenes(a_portrait(settings.MODELS_DIR))["1280x720"]
    few, _few_s = _filled(FEW)
    many, build_s = _filled(MILLION)
    templates = many.made.so_far()
    graph = Graph(templates, links=search.LINKS, candidates=search.CANDIDATES)
    flat = Flat(templates)
    probes, strangers = many.made.probes_of_some()[:MATED], many.made.strangers(MATED)
    recall = _recall(many, flat, probes)
    graph.tune(probes, flat, recall)
    return [
        *_latency_rows(many, flat, graph, probes[:TIMED], recall),
        _throughput_row(many, graph, probes, recall),
        _recall_row("recall@1, 1,000,000 people, their photos", recall),
        _recall_row(
            "the same, photos of strangers", _recall(many, flat, strangers), promised=False
        ),
        *_reach_rows(many, flat, probes),
        _gallery_row(many),
        _build_row(build_s, graph),
        _size_row(many.model),
        *_enrol_rows(few, many, photo),
    ]


def _filled(count: int) -> tuple[_Filled, float]:
    """People with an index; and how many seconds it took to build."""
    made = Maker(population.typical(np.random.default_rng(SEED)), SEED + count)
    model = filling.a_model(f"{count:,} people", made.population.dimensions)
    people = np.array(filling.fill(model, made, count))
    started = time.perf_counter()
    search.ensure_index(model)
    took = time.perf_counter() - started
    filling.analyze()
    return _Filled(model, people, made), took


def _recall(filled: _Filled, flat: Flat, probes: Vector, reach: int | None = None) -> float:
    nearest = filled.people[flat.nearest(probes)]
    found = [_first(filled.model, probe, reach=reach) for probe in probes]
    return float(np.mean(found == nearest))


def _first(
    model: EmbeddingModel,
    probe: Vector,
    galleries: Sequence[Gallery] = (),
    reach: int | None = None,
) -> int:
    return search.nearest(probe, model=model, galleries=galleries, reach=reach)[0].who.pk


def _reach_rows(filled: _Filled, flat: Flat, probes: Vector) -> list[Row]:
    """What reading the index less far, or farther, would find, and how long it would take."""
    rows = []
    for reach in REACHES:
        started = time.perf_counter()
        recall = _recall(filled, flat, probes, reach)
        took = (time.perf_counter() - started) * 1000 / len(probes)
        row = _recall_row(f"the same, reach {reach:,}", recall, promised=False)
        rows.append(replace(row, note=f"{took:.1f} ms a search"))
    return rows


def _gallery_row(filled: _Filled) -> Row:
    rng = np.random.default_rng(SEED)
    members = np.sort(rng.choice(len(filled.people), MILLION // SHARE, replace=False))
    gallery = Gallery.objects.create(name="One in a hundred")
    filling.add_to_gallery(gallery, filled.people[members].tolist())
    filling.analyze()
    inside = Flat(filled.made.so_far()[members])
    probes = filled.made.probes_of_some()[:GALLERY]  # few of them of members: the harder ones
    nearest = filled.people[members][inside.nearest(probes)]
    started = time.perf_counter()
    found = [_first(filled.model, probe, [gallery]) for probe in probes]
    took = (time.perf_counter() - started) * 1000 / len(probes)
    row = _recall_row(
        f"recall@1 in a gallery of {MILLION // SHARE:,}", float(np.mean(found == nearest))
    )
    return replace(row, note=f"{took:.1f} ms a search")


def _recall_row(work: str, recall: float, *, promised: bool = True) -> Row:
    return Row(
        work=work,
        against="exact",
        ours=recall,
        theirs=1.0,
        unit="share",
        ratio=recall,
        least=0.999 if promised else None,
    )


def _latency_rows(
    filled: _Filled, flat: Flat, graph: Graph, probes: Vector, recall: float
) -> list[Row]:
    ours, theirs, walked = _times(
        [lambda p: _first(filled.model, p), flat.nearest_to, graph.nearest_to], probes
    )
    p95 = [float(np.quantile(times, 0.95)) for times in (ours, theirs, walked)]
    note = f"ours p50 {median(ours):.1f} ms, recall {recall:.4f}"
    work = "nearest person in SQL, 1,000,000, p95"
    return [
        Row(work, f"FAISS flat, {flat.threads} thread(s)", p95[0], p95[1], "ms", p95[1] / p95[0],
            2.0, note),
        Row(work, "FAISS HNSW, equal recall", p95[0], p95[2], "ms", p95[2] / p95[0]),
    ]  # fmt: skip


def _times(works: Sequence[Callable[[Vector], object]], probes: Vector) -> list[list[float]]:
    """Milliseconds of each for each probe; they take turns."""
    times: list[list[float]] = [[] for _ in works]
    for probe in probes:
        for work, took in zip(works, times, strict=True):
            started = time.perf_counter()
            work(probe)
            took.append((time.perf_counter() - started) * 1000)
    return times


def _throughput_row(filled: _Filled, graph: Graph, probes: Vector, recall: float) -> Row:
    """Every core busy; in turns, three times, the better of each."""

    def many_at_once(part: Vector) -> None:
        for probe in part:
            _first(filled.model, probe)
        connection.close()

    ours, theirs = [], []
    with ThreadPoolExecutor(2 * CORES) as pool:
        for _ in range(3):
            started = time.perf_counter()
            list(pool.map(many_at_once, np.array_split(probes, 2 * CORES)))
            ours.append(len(probes) / (time.perf_counter() - started))
            theirs.append(graph.rate(probes))
    return Row(
        work="the same, searches a second, every core",
        against="FAISS HNSW, equal recall",
        ours=max(ours),
        theirs=max(theirs),
        unit="1/s",
        ratio=max(ours) / max(theirs),
        least=0.15,
        note=f"recall {recall:.4f} and {graph.recall:.4f}",
    )


def _build_row(build_s: float, graph: Graph) -> Row:
    return Row(
        work="index of 1,000,000 × 128, concurrently built",
        against=f"FAISS HNSW, M = {search.LINKS}, efConstruction = {search.CANDIDATES}",
        ours=build_s,
        theirs=graph.build_s,
        unit="s",
        ratio=graph.build_s / build_s,
        least=0.5,
    )


def _size_row(model: EmbeddingModel) -> Row:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s)", [search.index_name(model)])
        size = cursor.fetchone()[0] / 1e6
    raw = MILLION * model.dimensions * 4 / 1e6
    return Row("size of the index", "float32 vectors", size, raw, "MB", raw / size, 1 / 1.3)


def _enrol_rows(few: _Filled, many: _Filled, photo: Pixels) -> list[Row]:
    """The same photo is looked at each time; whoever is enrolled is somebody else each time."""
    engine = engine_for(EmbeddingModel.objects.current())
    fresh = [filled.made.strangers(ENROLLED) for filled in (many, few)]
    whole: list[list[float]] = [[], []]
    stored: list[list[float]] = [[], []]
    for vectors in zip(*fresh, strict=True):
        for filled, vector, all_of_it, the_rest in zip(
            (many, few), vectors, whole, stored, strict=True
        ):
            started = time.perf_counter()
            engine.enrol([photo])
            looked = time.perf_counter()
            _enrol(filled.model, vector)
            ended = time.perf_counter()
            all_of_it.append((ended - started) * 1000)
            the_rest.append((ended - looked) * 1000)
    against = f"the same among {FEW:,}"
    return [
        _enrol_row(f"enrol one person among {MILLION:,}, 1280x720", against, whole, 0.5),
        _enrol_row("of this: known already? template, index", against, stored, None),
    ]


def _enrol_row(
    work: str, against: str, times: Sequence[Sequence[float]], least: float | None
) -> Row:
    ours, theirs = (median(took[10:]) for took in times)
    return Row(work, against, ours, theirs, "ms", theirs / ours, least)


@transaction.atomic
def _enrol(model: EmbeddingModel, vector: Vector) -> None:
    """The statements of recognition.enrolment for one photo that has become a vector."""
    lock_enrolment(model)
    person = Person.objects.create(full_name="New")
    search.nearest(vector, model=model, limit=1, also_inactive=True, apart_from=person)
    Template.objects.create(person=person, model=model, vector=vector, photos=1)
