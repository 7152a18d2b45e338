"""How fast a run goes beside the engine alone, and what people notice of a change of the model.

On a site of its own: real workers take from a real queue, and what they do is in the database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import count, cycle
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from knox.models import AuthToken

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
from recognition.ahead import in_batches
from recognition.evaluation import http_speed
from recognition.evaluation.bench_rows import Row
from recognition.models import ReembeddingRun
from recognition.reembedding import catalogue, runs, standby, switching
from recognition.reembedding.sources import PHOTOS_AT_ONCE, pixels_of
from recognition.runtime import engine_for

TWO_WORKERS_AT_LEAST = 1.8
ENGINE_AT_LEAST = 0.9
QUIET_AT_LEAST = 0.5  # p95 at most twice the quiet one
# Photos of a pass: whole chunks for two workers, so that both end together.
PHOTOS, PHOTOS_FULL = 8 * PHOTOS_AT_ONCE, 30 * PHOTOS_AT_ONCE
WARM = 2 * PHOTOS_AT_ONCE  # those before: each worker loads its networks with a chunk of them
LIMIT = 2.0  # photos a second of the run beside which people ask
CHANGED, CHANGED_FULL = 12, 40  # photos of that run
ASKED, ASKED_FULL = 150, 600  # requests of the quiet time, and at least so many of the other
CLIENTS = 3
# Distances that count under the old model and under the new one, whoever is enrolled.
THRESHOLDS = (0.5, 0.4)
ENROL_EVERY = 10  # requests; the others are questions
PATIENCE_S = 600
_POLL_S = 0.05
_ON_CORE = "bench-core-"


def rows(*, full: bool) -> list[Row]:
    """Raises Refusal."""
    files = sorted((settings.MODELS_DIR / "demo").glob("*/*/*"))
    if not files:
        raise Refusal("There are no demo photos. Run: manage.py fetch_models", code="no_photos")
    _enrol(files, WARM + (PHOTOS_FULL if full else PHOTOS))
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
    _enrol(files, CHANGED_FULL if full else CHANGED)
    return [*found, _beside_a_change(files, ASKED_FULL if full else ASKED)]


def _engine_row(worker: float, engine: float) -> Row:
    return Row("re-embedding, one worker", "the engine alone, on one core", worker, engine,
               "photos/s", worker / engine, ENGINE_AT_LEAST)  # fmt: skip


def _workers_row(where: str, two: float, one: float, *, least: float | None) -> Row:
    return Row(f"re-embedding, two workers, {where}", "one worker", two, one, "photos/s",
               two / one, least)  # fmt: skip


def _change_row(quiet: list[Answer], beside: list[Answer], errors: int, mixed: int) -> Row:
    """A request that failed, or an answer of two models: then it is missed, however quick."""
    theirs, ours = (
        1000 * float(np.percentile([one.seconds for one in answers], 95))
        for answers in (quiet, beside)
    )
    return Row(
        work=f"p95 over HTTP, {CLIENTS} clients, while {LIMIT:g} photos/s are re-embedded, the"
        " model activated and rolled back",
        against="p95 of the same requests when it is quiet",
        ours=ours,
        theirs=theirs,
        unit="ms",
        ratio=0.0 if errors or mixed else theirs / ours,
        least=QUIET_AT_LEAST,
        note=f"{len(quiet) + len(beside)} requests, {errors} errors, {mixed} answers of two models",
    )


# --- How fast -------------------------------------------------------------------------------


def _rate(name: str, cores: Sequence[int | None]) -> float:
    """Photos a second of a run by a worker on each of these cores; None is any."""
    margin = -0.05 * EmbeddingModel.objects.count()
    model = catalogue.add_model(name=name, changes={"margin": margin})
    ids = list(FaceImage.objects.order_by("pk").values_list("pk", flat=True))
    warm, timed = ids[: PHOTOS_AT_ONCE * len(cores)], ids[WARM:]
    with _workers(cores, "reembedding"):
        _make_ready(warm)
        _embed(model)
        _make_ready(warm + timed)
        return len(timed) / _embed(model)


def _make_ready(ids: Sequence[int]) -> None:
    """These photos, and no others."""
    FaceImage.objects.exclude(pk__in=ids).update(state=FaceImageState.REJECTED, reason_code="bench")
    FaceImage.objects.filter(pk__in=ids).update(state=FaceImageState.READY, reason_code="")


def _embed(model: EmbeddingModel) -> float:
    """Seconds of a run until the last photo is dealt with; returns when it is over."""
    began = time.perf_counter()
    run = runs.start(model=model)
    _wait(run, lambda: run.settled >= run.total)
    seconds = time.perf_counter() - began
    _wait(run, lambda: not run.is_live)
    return seconds


def _wait(run: ReembeddingRun, is_over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_over():
        if time.monotonic() > deadline:
            raise Refusal(f"The run does not go on. {run.error}", code="bench_failed")
        _bind_database()
        time.sleep(_POLL_S)
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


# --- What people notice -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """status: HTTP, 0 when none came. threshold, model: what a question was answered by."""

    seconds: float
    status: int
    model: str | None = None
    threshold: float | None = None


def wrong(answers: Iterable[Answer], thresholds: Mapping[str, float]) -> tuple[int, int]:
    """How many requests failed, and how many answers mix a model with the other's threshold."""
    answers = list(answers)
    errors = sum(not 200 <= answer.status < 300 for answer in answers)
    said = [answer for answer in answers if answer.model is not None]
    return errors, sum(thresholds.get(str(one.model)) != one.threshold for one in said)


