from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from people import services as people
from people.models import Gallery, Person
from recognition import services
from recognition.attendance import clock as clock_service
from recognition.attendance import idempotency
from recognition.devices import add_device
from recognition.models import Attempt, AttendanceEvent, Device, IdempotentAnswer
from tests.faces import photo_of, photo_without_face
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with

URL = "/api/v1/attendance/clock/"


def clock(client: APIClient, angle: float = 10, *, key: str = "", **more: object) -> Any:
    photo = SimpleUploadedFile("face.png", photo_of(angle))
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(URL, {"photo": photo, **more}, format="multipart", headers=headers)


def text(angle: float) -> str:
    return base64.b64encode(photo_of(angle)).decode()


def ago(**delta: float) -> str:
    return (timezone.now() - timedelta(**delta)).isoformat()


@pytest.fixture(autouse=True)
def no_repeats(settings: Settings) -> None:
    settings.CLOCK_REPEAT = timedelta(0)


def where_it_is_noon() -> str:
    """A time zone in which a few hours ago and now are one day, whenever the tests run."""
    ahead = 12 - timezone.now().hour  # of UTC; in these names the sign is turned round
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"


@pytest.fixture
def ann(enrol: Enrol, north: Gallery) -> Person:
    north.time_zone = where_it_is_noon()
    north.save()
    ann = enrol("Ann", 10, gallery=north)
    ann.staff_number = "7"
    ann.save()
    return ann


def directions() -> list[str]:
    return list(AttendanceEvent.objects.order_by("occurred_at").values_list("direction", flat=True))


@pytest.mark.usefixtures("ann")
def test_the_first_of_the_day_is_in_then_they_alternate(kiosk: APIClient) -> None:
    first = clock(kiosk)
    assert first.status_code == 201
    assert first.json()["message"] == "Hi! Welcome Ann"
    for _ in range(2):
        clock(kiosk)
    assert directions() == ["in", "out", "in"]


def test_an_event_names_person_device_and_attempt(kiosk: APIClient, ann: Person) -> None:
    clock(kiosk)
    event = AttendanceEvent.objects.get()
    assert event.person == ann
    assert event.device is not None
    assert event.attempt == Attempt.objects.get()


def test_who_forgot_to_leave_yesterday_starts_with_in(
    kiosk: APIClient, ann: Person, settings: Settings
) -> None:
    clock(kiosk, occurred_at=ago(hours=30))
    clock(kiosk)
    assert directions() == ["in", "in"]


@pytest.mark.usefixtures("ann")
def test_a_direction_that_is_given_stands(kiosk: APIClient) -> None:
    clock(kiosk, direction="out")
    assert directions() == ["out"]


@pytest.mark.usefixtures("ann")
def test_a_second_show_is_the_same_event(kiosk: APIClient, settings: Settings) -> None:
    settings.CLOCK_REPEAT = timedelta(seconds=60)
    first, second = clock(kiosk), clock(kiosk)
    assert (second.status_code, second.json()["is_repeat"]) == (200, True)
    assert second.json()["event"] == first.json()["event"]
    assert AttendanceEvent.objects.count() == 1
    assert Attempt.objects.count() == 2


@pytest.mark.usefixtures("ann")
def test_who_passes_the_other_reader_at_once_has_passed(
    kiosk: APIClient, settings: Settings
) -> None:
    settings.CLOCK_REPEAT = timedelta(seconds=60)
    answers = [clock(kiosk, direction=way) for way in ("in", "out", "out", "in")]
    answers.append(clock(kiosk))
    assert [answer.status_code for answer in answers] == [201, 201, 200, 201, 200]
    assert directions() == ["in", "out", "in"]


def test_a_claim_is_checked_one_to_one(kiosk: APIClient, ann: Person) -> None:
    assert clock(kiosk, staff_number="7").json()["message"] == "Verified! Welcome Ann"
    refused = clock(kiosk, 100, staff_number="7")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_match")


def test_a_claim_of_nobody_is_answered_as_a_wrong_face(kiosk: APIClient, ann: Person) -> None:
    nobody, wrong = clock(kiosk, staff_number="8"), clock(kiosk, 100, staff_number="7")
    assert nobody.json() == wrong.json()


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("when", "code"),
    [
        (timedelta(days=1), "clock_in_future"),
        (timedelta(days=-30), "capture_too_old"),
    ],
)
def test_a_wrong_time_is_refused(kiosk: APIClient, when: timedelta, code: str) -> None:
    answer = clock(kiosk, occurred_at=(timezone.now() + when).isoformat())
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not AttendanceEvent.objects.exists()


