"""Day summaries over HTTP."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery, Person
from recognition.models import AttendanceEvent, EventSource
from tests.recognition.api.conftest import grant, user_client

URL = "/api/v1/attendance/days/"
ME = "/api/v1/attendance/me/"
MARCH = {"from": "2025-03-01", "to": "2025-03-31"}


@pytest.fixture
def ann(north: Gallery) -> Person:
    return person("Ann", north)


def person(name: str, gallery: Gallery) -> Person:
    """Added long ago; in at 8 and out at 16 on 3 March."""
    made = Person.objects.create(full_name=name)
    made.galleries.add(gallery)
    Person.objects.update(created_at="2020-01-01T00:00Z")
    made.refresh_from_db()
    for direction, hour in (("in", "08"), ("out", "16")):
        AttendanceEvent.objects.create(
            person=made,
            direction=direction,
            occurred_at=f"2025-03-03T{hour}:00Z",
            source=EventSource.CORRECTION,
            correction_reason="as it was",
        )
    return made


def rows(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(URL, {**MARCH, "page_size": 500, **query})
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["results"])


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_day_is_given_in_utc_and_seconds(
    admin: APIClient, ann: Person, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"  # of the site; the gallery is in UTC
    day = rows(admin)[2]
    assert (day["person"], day["date"]) == (str(ann.public_id), "2025-03-03")
    assert (day["first_in"], day["last_out"]) == ("2025-03-03T08:00:00Z", "2025-03-03T16:00:00Z")
    assert (day["worked"], day["time_zone"], day["shift"]) == (8 * 3600, "UTC", "")


def test_days_are_of_a_gallery_or_of_a_person(
    admin: APIClient, ann: Person, north: Gallery
) -> None:
    south = Gallery.objects.create(name="South")
    bob = person("Bob", south)
    assert len(rows(admin)) == 62
    assert {day["name"] for day in rows(admin, gallery=south.pk)} == {"Bob"}
    assert {day["name"] for day in rows(admin, person=bob.public_id)} == {"Bob"}
    assert rows(admin, person=bob.public_id, gallery=north.pk) == []


def test_pages_follow_their_links_to_the_end(admin: APIClient, ann: Person, north: Gallery) -> None:
    person("Bob", north)
    seen, link = [], f"{URL}?from=2025-03-01&to=2025-03-31&page_size=7"
    while link:
        body = admin.get(link).json()
        seen += [(day["date"], day["name"]) for day in body["results"]]
        link = body["next"]
    assert seen == [(day["date"], day["name"]) for day in rows(admin)]
    assert len(seen) == 62


def test_the_next_page_is_stable_while_people_are_added(
    admin: APIClient, ann: Person, north: Gallery
) -> None:
    first = admin.get(URL, MARCH | {"page_size": "1"}).json()
    person("Bob", north)
    second = admin.get(first["next"]).json()
    assert [day["name"] for day in second["results"]] == ["Bob"]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"to": "2025-03-01"}, "from"),
        ({"from": "2025-03-01"}, "to"),
        ({"from": "yesterday", "to": "2025-03-01"}, "from"),
        ({**MARCH, "gallery": "x"}, "gallery"),
        ({**MARCH, "person": "7"}, "person"),
        ({**MARCH, "cursor": "é"}, "cursor"),
        ({**MARCH, "page_size": "501"}, "page_size"),
        ({**MARCH, "colour": "red"}, "colour"),
    ],
)
def test_a_malformed_question_is_refused_by_name(
    admin: APIClient, query: dict[str, str], wrong: str
) -> None:
    answer = admin.get(URL, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [wrong]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"from": "2025-03-02", "to": "2025-03-01"}, "to"),
        ({"from": "2025-01-01", "to": "2025-04-03"}, "to"),
        ({"from": "0001-01-01", "to": "0001-01-01"}, "from"),
        ({"from": "9999-12-31", "to": "9999-12-31"}, "from"),
        ({**MARCH, "gallery": "999999999999999999999"}, "gallery"),
        ({**MARCH, "person": "7f0c1c8e-5b1e-4b55-9d0e-0d2a4c3f2b11"}, "person"),
        ({**MARCH, "cursor": "2025-02-30.1"}, "cursor"),
    ],
)
def test_an_impossible_question_is_refused_by_name(
    admin: APIClient, query: dict[str, str], wrong: str
) -> None:
    answer = admin.get(URL, query)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [wrong]


def test_92_days_are_not_too_many(admin: APIClient, ann: Person) -> None:
    assert len(rows(admin, **{"from": "2025-01-01", "to": "2025-04-02"})) == 92


@pytest.mark.parametrize("path", ["days/", "days.csv", "days.xlsx"])
def test_only_who_may_see_events_sees_days(path: str, ann: Person) -> None:
    user = User.objects.create_user("clerk")
    client = user_client(user)
    url = f"/api/v1/attendance/{path}"
    assert client.get(url, MARCH).status_code == 403
    grant(user, "recognition.view_attendanceevent")
    answer = client.get(url, MARCH)
    assert answer.status_code == 200
    answer.close()


@pytest.mark.parametrize("accept", ["*/*", "text/csv", "text/html"])
def test_a_csv_is_streamed_under_a_name_with_its_dates(
    admin: APIClient, ann: Person, accept: str
) -> None:
    answer = admin.get("/api/v1/attendance/days.csv", MARCH, headers={"Accept": accept})
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    name = 'attachment; filename="attendance-2025-03-01-2025-03-31.csv"'
    assert answer["Content-Disposition"] == name
    text = content(answer).decode("utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(found) == 31
    assert (found[2]["Name"], found[2]["Worked"]) == ("Ann", "8:00:00")


def test_a_workbook_is_a_file_under_a_name_with_its_dates(admin: APIClient, ann: Person) -> None:
    answer = admin.get("/api/v1/attendance/days.xlsx", MARCH)
    name = 'attachment; filename="attendance-2025-03-01-2025-03-31.xlsx"'
    assert (answer.streaming, answer["Content-Disposition"]) == (True, name)
    book = zipfile.ZipFile(io.BytesIO(content(answer)))
    assert b"Ann" in book.read("xl/worksheets/sheet1.xml")
    answer.close()


@pytest.mark.parametrize("path", ["days.csv", "days.xlsx"])
def test_a_wrong_question_for_a_file_is_a_problem_in_json(admin: APIClient, path: str) -> None:
    answer = admin.get(f"/api/v1/attendance/{path}", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_my_days_are_mine(ann: Person, north: Gallery) -> None:
    person("Bob", north)
    ann.user = User.objects.create_user("ann")
    ann.save()
    answer = user_client(ann.user).get(ME, MARCH)
    assert len(answer.json()["results"]) == 31
    assert {day["name"] for day in answer.json()["results"]} == {"Ann"}
    assert answer.json()["next"] is None


def test_my_days_are_this_month_when_i_do_not_say(ann: Person) -> None:
    ann.user = User.objects.create_user("ann")
    ann.save()
    dates = [day["date"] for day in user_client(ann.user).get(ME).json()["results"]]
    today = timezone.now().date()
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    assert dates[0] == today.replace(day=1).isoformat()
    assert dates[-1] == (following - timedelta(days=1)).isoformat()


def test_one_date_of_mine_means_its_month(ann: Person) -> None:
    ann.user = User.objects.create_user("ann")
    ann.save()
    client = user_client(ann.user)
    for query in ({"from": "2025-02-10"}, {"to": "2025-02-19"}):
        dates = [day["date"] for day in client.get(ME, query).json()["results"]]
        assert (len(dates), dates[0][:7], dates[-1][:7]) == (19, "2025-02", "2025-02")


def test_i_cannot_ask_for_somebody_else(ann: Person, nobody: APIClient) -> None:
    answer = nobody.get(ME, {"person": str(ann.public_id)})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["person"])


def test_an_account_of_no_person_has_no_days(nobody: APIClient) -> None:
    answer = nobody.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_person")
