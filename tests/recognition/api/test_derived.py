"""A capture that arrives late turns the directions that were derived after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery, Person
from recognition.attendance import corrections
from recognition.models import AttendanceEvent, Device
from tests.fixtures import Enrol
from tests.recognition.api.test_clock import (
    URL,
    ago,
    batch,
    capture,
    clock,
    correct,
    where_it_is_noon,
)


@pytest.fixture(autouse=True)
def ann(enrol: Enrol, north: Gallery, settings: Settings) -> Person:
    settings.CLOCK_REPEAT = timedelta(0)
    north.time_zone = where_it_is_noon()
    north.save()
    return enrol("Ann", 10, gallery=north)


def counted() -> list[str]:
    events = AttendanceEvent.objects.filter(is_void=False, replaced_by=None)
    return list(events.order_by("occurred_at").values_list("direction", flat=True))


def arrives(kiosk: APIClient, *, hours: float, **more: object) -> Any:
    [result] = batch(kiosk, {**capture(10, ago(hours=hours)), **more}).json()["results"]
    assert result["status"] == 201
    return result["answer"]["event"]


def test_a_late_in_makes_an_out_of_what_was_the_first_in(kiosk: APIClient) -> None:
    assert clock(kiosk).json()["event"]["direction"] == "in"
    assert arrives(kiosk, hours=2)["direction"] == "in"
    assert counted() == ["in", "out"]


def test_it_is_a_correction_that_says_who_and_why_and_the_original_stays(
    kiosk: APIClient, admin: APIClient, device: Device
) -> None:
    first = clock(kiosk).json()["event"]
    arrives(kiosk, hours=2)
    correction = AttendanceEvent.objects.get(source="correction")
    assert (correction.device, correction.corrected_by) == (device, device.account)
    assert correction.correction_reason == corrections.DERIVED
    original = admin.get(f"/api/v1/attendance/events/{first['id']}/").json()
    assert (original["direction"], original["replaced_by"]) == ("in", str(correction.public_id))
    assert original["occurred_at"] == first["occurred_at"]


def test_all_that_follow_alternate_again_and_again(kiosk: APIClient) -> None:
    for hours in (3, 2, 1):
        clock(kiosk, occurred_at=ago(hours=hours))
    arrives(kiosk, hours=4)
    assert counted() == ["in", "out", "in", "out"]
    arrives(kiosk, hours=2.5)
    assert counted() == ["in", "out", "in", "out", "in"]


def test_a_direction_that_was_given_stands_and_what_follows_it(kiosk: APIClient) -> None:
    clock(kiosk, occurred_at=ago(hours=3), direction="in")
    clock(kiosk, occurred_at=ago(hours=2))
    arrives(kiosk, hours=4)
    assert counted() == ["in", "in", "out"]
    assert not AttendanceEvent.objects.filter(source="correction").exists()


def test_a_late_one_with_its_direction_turns_what_was_derived(kiosk: APIClient) -> None:
    clock(kiosk)
    arrives(kiosk, hours=2, direction="out")
    assert counted() == ["out", "in"]
    arrives(kiosk, hours=1, direction="in")
    assert counted() == ["out", "in", "out"]


def test_what_somebody_corrected_stands(kiosk: APIClient, admin: APIClient) -> None:
    event = clock(kiosk, occurred_at=ago(hours=2)).json()["event"]["id"]
    correct(admin, event=event, direction="in", occurred_at=ago(hours=1), reason="By the gate")
    arrives(kiosk, hours=3)
    assert counted() == ["in", "in"]


def test_another_day_and_another_person_are_as_they_were(
    kiosk: APIClient, enrol: Enrol, north: Gallery
) -> None:
    enrol("Bob", 100, gallery=north)
    clock(kiosk, 100)
    clock(kiosk)
    arrives(kiosk, hours=26)
    assert counted() == ["in", "in", "in"]


def test_a_clock_that_is_ahead_hinders_nothing(kiosk: APIClient) -> None:
    clock(kiosk, occurred_at=(timezone.now() + timedelta(seconds=60)).isoformat())
    arrives(kiosk, hours=2)
    assert counted() == ["in", "out"]


def test_who_was_turned_can_still_take_it_back(kiosk: APIClient) -> None:
    event = clock(kiosk).json()["event"]["id"]
    arrives(kiosk, hours=2)
    first, second = (kiosk.post(f"{URL}{event}/undo/") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert counted() == ["in"]


def test_a_late_one_that_is_taken_back_turns_them_once_more(kiosk: APIClient) -> None:
    clock(kiosk)
    late = arrives(kiosk, hours=2)["id"]
    assert kiosk.post(f"{URL}{late}/undo/").status_code == 201
    assert counted() == ["in"]


def test_what_was_turned_and_is_sent_again_is_there(kiosk: APIClient) -> None:
    first = capture(10, ago(hours=1))
    sent = batch(kiosk, first).json()
    arrives(kiosk, hours=2)
    assert batch(kiosk, first).json() == sent
    assert counted() == ["in", "out"]