@pytest.mark.usefixtures("ann")
def test_a_stranger_is_refused_and_on_record(kiosk: APIClient) -> None:
    answer = clock(kiosk, 100)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown")
    assert answer.json()["detail"] == "Sorry! You're not in the database."
    assert Attempt.objects.get().outcome == "unknown"
    assert not AttendanceEvent.objects.exists()


def test_no_face_is_refused(kiosk: APIClient, ann: Person) -> None:
    photo = SimpleUploadedFile("face.png", photo_without_face())
    answer = kiosk.post(URL, {"photo": photo}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_face")


@pytest.mark.usefixtures("ann")
def test_the_same_key_gives_the_same_answer(kiosk: APIClient) -> None:
    first, second = clock(kiosk, key="a"), clock(kiosk, key="a")
    assert first.json() == second.json()
    assert second.status_code == first.status_code == 201
    assert second["Idempotent-Replayed"] == "true"
    assert AttendanceEvent.objects.count() == Attempt.objects.count() == 1


@pytest.mark.usefixtures("ann")
def test_a_refusal_is_kept_for_its_key_too(kiosk: APIClient) -> None:
    first, second = clock(kiosk, 100, key="a"), clock(kiosk, 100, key="a")
    assert first.json() == second.json()
    assert second["Content-Type"] == "application/problem+json"
    assert Attempt.objects.count() == 1


@pytest.mark.usefixtures("ann")
def test_a_key_used_for_something_else_is_refused(kiosk: APIClient) -> None:
    clock(kiosk, key="a")
    other = clock(kiosk, 12, key="a")
    assert (other.status_code, other.json()["code"]) == (409, "key_used_otherwise")
    assert AttendanceEvent.objects.count() == 1


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("key", ["k" * 256, "a b", "a\tb", "é", "a\x00b", "a\r\nX-Evil: 1"])
def test_a_key_that_is_none_is_refused(kiosk: APIClient, key: str) -> None:
    assert clock(kiosk, key=key).status_code == 400


@pytest.mark.usefixtures("ann")
def test_a_device_without_a_gallery_knows_nobody(kiosk: APIClient, device: Device) -> None:
    device.galleries.clear()
    for answer in (clock(kiosk), clock(kiosk, staff_number="7")):
        assert (answer.status_code, answer.json()["code"]) == (403, "gallery_not_allowed")


def batch(client: APIClient, *captures: dict[str, object], sent_at: str = "") -> Any:
    body = {"sent_at": sent_at or timezone.now().isoformat(), "captures": list(captures)}
    return client.post(f"{URL}batch/", body, format="json")


def capture(angle: float, occurred_at: str) -> dict[str, object]:
    return {"id": str(uuid4()), "photo": text(angle), "occurred_at": occurred_at}


@pytest.mark.usefixtures("ann")
def test_a_batch_is_answered_item_by_item(kiosk: APIClient) -> None:
    answer = batch(
        kiosk,
        capture(10, ago(hours=9)),
        capture(100, ago(hours=8)),
        capture(10, ago(days=30)),
        {"id": str(uuid4()), "photo": "aGk=", "occurred_at": ago(hours=1)},
        {"id": str(uuid4()), "photo": "no base64", "occurred_at": ago(hours=1)},
    )
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 422, 422, 415, 422]
    codes = [result["answer"].get("code") for result in results]
    assert codes == [None, "unknown", "capture_too_old", "photo_wrong_type", "photo_not_base64"]
    event = AttendanceEvent.objects.get()
    assert (event.is_late_arriving, event.source) == (True, "batch")


@pytest.mark.usefixtures("ann")
def test_a_batch_may_be_sent_again_as_a_whole(kiosk: APIClient) -> None:
    captures = [capture(10, ago(hours=hours)) for hours in (3, 2)]
    first, second = batch(kiosk, *captures), batch(kiosk, *captures)
    assert first.json() == second.json()
    assert AttendanceEvent.objects.count() == 2


def counted() -> int:
    return AttendanceEvent.objects.filter(is_void=False, replaced_by=None).count()


