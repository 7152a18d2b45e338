"""A bulk import from files to templates, through the broker and a worker, beside the engine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from django.conf import settings

from people.images import decode
from people.imports import Entry, scan
from people.models import EmbeddingModel, FaceImage, FaceImageSource, Person
from people.services import erase
from recognition.ahead import in_batches
from recognition.evaluation.bench_rows import Row
from recognition.intake import Plan, take_in
from recognition.runtime import engine_for

PATIENCE_S = 600
_POLL_S = 0.02


def rows(*, full: bool) -> list[Row]:
    """The demo photos, by one worker; the import runs beside it, as `import_people --queue`."""
    listing = scan(settings.MODELS_DIR / "demo" / "train")
    files = [(entry, listing.path_of(entry)) for entry in listing.entries]
    if not full:
        files = files[:32]
    ours, theirs = [], []
    with _worker(settings.VAR_DIR / "bench-worker.log"):
        _import(files)  # the networks load, in the worker and here
        _embed([path for _entry, path in files])
        for _ in range(5 if full else 3):
            ours.append(_import(files))
            theirs.append(_embed([path for _entry, path in files]))
    return [
        Row(
            work=f"bulk import through Celery, one worker, {len(files)} photos",
            against="the engine in one process, in the same batches",
            ours=median(ours),
            theirs=median(theirs),
            unit="photos/s",
            ratio=median(ours) / median(theirs),
            least=0.95,
        )
    ]


def _import(files: Sequence[tuple[Entry, Path]]) -> float:
    """Photos a second, from the first file read until the last photo is ready."""
    for person in Person.objects.all():
        erase(person=person)
    plan = Plan(source=FaceImageSource.IMPORT, accept_flags=True, queue=True)
    started = time.perf_counter()
    take_in([(entry, partial(path.read_bytes)) for entry, path in files], plan)
    while FaceImage.objects.pending().exists():
        if time.perf_counter() - started > PATIENCE_S:
            raise RuntimeError("the worker does not embed; see bench-worker.log")
        time.sleep(_POLL_S)
    return len(files) / (time.perf_counter() - started)


def _embed(paths: Sequence[Path]) -> float:
    """Photos a second: bytes → vectors."""
    engine = engine_for(EmbeddingModel.objects.current())
    started = time.perf_counter()
    for batch in in_batches(range(len(paths))):
        engine.enrol([decode(paths[number].read_bytes()).pixels for number in batch])
    return len(paths) / (time.perf_counter() - started)


@contextmanager
def _worker(log: Path) -> Iterator[None]:
    """One, as `make run` starts it; without the clock, so that nothing else is done."""
    command = [sys.executable, "-m", "celery", "-A", "faceproject", "worker"]
    options = ["--pool", "solo", "--without-gossip", "--without-mingle"]
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [*command, *options], stdout=output, stderr=subprocess.STDOUT, env=os.environ
        )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(PATIENCE_S)
