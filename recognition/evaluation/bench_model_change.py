"""What people notice of a change of the model: clients ask and enrol over HTTP, all through it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count, cycle
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from knox.models import AuthToken

from people.errors import Refusal
from people.models import EmbeddingModel, FaceImage, Person
from recognition.evaluation import http_speed
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.reembedding_site import (
    PATIENCE_S,
    POLL_S,
    make_ready,
    wait_for,
    workers,
)
from recognition.reembedding import runs, standby, switching

QUIET_AT_LEAST = 0.5  # p95 at most twice the quiet one
LIMIT = 2.0  # photos a second of the run beside which people ask
CLIENTS = 3
# Distances that count under the old model and under the new one, whoever is enrolled.
THRESHOLDS = (0.5, 0.4)
ENROL_EVERY = 10  # requests; the others are questions


@dataclass(frozen=True, slots=True)
class Answer:
    """status: HTTP, 0 when none came. threshold, model: what a question was answered by."""

    seconds: float
    status: int
    model: str | None = None
    threshold: float | None = None


def row(files: Sequence[Path], number: int) -> Row:
    """p95 when it is quiet, and during a whole change of the model and back."""
    *others, model = standby.ready()
    for other in others:  # new photos are embedded under each ready model
        switching.retire(model=other)
    thresholds = _told_apart(model)
    make_ready(list(FaceImage.objects.values_list("pk", flat=True)))
    people = {file.parent.name: Person(full_name=file.parent.name) for file in files}
    Person.objects.bulk_create(people.values())
    with (
        http_speed.web_server(settings.VAR_DIR / "bench.log") as port,
        workers([None], ",".join(settings.QUEUES)),
        ThreadPoolExecutor(1) as operator,
    ):
        load = _Load(port, files, people)
        load.go_on(lambda done: done > 2 * ENROL_EVERY)
        while FaceImage.objects.pending().exists():  # the worker loads its networks
            time.sleep(POLL_S)
        quiet = load.go_on(lambda done: done >= number)
        change = operator.submit(_change, model)
        beside = load.go_on(lambda done: done >= number and change.done())
        change.result()
    return change_row(quiet, beside, *wrong([*quiet, *beside], thresholds))


def change_row(quiet: list[Answer], beside: list[Answer], errors: int, mixed: int) -> Row:
    """Missed, however quick, with a request that failed, an answer of two models, or none of one
    of them."""
    said = [one.threshold for one in beside if one.model is not None]
    by_model = [said.count(threshold) for threshold in THRESHOLDS]
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
        ratio=0.0 if errors or mixed or not all(by_model) else theirs / ours,
        least=QUIET_AT_LEAST,
        note=f"{len(quiet) + len(beside)} requests, {errors} errors; {mixed} answers of two models,"
        f" {by_model[0]} of the old one, {by_model[1]} of the new one",
    )


def wrong(answers: Iterable[Answer], thresholds: Mapping[str, float]) -> tuple[int, int]:
    """How many requests failed, and how many answers mix a model with the other's threshold."""
    answers = list(answers)
    errors = sum(not 200 <= answer.status < 300 for answer in answers)
    said = [answer for answer in answers if answer.model is not None]
    return errors, sum(thresholds.get(str(one.model)) != one.threshold for one in said)


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
        # Without admin rights, for which a site may ask a face.
        user = User.objects.create_user(username="bench")
        user.user_permissions.set(Permission.objects.all())
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
        wait_for(run, lambda: not run.is_live)
        if run.error:
            raise Refusal(run.error, code="bench_failed")
        time.sleep(1)
        switching.roll_back()
        time.sleep(1)
    finally:
        connection.close()  # of this thread
