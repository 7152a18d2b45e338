"""Lists by what somebody looks for, and who asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from people.models import EmbeddingModel, FaceImage, Gallery
from recognition.devices import add_device
from recognition.enrolment import embed_images
from recognition.models import Device
from tests.faces import photo_of, photo_too_dark
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with, grant, is_problem, user_client

API = "/api/v1"
EVENTS = f"{API}/attendance/events/"
ATTEMPTS = f"{API}/attempts/"


def photo(angle: float) -> dict[str, SimpleUploadedFile]:
    return {"photo": SimpleUploadedFile("face.png", photo_of(angle))}


def listed(client: APIClient, url: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.fixture
def south(db: None) -> Gallery:
    return Gallery.objects.create(name="South")


@pytest.fixture
def two_doors(enrol: Enrol, kiosk: APIClient, north: Gallery, south: Gallery) -> None:
    """Ann of North at the door, then Bob of South at the gate."""
    enrol("Ann", 10, gallery=north)
    enrol("Bob", 90, gallery=south)
    gate = client_with(add_device(name="Gate", galleries=[south]).key)
    for client, angle in ((kiosk, 10), (gate, 90)):
        assert client.post(f"{API}/attendance/clock/", photo(angle)).status_code == 201


@pytest.mark.usefixtures("two_doors")
def test_events_of_one_device_or_of_the_people_of_one_gallery(
    admin: APIClient, south: Gallery
) -> None:
    assert [event["device"] for event in listed(admin, EVENTS)] == ["Gate", "Door"]
    for query in (
        {"device": "Gate"},
        {"gallery": south.pk},
        {"device": "Gate", "gallery": south.pk},
    ):
        assert [event["device"] for event in listed(admin, EVENTS, **query)] == ["Gate"]
    assert listed(admin, EVENTS, device="Gate", person="5b0ad3b0-6f1c-4b0e-9a55-3c3f6a0d7c11") == []


@pytest.mark.usefixtures("two_doors")
@pytest.mark.parametrize("query", [{"device": "Nowhere"}, {"gallery": 404}, {"gallery": 10**30}])
def test_events_of_what_is_not_there_are_none(admin: APIClient, query: dict[str, Any]) -> None:
    assert listed(admin, EVENTS, **query) == []


@pytest.mark.usefixtures("two_doors")
@pytest.mark.parametrize("query", [{"gallery": "South"}, {"gallery": ""}, {"device": ""}])
def test_a_filter_of_the_wrong_kind_is_refused(admin: APIClient, query: dict[str, str]) -> None:
    is_problem(admin.get(EVENTS, query), 400)


@pytest.mark.usefixtures("two_doors")
def test_an_attempt_says_which_device_or_user_asked(admin: APIClient, device: Device) -> None:
    admin.post(f"{API}/recognize/", photo(10))
    by_user, at_the_gate, at_the_door = listed(admin, ATTEMPTS)
    assert (by_user["actor"], by_user["device"]) == ("root", None)
    assert at_the_gate["device"] == "Gate"
    assert (at_the_door["actor"], at_the_door["device"]) == (device.account.username, "Door")


@pytest.mark.usefixtures("two_doors")
def test_attempts_of_one_device_user_or_model(admin: APIClient, model: EmbeddingModel) -> None:
    admin.post(f"{API}/recognize/", photo(10))
    assert [one["actor"] for one in listed(admin, ATTEMPTS, actor="root")] == ["root"]
    assert [one["device"] for one in listed(admin, ATTEMPTS, device="Gate")] == ["Gate"]
    assert len(listed(admin, ATTEMPTS, model=model.pk)) == 3
    assert listed(admin, ATTEMPTS, model=model.pk + 1) == []
    assert listed(admin, ATTEMPTS, actor="Root") == []


def test_who_asked_is_empty_where_nobody_is_left(admin: APIClient, enrol: Enrol) -> None:
    gone = User.objects.create_user("gone")
    grant(gone, "recognition.ask")
    enrol("Ann", 10)
    assert user_client(gone).post(f"{API}/recognize/", photo(10)).status_code == 200
    gone.delete()
    (attempt,) = listed(admin, ATTEMPTS)
    assert (attempt["actor"], attempt["device"]) == (None, None)


def test_who_asked_costs_no_question_for_each_attempt(
    admin: APIClient, enrol: Enrol, kiosk: APIClient, north: Gallery
) -> None:
    enrol("Ann", 10, gallery=north)
    numbers = []
    for _ in range(2):
        for client in (admin, kiosk):
            assert client.post(f"{API}/recognize/", photo(10)).status_code == 200
        with CaptureQueriesContext(connection) as queries:
            listed(admin, ATTEMPTS)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_the_photos_of_a_person_by_their_state(admin: APIClient, enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    url = f"{API}/people/{ann.public_id}/faces/"
    dark = SimpleUploadedFile("dark.png", photo_too_dark())
    assert admin.post(url, {"photo": dark}, format="multipart").status_code == 201
    embed_images(list(FaceImage.objects.pending().values_list("pk", flat=True)))
    assert len(listed(admin, url)) == 2
    assert listed(admin, url, state="pending") == []
    (rejected,) = listed(admin, url, state="rejected")
    assert (rejected["reason_code"], rejected["box"]) == ("too_dark", [8, 8, 48, 48])
    assert rejected["quality"]["brightness"] == 0.01
    is_problem(admin.get(url, {"state": "lost"}), 400)
