"""Bad input at the door: each has a code of its own, and nothing is stored but the Attempt."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from knox.models import AuthToken
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from people import services as people
from people.images import MAX_BYTES
from people.models import FaceImage, Gallery
from recognition.api.parsers import MAX_BODY
from recognition.devices import NewKey, add_device, revoke
from recognition.models import Attempt, AttendanceEvent, Device, LivenessSession
from tests.faces import photo_of, photo_of_two, photo_too_dark, photo_without_face
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with, is_problem

URL = "/api/v1/attendance/clock/"
ANN, BOB, EVE, STRANGER = 10, 65, 120, 175  # degrees; Bob is deactivated, Eve of another gallery


@dataclass(frozen=True, slots=True)
class Door:
    """A kiosk that knows Ann, staff number 7."""

    kiosk: APIClient
    new: NewKey

    def shows(self, data: bytes, *, key: str = "", **more: object) -> Any:
        """A form, as a browser would send it."""
        headers = {"Idempotency-Key": key} if key else {}
        form = {"photo": SimpleUploadedFile("face.png", data), **more}
        return self.kiosk.post(URL, form, format="multipart", headers=headers)

    def says(self, **body: object) -> Any:
        return self.kiosk.post(URL, body, format="json")

    def sends(self, body: bytes, content_type: str = "application/json", **more: Any) -> Any:
        return self.kiosk.post(URL, body, content_type=content_type, **more)


@pytest.fixture
def door(enrol: Enrol, north: Gallery, new_device: NewKey, kiosk: APIClient) -> Door:
    ann = enrol("Ann", ANN, gallery=north)
    ann.staff_number = "7"
    ann.save()
    people.deactivate(person=enrol("Bob", BOB, gallery=north))
    enrol("Eve", EVE, gallery=Gallery.objects.create(name="South"))
    return Door(kiosk=kiosk, new=new_device)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encoded(kind: str, side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("L", (side, side)).save(out, kind)
    return out.getvalue()


def after(**delta: float) -> str:
    return (timezone.now() + timedelta(**delta)).isoformat()


def with_a_key_that_had_another_body(door: Door) -> Any:
    door.shows(photo_of(STRANGER), key="used")
    return door.shows(photo_of(ANN), key="used")


def with_a_revoked_key(door: Door) -> Any:
    revoke(device=door.new.device)
    return door.shows(photo_of(ANN))


def with_a_token_that_ran_out(_door: Door) -> Any:
    token, key = AuthToken.objects.create(user=User.objects.create_user("hr"))
    AuthToken.objects.filter(pk=token.pk).update(expiry=timezone.now())
    return client_with(key).post(URL, {"photo": SimpleUploadedFile("a.png", photo_of(ANN))})


def at_a_device_without_a_gallery(_door: Door) -> Any:
    other = client_with(add_device(name="Gate", galleries=[]).key)
    return other.post(URL, {"photo": SimpleUploadedFile("a.png", photo_of(ANN))})


def at_a_device_that_may_not_clock(door: Door) -> Any:
    Device.objects.update(may_clock=False)
    return door.shows(photo_of(ANN))


Send = Callable[[Door], Any]
# What is sent → status, code, number of Attempts.
REFUSED: dict[str, tuple[Send, int, str, int]] = {
    # The face
    "no face": (lambda d: d.shows(photo_without_face()), 422, "no_face", 1),
    "a face in the dark": (lambda d: d.shows(photo_too_dark()), 422, "too_dark", 1),
    "two faces": (lambda d: d.shows(photo_of_two()), 422, "many_faces", 1),
    "frames of two people": (
        lambda d: d.says(photo=[text(photo_of(ANN)), text(photo_of(STRANGER))]),
        422, "frames_differ", 1,
    ),
    "somebody not enrolled": (lambda d: d.shows(photo_of(STRANGER)), 422, "unknown", 1),
    "somebody deactivated": (lambda d: d.shows(photo_of(BOB)), 422, "person_deactivated", 1),
    "somebody of another gallery": (
        lambda d: d.shows(photo_of(EVE)), 422, "person_elsewhere", 1,
    ),
    "a claim of a wrong face": (
        lambda d: d.shows(photo_of(STRANGER), staff_number="7"), 422, "no_match", 1,
    ),
    "a claim to be nobody": (
        lambda d: d.shows(photo_of(ANN), staff_number="8"), 422, "no_match", 1,
    ),
    # The file
    "an empty file": (lambda d: d.says(photo=""), 422, "photo_empty", 0),
    "a truncated file": (lambda d: d.shows(photo_of(ANN)[:60]), 422, "photo_damaged", 0),
    "a huge file": (lambda d: d.shows(bytes(MAX_BYTES + 1)), 413, "photo_too_many_bytes", 0),
    "a huge picture in a small file": (
        lambda d: d.shows(encoded("PNG", 6000)), 422, "photo_too_many_pixels", 0,
    ),
    "a tiny picture": (lambda d: d.shows(encoded("PNG", 8)), 422, "photo_too_small", 0),
    "a picture of the wrong type": (lambda d: d.shows(encoded("GIF")), 415, "photo_wrong_type", 0),
    "a script": (
        lambda d: d.shows(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script>"),
        415, "photo_wrong_type", 0,
    ),
    "hostile bytes behind the head of a JPEG": (
        lambda d: d.shows(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\xff\xda\x00" * 5000),
        415, "photo_wrong_type", 0,
    ),
    "hostile bytes within a JPEG": (
        lambda d: d.shows(encoded("JPEG")[:-40] + b"\xff\xda\x00\x08" * 5000),
        422, "photo_damaged", 0,
    ),
    "text that is no base64": (lambda d: d.says(photo="<photo>"), 422, "photo_not_base64", 0),
    # The request
    "no photo": (lambda d: d.says(), 400, "invalid", 0),
    "an unknown field": (
        lambda d: d.says(photo=text(photo_of(ANN)), person="Ann"), 400, "invalid", 0,
    ),
    "a direction that is none": (
        lambda d: d.shows(photo_of(ANN), direction="up"), 400, "invalid", 0,
    ),
    "too many frames": (lambda d: d.says(photo=[text(photo_of(ANN))] * 17), 400, "invalid", 0),
    "half a character": (lambda d: d.sends(rb'{"photo": "\ud800"}'), 400, "parse_error", 0),
    "endless brackets": (lambda d: d.sends(b"[" * 100_000), 400, "parse_error", 0),
    "a body of another type": (
        lambda d: d.sends(b"photo=aGk%3D", "application/x-www-form-urlencoded"),
        415, "unsupported_media_type", 0,
    ),
    "a huge body": (
        lambda d: d.sends(b"{}", CONTENT_LENGTH=str(MAX_BODY + 1)), 413, "request_too_large", 0,
    ),
    # The time
    "a clock in the future": (
        lambda d: d.shows(photo_of(ANN), occurred_at=after(days=1)), 422, "clock_in_future", 0,
    ),
    "a capture of long ago": (
        lambda d: d.shows(photo_of(ANN), occurred_at=after(days=-30)), 422, "capture_too_old", 0,
    ),
    "a time without an offset": (
        lambda d: d.shows(photo_of(ANN), occurred_at="2026-01-31T08:00:00"), 400, "invalid", 0,
    ),
    "a day that does not exist": (
        lambda d: d.shows(photo_of(ANN), occurred_at="2026-02-31T08:00:00Z"),
        422, "unprocessable", 0,
    ),
    # The key
    "a key that had another body": (
        with_a_key_that_had_another_body, 409, "key_used_otherwise", 1,  # of the first
    ),
    "a key that is none": (lambda d: d.shows(photo_of(ANN), key="a b"), 400, "invalid", 0),
    "a revoked device key": (with_a_revoked_key, 401, "key_revoked", 0),
    "a token that ran out": (with_a_token_that_ran_out, 401, "key_expired", 0),
    # The device
    "a device without a gallery": (at_a_device_without_a_gallery, 403, "gallery_not_allowed", 0),
    "a device that may not clock": (at_a_device_that_may_not_clock, 403, "permission_denied", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_with_its_code(door: Door, case: str) -> None:
    send, status, code, attempts = REFUSED[case]
    photos = FaceImage.objects.count()
    answer = send(door)
    is_problem(answer, status)
    assert answer.json()["code"] == code
    assert answer.json()["detail"]
    assert Attempt.objects.count() == attempts
    assert not AttendanceEvent.objects.exists()
    assert not LivenessSession.objects.exists()
    assert FaceImage.objects.count() == photos


@pytest.mark.parametrize("photo", [photo_too_dark(), photo_of(STRANGER)])
def test_whoever_is_refused_at_the_door_is_told_which_face_it_was(door: Door, photo: bytes) -> None:
    first, again = (door.shows(photo, key="7").json() for _ in range(2))
    assert first["box"] == {"x": 8, "y": 8, "width": 48, "height": 48}
    assert first["quality"]["size"] == 120
    assert not {"distance", "runner_up_distance", "threshold", "person"} & set(first)
    assert again == first


def test_what_is_not_refused_is_an_event(door: Door) -> None:
    """Or the table above would hold at a door that lets nobody in."""
    assert door.shows(photo_of(ANN)).status_code == 201
    assert door.says(photo=text(photo_of(ANN))).status_code == 200
    assert AttendanceEvent.objects.count() == 1


@pytest.mark.parametrize("angle", [BOB, EVE])
def test_where_no_reason_is_told_they_are_answered_as_a_stranger_is(
    door: Door, settings: Settings, angle: float
) -> None:
    """In the same words."""
    settings.CLOCK_SAYS_WHY = False
    assert door.shows(photo_of(angle)).json() == door.shows(photo_of(STRANGER)).json()