def _beside_a_change(files: Sequence[Path], number: int) -> Row:
    """p95 when it is quiet, and during a whole change of the model and back."""
    *others, model = standby.ready()
    for other in others:  # new photos are embedded under each ready model
        switching.retire(model=other)
    thresholds = _told_apart(model)
    _make_ready(list(FaceImage.objects.values_list("pk", flat=True)))
    people = {file.parent.name: Person(full_name=file.parent.name) for file in files}
    Person.objects.bulk_create(people.values())
    with (
        http_speed.web_server(settings.VAR_DIR / "bench.log") as port,
        _workers([None], ",".join(settings.QUEUES)),
        ThreadPoolExecutor(1) as operator,
    ):
        load = _Load(port, files, people)
        load.go_on(lambda done: done > 2 * ENROL_EVERY)
        while FaceImage.objects.pending().exists():  # the worker loads its networks
            time.sleep(_POLL_S)
        quiet = load.go_on(lambda done: done >= number)
        change = operator.submit(_change, model)
        beside = load.go_on(lambda done: done >= number and change.done())
        change.result()
    return _change_row(quiet, beside, *wrong([*quiet, *beside], thresholds))


def _told_apart(model: EmbeddingModel) -> dict[str, float]:
    """Give this model and the active one a distance each that counts however many are enrolled."""
    active = EmbeddingModel.objects.current()
    for one, threshold in zip((active, model), THRESHOLDS, strict=True):
        # Without a calibration it would refuse each question.
        EmbeddingModel.objects.filter(pk=one.pk).update(
            calibration=active.calibration, recognize_threshold=threshold
        )
    return dict(zip(map(str, (active, model)), THRESHOLDS, strict=True))


class _Load:
    """Clients that ask and enrol without a pause, each over one connection."""

    def __init__(self, port: int, files: Sequence[Path], people: Mapping[str, Person]) -> None:
        user = User.objects.create_superuser(username="bench")
        _token, key = AuthToken.objects.create(user=user)
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": MULTIPART_CONTENT}
        self._question = ("/api/v1/recognize/", _form(files[-1]))
        faces = [f"/api/v1/people/{people[file.parent.name].public_id}/faces/" for file in files]
        photos = [_form(file, accept_flags="true") for file in files]
        self._new = cycle(list(zip(faces, photos, strict=True)))
        self._turns = count()

    def go_on(self, is_over: Callable[[int], bool]) -> list[Answer]:
        """What CLIENTS of them are answered. is_over: of the number of answers so far."""
        answers: list[Answer] = []
        with ThreadPoolExecutor(CLIENTS) as clients:
            for done in [clients.submit(self._client, answers, is_over) for _ in range(CLIENTS)]:
                done.result()
        return answers

    def _client(self, answers: list[Answer], is_over: Callable[[int], bool]) -> None:
        line = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        while not is_over(len(answers)):
            path, body = self._question if next(self._turns) % ENROL_EVERY else next(self._new)
            began = time.perf_counter()
            try:
                line.request("POST", path, body, self._headers)
                response = line.getresponse()
                status, said = response.status, json.loads(response.read())
            except (OSError, HTTPException, ValueError):
                line.close()  # the next request opens it again
                status, said = 0, {}
            seconds = time.perf_counter() - began
            told = said if isinstance(said, dict) else {}
            answers.append(Answer(seconds, status, told.get("model"), told.get("threshold")))
        line.close()


def _form(file: Path, **fields: str) -> bytes:
    photo = SimpleUploadedFile("photo.jpg", file.read_bytes(), "image/jpeg")
    return encode_multipart(BOUNDARY, {"photo": photo, **fields})


def _change(model: EmbeddingModel) -> None:
    """Raises Refusal when the model was not activated."""
    try:
        run = runs.start(
            model=model,
            rate_limit=LIMIT,
            activate_when_done=True,
            may_miss=Person.objects.count(),
            overrides=[switching.SET_BY_HAND],
        )
        _wait(run, lambda: not run.is_live)
        if run.error:
            raise Refusal(run.error, code="bench_failed")
        time.sleep(1)
        switching.roll_back()
        time.sleep(1)
    finally:
        connection.close()  # of this thread


# --- The site ---------------------------------------------------------------------------------


def _enrol(files: Sequence[Path], number: int) -> None:
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
def _workers(cores: Sequence[int | None], queues: str) -> Iterator[None]:
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
