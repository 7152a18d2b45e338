"""A site of its own whose photos are embedded again by real workers from a real queue."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection

from people.errors import Refusal
from people.images import decode
from people.models import (
    EmbeddingModel,
    FaceEmbedding,
    FaceImage,
    FaceImageSource,
    FaceImageState,
    Person,
    Template,
)
from people.vectors import unit
from recognition.models import ReembeddingRun

PATIENCE_S = 600
POLL_S = 0.05
_ON_CORE = "bench-core-"


def make_ready(ids: Sequence[int]) -> None:
    """These photos, and no others."""
    FaceImage.objects.exclude(pk__in=ids).update(state=FaceImageState.REJECTED, reason_code="bench")
    FaceImage.objects.filter(pk__in=ids).update(state=FaceImageState.READY, reason_code="")


def wait_for(run: ReembeddingRun, is_over: Callable[[], bool]) -> None:
    """Raises Refusal."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_over():
        if time.monotonic() > deadline:
            raise Refusal(f"The run does not go on. {run.error}", code="bench_failed")
        _bind_database()
        time.sleep(POLL_S)
        run.refresh_from_db()


def _bind_database() -> None:
    """What the database does for a worker on a core, it does on that core."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, application_name FROM pg_stat_activity WHERE application_name LIKE %s",
            [f"{_ON_CORE}%"],
        )
        for pid, name in cursor.fetchall():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(pid, {int(name.removeprefix(_ON_CORE))})


def enrol(files: Sequence[Path], number: int) -> None:
    """Copies of the photos, a person for each, with made-up vectors under the active model."""
    active, rng = EmbeddingModel.objects.current(), np.random.default_rng(Person.objects.count())
    photos = [decode(file.read_bytes()) for file in files[:number]]
    for _number, photo in zip(range(number), cycle(photos), strict=False):
        person = Person.objects.create(full_name="Copy")
        height, width = photo.pixels.shape[:2]
        image = FaceImage(person=person, sha256=photo.sha256, width=width, height=height,
                          source=FaceImageSource.COMMAND, state=FaceImageState.READY)  # fmt: skip
        image.file.save("photo.jpg", ContentFile(photo.jpeg()), save=False)
        image.save()
        vector = unit(rng.normal(size=active.dimensions).astype(np.float32))
        FaceEmbedding.objects.create(image=image, model=active, vector=vector)
        Template.objects.create(person=person, model=active, vector=vector, photos=1)


@contextmanager
def workers(cores: Sequence[int | None], queues: str) -> Iterator[None]:
    """A worker on each of these cores, None is any; they end with the block."""
    started = [_start(core, queues) for core in cores]
    try:
        yield
    finally:
        for worker in started:
            worker.terminate()
        for worker in started:
            worker.wait(PATIENCE_S)


def _start(core: int | None, queues: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--processes", "1"]
    # The name of its connections tells the database's processes for it apart.
    name = "" if core is None else f"{_ON_CORE}{core}"
    return subprocess.Popen(
        [*command, "--queues", queues],
        env={**os.environ, "PGAPPNAME": name},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=None if core is None else partial(os.sched_setaffinity, 0, {core}),
    )