@pytest.mark.usefixtures("ann")
def test_a_batch_sent_again_a_day_later_brings_nothing_back(
    kiosk: APIClient, admin: APIClient
) -> None:
    waited = capture(10, ago(hours=3))
    first = batch(kiosk, waited).json()
    event = first["results"][0]["answer"]["event"]["id"]
    correct(admin, event=event, is_void=True, reason="It was her sister")
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    idempotency.forget_old()
    assert batch(kiosk, waited).json() == first
    assert counted() == 0


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("how", [{"is_void": True}, {"direction": "out"}, {"occurred_at": ""}])
def test_what_was_corrected_is_there_although_its_answer_is_forgotten(
    kiosk: APIClient, admin: APIClient, how: dict[str, object]
) -> None:
    """Also as another capture of the same moment, and when the correction moved it elsewhere."""
    waited = capture(10, ago(hours=3))
    event = batch(kiosk, waited).json()["results"][0]["answer"]["event"]["id"]
    moved = {"occurred_at": ago(hours=2)} if "occurred_at" in how else how
    correct(admin, event=event, reason="It was otherwise", **moved)
    left = counted()
    IdempotentAnswer.objects.all().delete()
    for again in waited, {**waited, "id": str(uuid4())}:
        [result] = batch(kiosk, again).json()["results"]
        assert (result["status"], result["answer"]["event"]["id"]) == (200, event)
        assert result["answer"]["is_repeat"]
    assert counted() == left


def test_another_device_saw_the_same_moment_for_itself(
    kiosk: APIClient, admin: APIClient, north: Gallery, ann: Person
) -> None:
    when = ago(hours=3)
    event = batch(kiosk, capture(10, when)).json()["results"][0]["answer"]["event"]["id"]
    correct(admin, event=event, is_void=True, reason="The door was in test")
    other = client_with(add_device(name="Gate", galleries=[north]).key)
    assert batch(other, capture(10, when)).json()["results"][0]["status"] == 201


@pytest.mark.usefixtures("ann")
def test_a_device_whose_clock_is_wrong_is_refused_whole(kiosk: APIClient) -> None:
    answer = batch(kiosk, capture(10, ago(hours=3)), sent_at=ago(hours=2))
    assert (answer.status_code, answer.json()["code"]) == (422, "clock_drift")
    assert not AttendanceEvent.objects.exists()


WRONG: dict[str, dict[str, object]] = {
    "a direction that is none": {"direction": "up"},
    "an unknown field": {"person": "Ann"},
    "no time": {"occurred_at": None},
    "a time without an offset": {"occurred_at": "2026-01-31T08:00:00"},
    "no text": {"staff_number": 7},
    "no photo": {"photo": []},
    "too many photos": {"photo": ["aGk="] * 17},
    "an id that is none": {"id": "7"},
    "an id that is no text": {"id": 7},
}


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("case", WRONG)
def test_a_malformed_capture_spoils_no_other(kiosk: APIClient, case: str) -> None:
    good, bad = capture(10, ago(hours=3)), capture(10, ago(hours=2))
    bad.update(WRONG[case])
    answer = batch(kiosk, bad, good)
    assert answer.status_code == 200
    refused, settled = answer.json()["results"]
    assert (settled["status"], settled["id"]) == (201, good["id"])
    assert (refused["status"], refused["answer"]["code"]) == (400, "invalid")
    [field] = WRONG[case]
    assert list(refused["answer"]["errors"]) == [field]
    assert refused["id"] == (None if field == "id" else bad["id"])
    assert AttendanceEvent.objects.count() == 1
    assert batch(kiosk, bad, good).json() == answer.json()


@pytest.mark.usefixtures("ann")
def test_what_is_no_capture_at_all_spoils_none_either(kiosk: APIClient) -> None:
    good = capture(10, ago(hours=3))
    items: list[Any] = [None, 7, "x", [], {}, good]
    results = batch(kiosk, *items).json()["results"]
    assert [result["status"] for result in results] == [400] * 5 + [201]
    assert [result["id"] for result in results] == [None] * 5 + [good["id"]]


