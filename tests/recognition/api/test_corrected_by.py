"""Who corrected an event is told to whoever may see events, and to no device."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from people.models import Gallery, Person
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import grant, is_problem, user_client

CLOCK = "/api/v1/attendance/clock/"
EVENTS = "/api/v1/attendance/events/"
REASON = "Was at the doctor's"


@pytest.fixture
def ann(enrol: Enrol, north: Gallery) -> Person:
    return enrol("Ann", 10, gallery=north)


@pytest.fixture
def olga(db: None) -> APIClient:
    """Somebody who may correct, and nothing else."""
    olga = User.objects.create_user("olga")
    grant(olga, "recognition.correct_attendance")
    return user_client(olga)


def clock(kiosk: APIClient) -> Any:
    return kiosk.post(CLOCK, {"photo": SimpleUploadedFile("face.png", photo_of(10))})


def correct(client: APIClient, **body: object) -> Any:
    asked = {"reason": REASON, **body}
    answer = client.post("/api/v1/attendance/corrections/", asked, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def listed(admin: APIClient) -> dict[str, Any]:
    """Who corrected, by the event's id."""
    events = admin.get(EVENTS).json()["results"]
    return {event["id"]: event["corrected_by"] for event in events}


@pytest.mark.usefixtures("ann")
def test_a_correction_says_by_whom_and_why(
    kiosk: APIClient, olga: APIClient, admin: APIClient
) -> None:
    event = clock(kiosk).json()["event"]["id"]
    made = correct(olga, event=event, direction="out")
    assert (made["corrected_by"], made["correction_reason"]) == ("olga", REASON)
    assert listed(admin) == {event: None, made["id"]: "olga"}
    one = admin.get(f"{EVENTS}{made['id']}/").json()
    assert (one["corrected_by"], one["correction_reason"]) == ("olga", REASON)


@pytest.mark.usefixtures("ann")
def test_what_a_device_took_back_names_the_device(kiosk: APIClient, admin: APIClient) -> None:
    """Its account has a name that says nothing."""
    event = clock(kiosk).json()["event"]["id"]
    taken_back = kiosk.post(f"{CLOCK}{event}/undo/").json()["id"]
    one = admin.get(f"{EVENTS}{taken_back}/").json()
    assert (one["device"], one["corrected_by"]) == ("Door", None)


@pytest.mark.usefixtures("ann")
def test_of_an_account_that_is_gone_nothing_is_said(
    kiosk: APIClient, olga: APIClient, admin: APIClient
) -> None:
    event = clock(kiosk).json()["event"]["id"]
    made = correct(olga, event=event, is_void=True)
    User.objects.get(username="olga").delete()
    assert listed(admin)[made["id"]] is None


def test_a_device_is_told_neither_who_corrected_nor_why(
    kiosk: APIClient, olga: APIClient, ann: Person, settings: Settings
) -> None:
    """Where a face that is shown again is answered with somebody's correction, and elsewhere."""
    now = timezone.now().isoformat()
    made = correct(olga, person=str(ann.public_id), direction="in", occurred_at=now)
    repeat = clock(kiosk)
    assert (repeat.status_code, repeat.json()["event"]["id"]) == (200, made["id"])
    settings.CLOCK_REPEAT = timedelta(0)  # the next one is new
    new = clock(kiosk)
    undone = kiosk.post(f"{CLOCK}{new.json()['event']['id']}/undo/")
    assert (new.status_code, undone.status_code) == (201, 201)
    for answer in (repeat, new, undone):
        said = json.dumps(answer.json())
        assert "correct" not in said.replace('"source": "correction"', "")
        assert "olga" not in said
        assert REASON not in said
    is_problem(kiosk.get(EVENTS), 403)


def test_the_list_asks_the_database_no_more_for_more_events(
    olga: APIClient,
    admin: APIClient,
    ann: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    about = {"person": str(ann.public_id), "direction": "in"}

    def queries(expected: int) -> int:
        with django_assert_max_num_queries(100) as asked:
            assert len(listed(admin)) == expected
        return len(asked)

    correct(olga, **about, occurred_at="2026-01-30T17:00:00+01:00")
    once = queries(1)
    for minute in range(1, 5):
        correct(olga, **about, occurred_at=f"2026-01-30T17:0{minute}:00+01:00")
    assert queries(5) == once
