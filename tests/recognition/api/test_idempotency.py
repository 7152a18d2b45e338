"""How long an answer is kept for its key: while its capture could be accepted, or a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery
from recognition.attendance import idempotency
from recognition.models import Attempt, AttendanceEvent, IdempotentAnswer
from tests.faces import photo_of
from tests.fixtures import Enrol

URL = "/api/v1/attendance/clock/"


@pytest.fixture(autouse=True)
def nothing_but_the_key(enrol: Enrol, north: Gallery, settings: Settings) -> None:
    """A second show of Ann's face is a second event, if the key does not prevent it."""
    settings.CLOCK_REPEAT = timedelta(0)
    enrol("Ann", 10, gallery=north)


def clock(kiosk: APIClient, *, variant: int = 0, key: str = "a") -> Any:
    photo = SimpleUploadedFile("face.png", photo_of(10, variant=variant))
    return kiosk.post(URL, {"photo": photo}, headers={"Idempotency-Key": key})


def age(**delta: float) -> None:
    """So much time passes for every answer that is kept."""
    IdempotentAnswer.objects.update(created_at=F("created_at") - timedelta(**delta))


@pytest.mark.parametrize("hours", [23, 73])
def test_while_a_capture_may_wait_it_is_still_the_same_answer(
    kiosk: APIClient, hours: float
) -> None:
    """And an hour longer: a capture that can be accepted is known."""
    first = clock(kiosk)
    age(hours=hours)
    again = clock(kiosk)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert AttendanceEvent.objects.count() == Attempt.objects.count() == 1


def test_a_longer_wait_is_a_longer_memory(kiosk: APIClient, settings: Settings) -> None:
    settings.CLOCK_OLDEST = timedelta(days=30)
    first = clock(kiosk)
    age(days=30, hours=1)
    assert idempotency.forget_old() == 0
    assert clock(kiosk).json() == first.json()


def test_a_shorter_wait_is_no_less_than_a_day(kiosk: APIClient, settings: Settings) -> None:
    settings.CLOCK_OLDEST = timedelta(hours=2)
    first = clock(kiosk)
    age(hours=23)
    assert clock(kiosk).json() == first.json()
    age(hours=2)
    assert idempotency.forget_old() == 1


def test_after_23_hours_the_key_is_still_taken(kiosk: APIClient) -> None:
    clock(kiosk)
    age(hours=23)
    assert clock(kiosk, variant=1).json()["code"] == "key_used_otherwise"
    assert AttendanceEvent.objects.count() == 1


@pytest.mark.parametrize("variant", [0, 1])
def test_after_74_hours_the_key_is_as_new(kiosk: APIClient, variant: int) -> None:
    """For the same request and for another; and then it is kept as long again."""
    first = clock(kiosk)
    age(hours=74)
    later = clock(kiosk, variant=variant)
    assert later.status_code == 201
    assert "Idempotent-Replayed" not in later
    assert later.json()["event"]["id"] != first.json()["event"]["id"]
    age(hours=73)
    assert clock(kiosk, variant=variant).json() == later.json()
    assert AttendanceEvent.objects.count() == Attempt.objects.count() == 2


def test_only_answers_nobody_may_ask_for_are_forgotten(kiosk: APIClient) -> None:
    clock(kiosk, key="old")
    age(hours=2)
    clock(kiosk, key="young")
    age(hours=72)
    assert idempotency.forget_old() == 1
    assert IdempotentAnswer.objects.get().key == "young"
    assert clock(kiosk, key="young")["Idempotent-Replayed"] == "true"
    assert idempotency.forget_old() == 0


def test_what_is_forgotten_takes_no_event_with_it(kiosk: APIClient) -> None:
    clock(kiosk)
    age(hours=74)
    assert idempotency.forget_old() == 1
    assert AttendanceEvent.objects.count() == 1