@pytest.mark.usefixtures("ann")
def test_a_capture_is_refused_as_it_would_be_alone(kiosk: APIClient) -> None:
    for wrong in {"direction": "up"}, {"occurred_at": "2026-02-31T08:00:00Z"}, {"person": "Ann"}:
        item = {**capture(10, ago(hours=3)), **wrong}
        alone = {name: value for name, value in item.items() if name != "id"}
        [result] = batch(kiosk, item).json()["results"]
        said = kiosk.post(URL, alone, format="json")
        assert (result["status"], result["answer"]) == (said.status_code, said.json())


@pytest.mark.parametrize(
    "envelope",
    [
        {"sent_at": None},
        {"sent_at": "yesterday"},
        {"captures": {}},
        {"captures": "x"},
        {"captures": []},
        {"captures": None},
        {"device": "Door"},
    ],
)
@pytest.mark.usefixtures("ann")
def test_what_is_wrong_around_the_captures_refuses_all(
    kiosk: APIClient, envelope: dict[str, object]
) -> None:
    body = {"sent_at": ago(), "captures": [capture(10, ago(hours=3))], **envelope}
    answer = kiosk.post(f"{URL}batch/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not AttendanceEvent.objects.exists()


def test_a_batch_of_too_many_is_refused(kiosk: APIClient) -> None:
    assert batch(kiosk, *[capture(10, ago(hours=1))] * 101).status_code == 400


def correct(client: APIClient, **body: object) -> Any:
    return client.post("/api/v1/attendance/corrections/", body, format="json")


@pytest.mark.usefixtures("ann")
def test_a_correction_is_a_new_row_and_the_old_one_stays(
    kiosk: APIClient, admin: APIClient
) -> None:
    event = clock(kiosk).json()["event"]["id"]
    corrected = correct(admin, event=event, direction="out", reason="Wrong door").json()
    assert corrected["replaces"] == event
    events = admin.get("/api/v1/attendance/events/").json()["results"]
    assert {e["id"]: e["replaced_by"] for e in events}[event] == corrected["id"]


@pytest.mark.usefixtures("ann")
def test_an_event_is_corrected_once(kiosk: APIClient, admin: APIClient) -> None:
    event = clock(kiosk).json()["event"]["id"]
    correct(admin, event=event, is_void=True, reason="A test")
    again = correct(admin, event=event, direction="out", reason="Changed my mind")
    assert (again.status_code, again.json()["code"]) == (422, "already_corrected")


def test_a_void_event_does_not_count(kiosk: APIClient, admin: APIClient, ann: Person) -> None:
    event = clock(kiosk).json()["event"]["id"]
    correct(admin, event=event, is_void=True, reason="A test")
    assert clock(kiosk).json()["event"]["direction"] == "in"


def test_a_forgotten_event_is_added(kiosk: APIClient, admin: APIClient, ann: Person) -> None:
    added = correct(
        admin,
        person=str(ann.public_id),
        direction="in",
        occurred_at=ago(minutes=5),
        reason="Forgot",
    )
    assert added.status_code == 201
    assert clock(kiosk).json()["event"]["direction"] == "out"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"event": str(uuid4())}, 400),
        ({"reason": "x"}, 422),
        ({"is_void": True, "reason": "x"}, 422),
        ({"event": str(uuid4()), "person": str(uuid4()), "reason": "x"}, 422),
        ({"event": str(uuid4()), "is_void": True, "reason": "x"}, 422),
    ],
)
def test_half_a_correction_is_refused(
    admin: APIClient, body: dict[str, object], status: int
) -> None:
    assert correct(admin, **body).status_code == status


@pytest.mark.usefixtures("ann")
def test_events_cannot_be_changed_or_deleted(kiosk: APIClient) -> None:
    clock(kiosk)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AttendanceEvent.objects.update(direction="out")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AttendanceEvent.objects.all().delete()


def test_an_erased_person_leaves_events_without_a_name(kiosk: APIClient, ann: Person) -> None:
    clock(kiosk)
    people.erase(person=ann)
    assert AttendanceEvent.objects.get().person is None


def test_somebody_erased_while_being_recognized_is_no_event(
    kiosk: APIClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognize = services.recognize

    def erase_after(**asked: Any) -> Any:
        result = recognize(**asked)
        people.erase(person=ann)
        return result

    monkeypatch.setattr(clock_service, "recognize", erase_after)
    answer = clock(kiosk)
    assert (answer.status_code, answer.json()["code"]) == (422, "erased_meanwhile")
    assert not AttendanceEvent.objects.exists()
