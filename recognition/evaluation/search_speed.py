"""Exact search against the index, by the number of people: where should one replace the other?

Everything happens in one transaction that is rolled back; synthetic people, real SQL.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from django.core.cache import caches
from django.db import connection, transaction
from numpy.typing import NDArray

from people.models import EmbeddingModel, Gallery
from people.vectors import Vector
from recognition import search
from recognition.evaluation import filling, footprint
from recognition.evaluation.filling import Maker
from recognition.evaluation.footprint import Footprint
from recognition.evaluation.population import Population


@dataclass(frozen=True, slots=True)
class Walked:
    """The index, read as far as `reach`: `search.REACH`. ms: the median of one search.

    How often it finds whom exact search does: recall_mated, for probes of enrolled people;
    recall_stranger, for the others, whose nearest person is far away and is refused whoever it is.
    """

    reach: int
    ms: float
    recall_mated: float
    recall_stranger: float


@dataclass(frozen=True, slots=True)
class InGallery:
    """A search among `people` who are `share` of everybody; ms: the medians. The recalls as of
    `Walked`, for probes of members and of strangers."""

    share: float
    people: int
    exact_ms: float
    ms: float
    recall_mated: float
    recall_stranger: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Median time of one search, milliseconds, and `Walked` as searches read the index.

    others: the same index, read less far or farther. galleries: read for a part of the people.
    """

    people: int
    exact_ms: float
    index_ms: float
    index_build_s: float
    index_mb: float
    recall_mated: float
    recall_stranger: float
    others: list[Walked]
    galleries: list[InGallery]
    footprint: Footprint

    @property
    def ratio(self) -> float:
        """Above 1 the index wins."""
        return self.exact_ms / self.index_ms


def measure(
    population: Population,
    sizes: Sequence[int],
    *,
    probes: int,
    seed: int,
    progress: Callable[[int], object],
    reaches: Sequence[int] = (),
    shares: Sequence[float] = (),
) -> list[Speed]:
    """One Speed for each number of people, smallest first.

    progress: told of people made. reaches: to read the index as far as these, too. shares: of the
    people, in a gallery each that is searched as well.
    """
    return [
        _measure_one(Maker(population, seed), size, probes, reaches, shares, progress)
        for size in sorted(sizes)
    ]


def _measure_one(
    make: Maker,
    size: int,
    probes: int,
    reaches: Sequence[int],
    shares: Sequence[float],
    progress: Callable[[int], object],
) -> Speed:
    with transaction.atomic():
        model = filling.a_model("search speed", make.population.dimensions)
        people = np.array(filling.fill(model, make, size, progress))
        build_s = build(model)
        mated, stranger = make.probes_of_some()[: probes // 2], make.strangers(probes // 2)
        speed = _compared(model, size, [mated, stranger], build_s, reaches)
        galleries = [_in_gallery(model, make, people, share, probes // 2) for share in shares]
        transaction.set_rollback(True)
    return replace(speed, galleries=galleries)


def build(model: EmbeddingModel, graph: search.Graph | None = None) -> float:
    """As search.ensure_index builds it, but inside the transaction; the seconds it took. graph:
    another than searches use."""
    started = time.monotonic()
    with connection.cursor() as cursor, search.memory_to_build(model):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the index may not wait for them
        cursor.execute(search.index_sql(model, concurrently=False, graph=graph))
    took = time.monotonic() - started
    filling.analyze()
    return took


def _compared(
    model: EmbeddingModel,
    size: int,
    probes: Sequence[Vector],
    build_s: float,
    reaches: Sequence[int],
) -> Speed:
    """All in turns, for each probe. probes: of enrolled people, and of strangers."""
    indexed = _with_index(model, search.index_name(model))
    exact = _with_index(model, "")
    exactly: list[float] = []
    times: dict[int | None, list[float]] = {reach: [] for reach in (None, *reaches)}
    recalls: dict[int | None, list[float]] = {reach: [] for reach in times}
    for some in probes:
        found: dict[int | None, list[bool]] = {reach: [] for reach in times}
        for probe in some:
            nearest = ask(probe, exact, exactly)
            for reach, took in times.items():
                found[reach].append(ask(probe, indexed, took, reach) == nearest)
        for reach, hits in found.items():
            recalls[reach].append(float(np.mean(hits)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s) / 1e6", [search.index_name(model)])
        megabytes = float(cursor.fetchone()[0])
    return Speed(
        people=size,
        exact_ms=statistics.median(exactly),
        index_ms=statistics.median(times[None]),
        index_build_s=build_s,
        index_mb=megabytes,
        recall_mated=recalls[None][0],
        recall_stranger=recalls[None][1],
        others=[
            Walked(reach, statistics.median(times[reach]), *recalls[reach]) for reach in reaches
        ],
        galleries=[],
        footprint=footprint.measure(model, size, megabytes * 1e6),
    )


def _in_gallery(
    model: EmbeddingModel, make: Maker, people: NDArray[np.int64], share: float, probes: int
) -> InGallery:
    """Of members chosen by chance. people: their keys, in the order of the templates."""
    rng = np.random.default_rng(round(share * 1000))
    members = np.sort(rng.choice(len(people), max(1, round(len(people) * share)), replace=False))
    gallery = Gallery.objects.create(name=f"{share:.0%} of {len(people):,}")
    filling.add_to_gallery(gallery, people[members].tolist())
    filling.analyze()
    caches["process"].clear()  # how many a gallery has is known for a minute
    indexed, exact = _with_index(model, search.index_name(model)), _with_index(model, "")
    times: list[list[float]] = [[], []]
    recalls = []
    for some in (make.probes_of(rng.permutation(members)[:probes]), make.strangers(probes)):
        hits = [
            ask(probe, exact, times[0], galleries=[gallery])
            == ask(probe, indexed, times[1], galleries=[gallery])
            for probe in some
        ]
        recalls.append(float(np.mean(hits)))
    exactly, walked = map(statistics.median, times)
    return InGallery(share, len(members), exactly, walked, *recalls)


def _with_index(model: EmbeddingModel, name: str) -> EmbeddingModel:
    """The model as it would be with this index; nothing is saved."""
    values = {field.attname: getattr(model, field.attname) for field in model._meta.fields}
    return EmbeddingModel(**{**values, "search_index": name})


def ask(
    probe: Vector,
    model: EmbeddingModel,
    times: list[float],
    reach: int | None = None,
    galleries: Sequence[Gallery] = (),
) -> int:
    started = time.perf_counter()
    found = search.nearest(probe, model=model, reach=reach, galleries=galleries)
    times.append((time.perf_counter() - started) * 1000)
    return found[0].who.pk


def plot(speeds: Sequence[Speed], limit: int, path: Path) -> None:
    """Time against the number of people, both axes logarithmic; the format by the file's name."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "search"  # the same picture is the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    people = [speed.people for speed in speeds]
    axes.loglog(people, [speed.exact_ms for speed in speeds], "o-", label="everybody compared")
    axes.loglog(people, [speed.index_ms for speed in speeds], "s-", label="HNSW index, then exact")
    axes.axvline(limit, color="gray", linestyle=":", label=f"the index takes over, {limit:,}")
    axes.set(xlabel="people enrolled", ylabel="milliseconds of a search, median")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
