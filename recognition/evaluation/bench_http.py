"""What HTTP adds to the engine, and a clock-in to recognizing, with many people enrolled."""

from __future__ import annotations

import numpy as np
from django.conf import settings

from people.images import Photo
from people.models import EmbeddingModel, Gallery
from recognition.evaluation import http_speed, population
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.bench_find import SEED, a_site, enrol_many
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.filling import Maker
from recognition.evaluation.http_speed import Speed, Target
from recognition.runtime import engine_for

PEOPLE = 10_000
CLIENTS = (1, 4, 16)
# HTTP reaches this share of the engine's own rate; a clock-in costs so much of recognizing.
AT_LEAST, AT_MOST = 0.9, 1.2


def rows(*, full: bool) -> list[Row]:
    """The same photo again and again, by clients that keep their connection."""
    photo = Photo(scenes(a_portrait(settings.MODELS_DIR))["1280x720"], sha256="").jpeg()
    key, made = a_site(photo), Maker(population.typical(np.random.default_rng(SEED)), SEED)
    model = EmbeddingModel.objects.current()
    enrol_many(model, Gallery.objects.get(), made, PEOPLE)
    seconds, rounds = (8, 5) if full else (4, 3)
    with http_speed.web_server(settings.VAR_DIR / "bench.log") as port:
        recognize, clock = (
            Target(port, f"/api/v1/{path}", key, photo)
            for path in ("recognize/", "attendance/clock/")
        )
        speeds = http_speed.measure(
            recognize, engine_for(model), clients=CLIENTS, seconds=seconds, rounds=rounds
        )
        asked, clocked = http_speed.median_ms([recognize, clock], seconds=seconds, rounds=rounds)
    return [*map(_recognize_row, speeds), _clock_row(asked, clocked)]


def _recognize_row(speed: Speed) -> Row:
    """An error is an answer missed: with one, the row is missed whatever its rate."""
    return Row(
        work=f"recognize over HTTP, {speed.clients} clients, {PEOPLE:,} enrolled",
        against="the same engine called in a process, as many threads",
        ours=speed.http_rps,
        theirs=speed.in_process_rps,
        unit="photos/s",
        ratio=0.0 if speed.errors else speed.ratio,
        least=AT_LEAST,
        note=(
            f"p50 {speed.p50_ms:.0f}, p95 {speed.p95_ms:.0f}, p99 {speed.p99_ms:.0f} ms,"
            f" {speed.errors} errors"
        ),
    )


def _clock_row(asked: float, clocked: float) -> Row:
    return Row(
        work=f"clock-in over HTTP, {PEOPLE:,} enrolled",
        against=f"recognize, the same photo; it may cost {AT_MOST} of it",
        ours=clocked,
        theirs=asked,
        unit="ms",
        ratio=asked / clocked,
        least=round(1 / AT_MOST, 3),
    )
