"""What HTTP adds to the engine, and a clock-in to recognizing, with many people enrolled.

And whether one core answers a kiosk in time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection

from people.images import Photo, Pixels
from people.models import EmbeddingModel, Gallery
from recognition.evaluation import http_speed, population
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.bench_find import SEED, a_site, enrol_many
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.filling import Maker
from recognition.evaluation.http_speed import Pace, Speed, Target
from recognition.runtime import engine_for

PEOPLE = 10_000
CLIENTS = (1, 4, 16)
# HTTP reaches this share of the engine's own rate; a clock-in costs so much of recognizing.
AT_LEAST, AT_MOST = 0.9, 1.2
# A kiosk sends no more than two frames a second (docs/kiosk.md).
BETWEEN_FRAMES_S = 0.5
FRAMES, FRAMES_FULL = 20, 120


def rows(*, full: bool) -> list[Row]:
    """The same photo again and again, by clients that keep their connection."""
    scene = scenes(a_portrait(settings.MODELS_DIR))["1280x720"]
    photo = Photo(scene, sha256="").jpeg()
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
    pace = _kiosk(key, _frame(scene), FRAMES_FULL if full else FRAMES)
    return [*map(_recognize_row, speeds), _clock_row(asked, clocked), kiosk_row(pace)]


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


# --- A kiosk ----------------------------------------------------------------------------------


def _kiosk(key: str, frame: bytes, count: int) -> Pace:
    """Captures at a kiosk's pace, each with one frame, sent to a site that has one core.

    From here on this process runs on the others, and the database on that one, too.
    """
    core, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, others or [core])
    _bind_database(core)
    with http_speed.web_server(settings.VAR_DIR / "bench.log", core) as port:
        target = Target(port, "/api/v1/attendance/clock/", key, frame)
        http_speed.at_a_pace(target, every=BETWEEN_FRAMES_S, count=4)  # networks are loaded
        return http_speed.at_a_pace(target, every=BETWEEN_FRAMES_S, count=count)


def _bind_database(core: int) -> None:
    """What it runs, and, bound with their parent, the processes it is going to start."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status").read_text()
        cursor.execute("SELECT pid FROM pg_stat_activity")
        running = [pid for (pid,) in cursor.fetchall()]
    parent = int(status.partition("PPid:")[2].split()[0])
    for pid in (parent, *running):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(pid, {core})


def _frame(scene: Pixels) -> bytes:
    """The middle of (720, 1280, 3) as a kiosk's camera has it, 640x480."""
    rows = np.linspace(0, 719, 480).astype(int)
    columns = np.linspace(160, 1119, 640).astype(int)
    return Photo(scene[rows][:, columns], sha256="").jpeg()


def kiosk_row(pace: Pace) -> Row:
    """Missed whatever the times are when an answer is an error, or when they pile up: then the last
    one is not there when the next frame would be due."""
    between = 1000 * BETWEEN_FRAMES_S
    is_kept = not pace.errors and pace.last_ms <= between
    return Row(
        work=f"p95 of a kiosk's clock-ins, 2 frames/s, server on one core, {PEOPLE:,} enrolled",
        against="the time between two frames",
        ours=pace.p95_ms,
        theirs=between,
        unit="ms",
        ratio=between / pace.p95_ms if is_kept else 0.0,
        least=1.0,
        note=f"p50 {pace.p50_ms:.0f}, last {pace.last_ms:.0f} ms, {pace.errors} errors",
    )
