"""What is really answered is what the schema describes, and nothing besides."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from people.models import FaceImage, Gallery, Person
from recognition.enrolment import embed_images
from tests.faces import photo_of, photo_too_dark
from tests.fixtures import Enrol
from tests.recognition.api.schemas import check_answer, operations, served_to

API = "/api/v1"
CLOCK = f"{API}/attendance/clock/"
CORRECTIONS = f"{API}/attendance/corrections/"


@pytest.fixture(autouse=True)
def ann(enrol: Enrol, north: Gallery) -> Person:
    return enrol("Ann", 10, gallery=north)


@pytest.fixture
def schema(admin: APIClient) -> dict[str, Any]:
    return served_to(admin)


def photo(angle: float = 10) -> SimpleUploadedFile:
    return SimpleUploadedFile("face.png", photo_of(angle))


def fits(answer: Any, schema: dict[str, Any], operation: str, status: int = 200) -> Any:
    """And gives the body."""
    assert answer.status_code == status, answer.content
    check_answer(answer.json(), schema, operation, status)
    return answer.json()


def test_verify(admin: APIClient, schema: dict[str, Any], ann: Person) -> None:
    for angle, outcome in ((10, "match"), (120, "no_match")):
        asked = {"photo": photo(angle), "person": str(ann.public_id)}
        body = fits(admin.post(f"{API}/verify/", asked), schema, "verify")
        assert body["outcome"] == outcome


@pytest.mark.parametrize("faces", ["largest", "all"])
def test_recognize(admin: APIClient, kiosk: APIClient, schema: dict[str, Any], faces: str) -> None:
    for client in (admin, kiosk):
        for angle, outcome in ((10, "match"), (120, "unknown")):
            asked = {"photo": photo(angle), "top": 3, "faces": faces}
            body = fits(client.post(f"{API}/recognize/", asked), schema, "recognize")
            assert body["outcome"] == outcome


def test_clock(kiosk: APIClient, schema: dict[str, Any]) -> None:
    new = fits(kiosk.post(CLOCK, {"photo": photo()}), schema, "clock", 201)
    again = fits(kiosk.post(CLOCK, {"photo": photo()}), schema, "clock", 200)
    assert again["event"] == new["event"]


def test_clock_settings(kiosk: APIClient, schema: dict[str, Any]) -> None:
    fits(kiosk.get(CLOCK), schema, "clock_settings")


def test_start_challenge(kiosk: APIClient, schema: dict[str, Any]) -> None:
    fits(kiosk.post(f"{API}/attendance/challenges/"), schema, "start_challenge", 201)


def capture(angle: float, **ago: float) -> dict[str, str]:
    return {
        "id": str(uuid4()),
        "photo": base64.b64encode(photo_of(angle)).decode(),
        "occurred_at": (timezone.now() - timedelta(**ago)).isoformat(),
    }


def test_batch(kiosk: APIClient, schema: dict[str, Any]) -> None:
    """Each capture's answer is as of `clock/`, or a problem."""
    captures = [capture(10, hours=2), capture(10, hours=2), capture(120, hours=1)]
    asked = {"sent_at": timezone.now().isoformat(), "captures": captures}
    body = fits(kiosk.post(f"{CLOCK}batch/", asked, format="json"), schema, "clock_batch")
    new, again, stranger = body["results"]
    assert [one["status"] for one in (new, again, stranger)] == [201, 200, 422]
    check_answer(new["answer"], schema, "clock", 201)
    check_answer(again["answer"], schema, "clock", 200)
    problem = {"$ref": "#/components/schemas/Problem", "components": schema["components"]}
    jsonschema.validate(stranger["answer"], problem)


def test_undo(kiosk: APIClient, schema: dict[str, Any]) -> None:
    event = kiosk.post(CLOCK, {"photo": photo()}).json()["event"]["id"]
    undone = fits(kiosk.post(f"{CLOCK}{event}/undo/"), schema, "clock_undo", 201)
    again = fits(kiosk.post(f"{CLOCK}{event}/undo/"), schema, "clock_undo", 200)
    assert again == undone


def test_corrections_and_the_list_of_events(
    admin: APIClient, kiosk: APIClient, schema: dict[str, Any]
) -> None:
    event = kiosk.post(CLOCK, {"photo": photo()}).json()["event"]["id"]
    asked = {"event": event, "direction": "out", "reason": "Wrong door"}
    correction = fits(admin.post(CORRECTIONS, asked, format="json"), schema, "correct", 201)
    events = fits(admin.get(f"{API}/attendance/events/"), schema, "attendance_events_list")[
        "results"
    ]
    assert events[0] == correction


def test_attempts(admin: APIClient, kiosk: APIClient, schema: dict[str, Any]) -> None:
    kiosk.post(CLOCK, {"photo": photo()})
    fits(admin.get(f"{API}/attempts/"), schema, "attempts_list")


def test_photos_that_wait_are_ready_or_were_rejected(
    admin: APIClient, schema: dict[str, Any], ann: Person
) -> None:
    url = f"{API}/people/{ann.public_id}/faces/"
    bad = SimpleUploadedFile("bad.png", b"nonsense")
    sent = [SimpleUploadedFile("dark.png", photo_too_dark()), photo(12), photo(12), bad]
    fits(admin.post(url, {"photo": sent}), schema, "people_faces_create", 201)
    fits(admin.post(url, {"photo": photo(12)}), schema, "people_faces_create", 200)
    (dark, *_) = FaceImage.objects.pending().values_list("pk", flat=True)
    embed_images([dark])
    body = fits(admin.get(url), schema, "people_faces_list")
    assert {face["state"] for face in body["results"]} == {"pending", "ready", "rejected"}


def test_what_is_added_is_not_searched_or_turned_over(schema: dict[str, Any]) -> None:
    parameters = operations(schema)["people_faces_create"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == ["id"]


def test_null_is_a_type_everywhere(schema: dict[str, Any]) -> None:
    """OpenAPI 3.1 has no `nullable`: whoever reads it so would refuse a last page."""
    assert '"nullable"' not in json.dumps(schema)


def test_a_body_with_more_than_the_schema_tells_does_not_fit(
    kiosk: APIClient, schema: dict[str, Any]
) -> None:
    """Or none of the above could fail for it."""
    body = kiosk.post(CLOCK, {"photo": photo()}).json()
    for wrong in (
        {**body, "secret": 1},
        {**body, "event": {**body["event"], "corrected_by": "hr"}},
        {**body, "event": {**body["event"], "id": "7"}},
        {name: value for name, value in body.items() if name != "distance"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check_answer(wrong, schema, "clock", 201)
