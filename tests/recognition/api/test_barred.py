"""Whoever is known and does not pass is told why, and nobody else is."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from rest_framework.test import APIClient

from people import services as people
from people.errors import Refusal
from people.models import EmbeddingModel, Gallery, Person
from recognition.calibration import promise
from recognition.models import Attempt, AttendanceEvent
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import is_problem
from tests.recognition.api.test_clock import ago, batch, capture, clock

ANN, BOB, EVE, STRANGER = 10, 80, 150, 220  # degrees: of their faces

pytestmark = pytest.mark.usefixtures("known")


@pytest.fixture
def known(enrol: Enrol, north: Gallery) -> dict[str, Person]:
    """Ann may clock at the kiosk; Bob is deactivated, and Eve of another gallery."""
    found = {
        "7": enrol("Ann", ANN, gallery=north),
        "8": enrol("Bob", BOB, gallery=north),
        "9": enrol("Eve", EVE, gallery=Gallery.objects.create(name="South")),
    }
    for number, person in found.items():
        Person.objects.filter(pk=person.pk).update(staff_number=number)
    people.deactivate(person=found["8"])
    return found


def is_told(answer: Any, code: str) -> None:
    is_problem(answer, 422)
    body = answer.json()
    assert body["code"] == code
    assert not {"Bob", "Eve"} & set(str(body).replace("'", " ").split())
    assert not AttendanceEvent.objects.exists()


@pytest.mark.parametrize(
    ("angle", "number", "code"),
    [(BOB, "8", "person_deactivated"), (EVE, "9", "person_elsewhere")],
)
@pytest.mark.parametrize("claims", [False, True])
def test_their_own_face_is_told(
    kiosk: APIClient, angle: float, number: str, code: str, claims: bool
) -> None:
    more = {"staff_number": number} if claims else {}
    is_told(clock(kiosk, angle, **more), code)
    attempt = Attempt.objects.get()
    assert attempt.outcome == ("no_match" if claims else "unknown")
    assert (attempt.reason, attempt.found) == (code, None)


@pytest.mark.parametrize("number", ["8", "9", "nobody's"])
@pytest.mark.parametrize("angle", [ANN, STRANGER])
def test_another_face_learns_nothing_from_a_number(
    kiosk: APIClient, number: str, angle: float
) -> None:
    answer = clock(kiosk, angle, staff_number=number)
    is_told(answer, "no_match")
    assert answer.json()["detail"] == "Person name and face didn't match!"


def test_a_stranger_is_unknown(kiosk: APIClient) -> None:
    is_told(clock(kiosk, STRANGER), "unknown")


def test_deactivated_comes_before_elsewhere(kiosk: APIClient, known: dict[str, Person]) -> None:
    people.deactivate(person=known["9"])
    is_told(clock(kiosk, EVE), "person_deactivated")


def test_one_gallery_of_several_is_enough(
    kiosk: APIClient, known: dict[str, Person], north: Gallery
) -> None:
    known["9"].galleries.add(north)
    assert clock(kiosk, EVE).status_code == 201


def test_a_capture_that_waited_is_told_too(kiosk: APIClient) -> None:
    results = batch(kiosk, capture(BOB, ago(hours=2)), capture(EVE, ago(hours=1))).json()["results"]
    codes = [result["answer"]["code"] for result in results]
    assert codes == ["person_deactivated", "person_elsewhere"]


@pytest.mark.parametrize(("angle", "number"), [(BOB, "8"), (EVE, "9")])
def test_an_operator_may_keep_it_to_themselves(
    kiosk: APIClient, settings: Settings, angle: float, number: str
) -> None:
    settings.CLOCK_SAYS_WHY = False
    is_told(clock(kiosk, angle), "unknown")
    is_told(clock(kiosk, angle, staff_number=number), "no_match")
    assert set(Attempt.objects.values_list("reason", flat=True)) <= {"", "not_enrolled"}


def test_where_everybody_are_too_many_they_are_strangers(
    kiosk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device's own gallery is small enough, and the whole is not."""
    allowed = promise.require_to_recognize

    def among_few(model: Any, galleries: Any = (), **more: Any) -> None:
        if not galleries:
            raise Refusal("Too many.", code="gallery_outgrown")
        allowed(model, galleries, **more)

    monkeypatch.setattr(promise, "require_to_recognize", among_few)
    is_told(clock(kiosk, EVE), "unknown")


def test_the_deactivated_count_among_those_who_are_searched(
    kiosk: APIClient, model: EmbeddingModel, settings: Settings
) -> None:
    settings.RECOGNIZE_FPIR = 1e-5  # so that few people count as many
    settings.RECOGNIZE_BEYOND_PROMISE = True
    model.calibration = {"curve": [[1e-2, 1.4], [1e-5, 0.765], [1e-6, 0.2]]}
    model.save()
    caches["process"].clear()
    is_told(clock(kiosk, BOB + 32), "unknown")  # near enough among two, and too far among three
    is_told(clock(kiosk, BOB + 25), "person_deactivated")


def test_recognizing_says_no_more_than_before(kiosk: APIClient) -> None:
    photo = SimpleUploadedFile("face.png", photo_of(EVE))
    body = kiosk.post("/api/v1/recognize/", {"photo": photo}, format="multipart").json()
    assert (body["outcome"], body["reason"]) == ("unknown", "")
