"""Events in the admin, and correcting them there."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from people.models import Gallery, Person
from recognition.attendance import corrections
from recognition.models import AttendanceEvent, Direction
from tests.pages import LogIn
from tests.recognition.attendance.conftest import at, clocks

LOG = reverse("admin:recognition_attendanceevent_changelist")
ADD = reverse("admin:recognition_attendanceevent_add")


def to(verb: str, event: AttendanceEvent) -> str:
    return reverse(f"admin:recognition_attendanceevent_{verb}", args=[event.pk])


def said(client: Client, url: str, **data: object) -> str:
    response = client.post(url, data)
    assert response.status_code == 200
    return unescape(response.content.decode())


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return unescape(response.content.decode())


@pytest.fixture
def event(ann: Person) -> AttendanceEvent:
    return clocks(ann, "in 2025-03-03 08:30")[0]


def test_only_who_may_correct_can(
    hr: Client, auditor: Client, log_in: LogIn, event: AttendanceEvent
) -> None:
    forms = [ADD, to("correct", event), to("void", event)]
    assert [hr.get(url).status_code for url in forms] == [200, 200, 200]
    for client in (auditor, log_in()):
        assert [client.get(url).status_code for url in forms] == [403, 403, 403]
        assert [client.post(url, {"reason": "x"}).status_code for url in forms] == [403, 403, 403]
    assert auditor.get(LOG).status_code == 200
    assert to("correct", event) not in page(auditor, to("change", event)) + page(auditor, LOG)
    assert AttendanceEvent.objects.count() == 1


def test_nobody_changes_or_deletes_an_event(root: Client, event: AttendanceEvent) -> None:
    assert root.post(to("change", event), {"direction": "out"}).status_code == 403
    assert root.post(to("delete", event), {"post": "yes"}).status_code == 403
    event.refresh_from_db()
    assert event.direction == "in"


def test_a_correction_stands_beside_what_it_replaces(hr: Client, event: AttendanceEvent) -> None:
    response = hr.post(
        to("correct", event),
        {"direction": "in", "occurred_at": "2025-03-03T08:00:00", "reason": " The back door "},
    )
    made = AttendanceEvent.objects.get(replaces=event)
    assert response["Location"] == to("change", made)
    assert (made.occurred_at, made.correction_reason) == (at("2025-03-03 08:00"), "The back door")
    assert made.corrected_by == User.objects.get(username="HR-user-staff")
    assert to("change", made) in page(hr, to("change", event))
    assert to("change", event) in page(hr, to("change", made))
    assert "Replaced" in page(hr, LOG)


def test_what_did_not_happen_stops_counting(hr: Client, event: AttendanceEvent) -> None:
    hr.post(to("void", event), {"reason": "It was the colleague"})
    made = AttendanceEvent.objects.get(replaces=event)
    assert made.is_void
    assert "Did not happen" in page(hr, LOG)
    assert "This did not happen" in page(hr, to("change", event))
    # A void one can be taken back in turn, as it was.
    same = {"direction": "in", "occurred_at": "2025-03-03T08:30:00", "reason": "It was her"}
    assert hr.post(to("correct", made), same).status_code == 302
    assert AttendanceEvent.objects.get(replaces=made).occurred_at == event.occurred_at


def test_a_forgotten_event_is_added_in_the_persons_time_zone(hr: Client, ann: Person) -> None:
    form = page(hr, f"{ADD}?person={ann.pk}&direction=out&at=2025-03-03T17:00:00")
    assert 'value="2025-03-03T17:00:00"' in form
    hr.post(ADD, {"person": ann.pk, "direction": "out", "occurred_at": "2025-03-03T17:00",
                  "reason": "Left by the yard"})  # fmt: skip
    made = AttendanceEvent.objects.get()
    assert (made.person, made.direction) == (ann, "out")
    assert made.occurred_at == at("2025-03-03 17:00")


@pytest.mark.parametrize("query", ["person=x&direction=up&at=soon", "person=99999999999999999999"])
def test_a_link_that_makes_no_sense_is_an_empty_form(hr: Client, query: str) -> None:
    assert hr.get(f"{ADD}?{query}").status_code == 200


@pytest.mark.parametrize(
    ("wall", "utc"),
    [("2025-10-26T02:30:00", "2025-10-26T01:30"), ("2025-03-30T02:30:00", "2025-03-30T01:30")],
)
def test_in_the_night_the_clocks_change_it_is_the_later_moment(
    hr: Client, ann: Person, wall: str, utc: str
) -> None:
    hr.post(ADD, {"person": ann.pk, "direction": "in", "occurred_at": wall, "reason": "Night"})
    assert AttendanceEvent.objects.get().occurred_at.isoformat().startswith(utc)


def test_a_correction_needs_a_reason_and_a_change(hr: Client, event: AttendanceEvent) -> None:
    changed = {"direction": "out", "occurred_at": "2025-03-03T08:30:00"}
    same = {"direction": "in", "occurred_at": "2025-03-03T08:30:00"}
    assert "This field is required." in said(hr, to("correct", event), **changed, reason="  ")
    assert "This field is required." in said(hr, to("void", event), reason="")
    assert "Nothing is changed" in said(hr, to("correct", event), **same, reason="Why not")
    assert AttendanceEvent.objects.count() == 1


def test_a_time_that_is_kept_is_kept_to_the_microsecond(hr: Client, ann: Person) -> None:
    moment = at("2025-03-03 08:30") + timedelta(seconds=7, microseconds=123)
    event = clocks(ann, f"in {moment.replace(tzinfo=None).isoformat(' ')}")[0]
    hr.post(to("correct", event), {"direction": "out", "occurred_at": "2025-03-03T08:30:07",
                                   "reason": "Pressed the wrong one"})  # fmt: skip
    assert AttendanceEvent.objects.get(replaces=event).occurred_at == moment


def test_what_is_corrected_already_or_in_the_future_is_said_in_the_form(
    hr: Client, root: Client, event: AttendanceEvent
) -> None:
    by = User.objects.get(username="HR-user-staff")
    corrections.void(event=event, reason="First", by=by)
    data = {"direction": "out", "occurred_at": "2025-03-03T09:00:00", "reason": "Second"}
    assert "corrected already" in said(hr, to("correct", event), **data)
    assert "corrected already" in said(hr, to("void", event), reason="Second")
    tomorrow = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    future = data | {"person": event.person_id, "occurred_at": tomorrow}
    assert "has not happened yet" in said(hr, ADD, **future)
    assert AttendanceEvent.objects.count() == 2


def test_an_event_of_somebody_erased_is_read_and_not_corrected(
    hr: Client, event: AttendanceEvent
) -> None:
    assert event.person is not None
    event.person.delete()
    assert "Somebody erased" in page(hr, LOG)
    assert "Correct …" not in page(hr, to("change", event))
    assert hr.get(to("correct", event)).status_code == 404


def test_events_are_filtered_by_state_person_and_gallery(
    hr: Client, event: AttendanceEvent, berlin: Gallery
) -> None:
    by = User.objects.get(username="HR-user-staff")
    corrections.replace(event=event, direction=Direction.OUT, occurred_at=event.occurred_at,
                        reason="Wrong", by=by)  # fmt: skip
    rows = {
        "state=counts": 1, "state=replaced": 1, "state=void": 0, "state=correction": 2,
        f"person__id__exact={event.person_id}": 2, "person__id__exact=0": 0,
        f"person__galleries__id__exact={berlin.pk}": 2, "q=ann": 2,
    }  # fmt: skip
    for query, count in rows.items():
        response = hr.get(f"{LOG}?{query}")
        assert response.context["cl"].result_count == count, query
