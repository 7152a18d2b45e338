"""People ask and enrol without a pause while the model changes, and back. Real connections.

The data make a mixed answer visible: vectors of the two fakes are at right angles, so a probe of
one compared with templates of the other is nobody; and each model has a threshold of its own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from people.images import decode
from people.models import EmbeddingModel, FaceEmbedding, FaceImageSource, Person, Template
from people.services import enrol_photo
from recognition import services
from recognition.enrolment import embed_images
from recognition.models import Attempt, AttemptSource
from recognition.reembedding import runs, switching
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.reembedding.conftest import work_off

pytestmark = pytest.mark.django_db(transaction=True)

ANGLES = (0, 60, 120)
SWITCHES = 6


class Load:
    """Threads that go on until told to stop; what went wrong is kept."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(8)
        self.errors: list[BaseException] = []
        self.answers: Counter[tuple[str, str, float]] = Counter()

    def keep(self, work: Callable[[int], None]) -> None:
        self._pool.submit(self._repeat, work)

    def stop(self) -> None:
        self._over.set()
        self._pool.shutdown(wait=True)

    def _repeat(self, work: Callable[[int], None]) -> None:
        number = 0
        try:
            while not self._over.is_set():
                work(number)
                number += 1
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            connections.close_all()

    def recognize(self, number: int) -> None:
        angle = ANGLES[number % len(ANGLES)]
        result = services.recognize(
            probe=[decode(photo_of(angle)).pixels], source=AttemptSource.COMMAND
        )
        self.answers[result.message, result.model, result.threshold] += 1

    def verify(self, number: int) -> None:
        angle = ANGLES[number % len(ANGLES)]
        result = services.verify(
            probe=[decode(photo_of(angle)).pixels],
            person=Person.objects.get(full_name=f"P{angle}"),
            source=AttemptSource.COMMAND,
        )
        self.answers[result.message, result.model, result.threshold] += 1


def enrol_more(person: Person, angle: float) -> Callable[[int], None]:
    def one(number: int) -> None:
        stored = enrol_photo(
            person=person,
            data=photo_of(angle, variant=number % 150),
            source=FaceImageSource.API,
        )
        assert stored.image is not None
        embed_images([stored.image.pk])

    return one


def test_no_answer_mixes_models_and_nobody_gets_an_error(
    enrol: Enrol, model: EmbeddingModel, other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No workers here: each enrolling thread embeds, and the run is worked off below.
    monkeypatch.setattr("recognition.queueing.queue_photos", lambda _ids: True)
    monkeypatch.setattr("recognition.receivers.queue_photos", lambda _ids: True)
    monkeypatch.setattr(runs, "queue_chunks", lambda _ids, after: True)
    people = {angle: enrol(f"P{angle}", angle) for angle in ANGLES}
    EmbeddingModel.objects.filter(pk=other.pk).update(
        recognize_threshold=0.7, verify_threshold=0.9, outlier_threshold=1.4
    )
    load = Load()
    for work in (load.recognize, load.recognize, load.verify,
                 enrol_more(people[0], 1), enrol_more(people[120], 121)):  # fmt: skip
        load.keep(work)
    try:
        run = runs.start(model=other)
        work_off(run)
        other.refresh_from_db()
        switching.activate(model=other)
        for _ in range(SWITCHES):
            switching.roll_back()
    finally:
        load.stop()

    assert load.errors == []
    names = {f"P{angle}" for angle in ANGLES}
    welcome = {f"Hi! Welcome {n}" for n in names} | {f"Verified! Welcome {n}" for n in names}
    assert {message for message, _model, _threshold in load.answers} <= welcome
    seen = {(name, threshold) for _message, name, threshold in load.answers}
    assert seen <= {(str(model), model.recognize_threshold), (str(model), model.verify_threshold),
                    (str(other), 0.7), (str(other), 0.9)}  # fmt: skip
    assert {name for name, _threshold in seen} == {str(model), str(other)}
    attempts = Attempt.objects.values_list("model__name", "purpose", "threshold").distinct()
    assert set(attempts) <= {
        ("facenet128", "recognize", model.recognize_threshold),
        ("facenet128", "verify", model.verify_threshold),
        ("other", "recognize", 0.7),
        ("other", "verify", 0.9),
    }
    # Nobody enrolled meanwhile is missing under either model, and no vector is there twice.
    counts = [FaceEmbedding.objects.of(m).count() for m in (model, other)]
    assert counts[0] == counts[1] > len(ANGLES)
    for m in (model, other):
        assert sum(Template.objects.of(m).values_list("photos", flat=True)) == counts[0]
