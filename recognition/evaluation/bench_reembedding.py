"""How fast a re-embedding goes, beside the engine alone and with a second worker."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from django.conf import settings

from people.errors import Refusal
from people.models import EmbeddingModel, FaceImage
from recognition.ahead import in_batches
from recognition.evaluation import bench_model_change
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.reembedding_site import enrol, make_ready, wait_for, workers
from recognition.reembedding import catalogue, runs
from recognition.reembedding.sources import PHOTOS_AT_ONCE, pixels_of
from recognition.runtime import engine_for

TWO_WORKERS_AT_LEAST = 1.8
ENGINE_AT_LEAST = 0.9
# Photos of a pass: whole chunks for two workers, so that both end together.
PHOTOS, PHOTOS_FULL = 8 * PHOTOS_AT_ONCE, 30 * PHOTOS_AT_ONCE
WARM = 2 * PHOTOS_AT_ONCE  # those before: each worker loads its networks with a chunk of them
CHANGED, CHANGED_FULL = 12, 40  # photos of the change of the model
ASKED, ASKED_FULL = 150, 600  # requests of the quiet time, and at least so many of the other


def rows(*, full: bool) -> list[Row]:
    """Raises Refusal."""
    files = sorted((settings.MODELS_DIR / "demo").glob("*/*/*"))
    if not files:
        raise Refusal("There are no demo photos. Run: manage.py fetch_models", code="no_photos")
    enrol(files, WARM + (PHOTOS_FULL if full else PHOTOS))
    first, *others = sorted(os.sched_getaffinity(0))
    anywhere = _rate("one anywhere", [None])
    found = [_engine_row(anywhere, _engine_alone(PHOTOS, core=first))]
    if others:
        # Two workers can do twice the work of one only if the one has no more than half the
        # machine. Left to itself it has more: while its networks keep one core busy, the other
        # reads its photos, writes its rows and serves its queue. So each is bound to a core of its
        # own, and the database's work for it to the same one; then what is added is a core.
        one, two = _rate("one", [first]), _rate("two", [first, others[0]])
        found.append(_workers_row("a core each", two, one, least=TWO_WORKERS_AT_LEAST))
    if others and full:
        two = _rate("two anywhere", [None, None])
        found.append(_workers_row("on any core", two, anywhere, least=None))
    enrol(files, CHANGED_FULL if full else CHANGED)
    return [*found, bench_model_change.row(files, ASKED_FULL if full else ASKED)]


def _engine_row(worker: float, engine: float) -> Row:
    return Row("re-embedding, one worker", "the engine alone, on one core", worker, engine,
               "photos/s", worker / engine, ENGINE_AT_LEAST)  # fmt: skip


def _workers_row(where: str, two: float, one: float, *, least: float | None) -> Row:
    return Row(f"re-embedding, two workers, {where}", "one worker", two, one, "photos/s",
               two / one, least)  # fmt: skip


def _rate(name: str, cores: Sequence[int | None]) -> float:
    """Photos a second of a run by a worker on each of these cores; None is any."""
    margin = -0.05 * EmbeddingModel.objects.count()
    model = catalogue.add_model(name=name, changes={"margin": margin})
    ids = list(FaceImage.objects.order_by("pk").values_list("pk", flat=True))
    warm, timed = ids[: PHOTOS_AT_ONCE * len(cores)], ids[WARM:]
    with workers(cores, "reembedding"):
        make_ready(warm)
        _embed(model)
        make_ready(warm + timed)
        return len(timed) / _embed(model)


def _embed(model: EmbeddingModel) -> float:
    """Seconds of a run until the last photo is dealt with; returns when it is over."""
    began = time.perf_counter()
    run = runs.start(model=model)
    wait_for(run, lambda: run.settled >= run.total)
    seconds = time.perf_counter() - began
    wait_for(run, lambda: not run.is_live)
    return seconds


def _engine_alone(number: int, *, core: int) -> float:
    """Photos a second of the engine in this process, in the batches of a run."""
    engine = engine_for(catalogue.add_model(name="alone", changes={"margin": 0.1}))
    photos = [pixels_of(image) for image in FaceImage.objects.order_by("pk")[:number]]
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        engine.enrol(photos[:2])
        began = time.perf_counter()
        for batch in in_batches(photos):
            engine.enrol(list(batch))
        return len(photos) / (time.perf_counter() - began)
    finally:
        os.sched_setaffinity(0, allowed)
