"""A device takes back what it has just clocked: a correction, once, and not for long."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery, Person
from recognition.devices import add_device
from recognition.models import AttendanceEvent, Device
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with, is_problem

URL = "/api/v1/attendance/clock/"


@pytest.fixture(autouse=True)
def ann(enrol: Enrol, north: Gallery) -> Person:
    return enrol("Ann", 10, gallery=north)


def clock(client: APIClient, *, key: str = "", **more: object) -> Any:
    photo = SimpleUploadedFile("face.png", photo_of(10))
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(URL, {"photo": photo, **more}, format="multipart", headers=headers)


def event_of(client: APIClient) -> str:
    return str(clock(client).json()["event"]["id"])


def counted() -> QuerySet[AttendanceEvent]:
    return AttendanceEvent.objects.filter(is_void=False, replaced_by=None)


def undo(client: APIClient, event: str) -> Any:
    return client.post(f"{URL}{event}/undo/")


def test_it_is_a_void_correction_by_the_device_and_the_event_stays(
    kiosk: APIClient, device: Device
) -> None:
    event = event_of(kiosk)
    answer = undo(kiosk, event)
    assert (answer.status_code, answer.json()["is_void"]) == (201, True)
    correction = AttendanceEvent.objects.get(source="correction")
    assert str(correction.replaces and correction.replaces.public_id) == event
    assert (correction.corrected_by, correction.device) == (device.account, device)
    assert not counted().exists()


def test_afterwards_the_same_face_is_a_new_event_again(kiosk: APIClient) -> None:
    undo(kiosk, event_of(kiosk))
    again = clock(kiosk).json()
    assert (again["is_repeat"], again["event"]["direction"]) == (False, "in")


def test_a_second_click_does_nothing(kiosk: APIClient, settings: Settings) -> None:
    event = event_of(kiosk)
    first = undo(kiosk, event)
    settings.CLOCK_UNDO = timedelta(0)  # not even when it comes late
    second = undo(kiosk, event)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert AttendanceEvent.objects.count() == 2


def test_it_is_refused_when_its_time_is_over(kiosk: APIClient, settings: Settings) -> None:
    settings.CLOCK_UNDO = timedelta(0)
    answer = undo(kiosk, event_of(kiosk))
    is_problem(answer, 422)
    assert answer.json()["code"] == "undo_too_late"
    assert counted().count() == 1


def test_an_event_of_another_device_is_not_there(kiosk: APIClient, north: Gallery) -> None:
    other = client_with(add_device(name="Gate", galleries=[north]).key)
    is_problem(undo(other, event_of(kiosk)), 404)
    is_problem(undo(kiosk, str(uuid4())), 404)
    assert counted().count() == 1


def test_a_correction_cannot_be_undone(kiosk: APIClient) -> None:
    correction = undo(kiosk, event_of(kiosk)).json()["id"]
    is_problem(undo(kiosk, correction), 404)


def test_what_somebody_corrected_stays_so(kiosk: APIClient, admin: APIClient) -> None:
    event = event_of(kiosk)
    body = {"event": event, "direction": "out", "reason": "Wrong door"}
    admin.post("/api/v1/attendance/corrections/", body, format="json")
    answer = undo(kiosk, event)
    is_problem(answer, 422)
    assert answer.json()["code"] == "already_corrected"


def test_what_a_clock_ahead_recorded_can_be_taken_back(kiosk: APIClient) -> None:
    soon = (timezone.now() + timedelta(seconds=60)).isoformat()
    event = clock(kiosk, occurred_at=soon).json()["event"]["id"]
    assert undo(kiosk, event).status_code == 201


def test_a_device_is_told_what_it_has_to_know(kiosk: APIClient, device: Device) -> None:
    device.galleries.update(time_zone="Europe/Berlin")
    said = kiosk.get(URL).json()
    assert (said["id"], said["name"]) == (str(device.public_id), "Door")
    assert (said["time_zone"], said["undo_seconds"]) == ("Europe/Berlin", 30)


def test_a_capture_whose_answer_was_lost_is_not_recorded_again_by_the_batch(
    kiosk: APIClient, settings: Settings
) -> None:
    settings.CLOCK_REPEAT = timedelta(0)  # it is the key alone that tells
    capture = str(uuid4())
    clock(kiosk, key=capture)
    now = timezone.now().isoformat()
    item = {"id": capture, "occurred_at": now, "photo": base64.b64encode(photo_of(10)).decode()}
    answer = kiosk.post(f"{URL}batch/", {"sent_at": now, "captures": [item]}, format="json")
    assert answer.json()["results"][0]["answer"]["code"] == "key_used_otherwise"
    assert AttendanceEvent.objects.count() == 1
