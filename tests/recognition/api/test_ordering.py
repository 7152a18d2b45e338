"""Lists from the newest or from the oldest, by name or by time, page by page, in one direction."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from people.models import Person
from recognition.models import AttendanceEvent, Direction, EventSource, Holiday
from tests.recognition.api.conftest import is_problem

PEOPLE = "/api/v1/people/"
LISTS = {  # and what besides the id it may be in the order of
    "people": "full_name",
    "galleries": "name",
    "embedding-models": "",
    "attempts": "",
    "attendance/events": "occurred_at",
    "shifts": "name",
    "shift-assignments": "valid_from",
    "holidays": "date",
}
NAMES = ["P0", "P1", "P2", "P3", "P4"]


@pytest.fixture
def five(db: None) -> None:
    for name in NAMES:
        Person.objects.create(full_name=name)


def names(page: dict[str, Any]) -> list[str]:
    return [person["full_name"] for person in page["results"]]


def pages(client: APIClient, url: str = PEOPLE, **query: Any) -> list[dict[str, Any]]:
    found = [client.get(url, query).json()]
    while found[-1]["next"]:
        found.append(client.get(found[-1]["next"]).json())
    return found


def cursor_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["cursor"][0]


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("query", "expected"),
    [({}, NAMES[::-1]), ({"ordering": "-id"}, NAMES[::-1]), ({"ordering": "id"}, NAMES)],
)
def test_each_is_there_once_in_the_order_that_was_asked_for(
    admin: APIClient, query: dict[str, str], expected: list[str]
) -> None:
    found = pages(admin, page_size=2, **query)
    assert [name for page in found for name in names(page)] == expected
    assert len(found) == 3


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("ordering", ["id", "-id", "full_name", "-full_name"])
def test_the_way_back_has_the_same_pages(admin: APIClient, ordering: str) -> None:
    there = pages(admin, page_size=2, ordering=ordering)
    back = [there[-1]]
    while back[-1]["previous"]:
        back.append(admin.get(back[-1]["previous"]).json())
    assert [names(page) for page in reversed(back)] == [names(page) for page in there]


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(("ordering", "expected"), [("id", [*NAMES, "P5"]), ("-id", NAMES[::-1])])
def test_what_is_added_between_two_pages_moves_none(
    admin: APIClient, ordering: str, expected: list[str]
) -> None:
    first = admin.get(f"{PEOPLE}?page_size=2&ordering={ordering}").json()
    Person.objects.create(full_name="P5")
    rest = admin.get(first["next"].replace("page_size=2", "page_size=10")).json()
    assert names(first) + names(rest) == expected


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("made_for", "used_with"),
    [("id", "-id"), ("-id", "id"), ("id", ""), ("full_name", "-full_name"), ("full_name", "id")],
)
def test_a_cursor_of_another_order_is_refused(
    admin: APIClient, made_for: str, used_with: str
) -> None:
    link = admin.get(f"{PEOPLE}?page_size=2&ordering={made_for}").json()["next"]
    query = {"cursor": cursor_of(link)}
    if used_with:
        query["ordering"] = used_with
    answer = admin.get(PEOPLE, query)
    is_problem(answer, 400)
    assert set(answer.json()["errors"]) == {"cursor"}


@pytest.mark.usefixtures("five")
def test_a_cursor_alone_is_of_the_order_that_is_the_default(admin: APIClient) -> None:
    link = admin.get(PEOPLE, {"page_size": 2}).json()["next"]
    assert names(admin.get(PEOPLE, {"cursor": cursor_of(link)}).json()) == ["P2", "P1", "P0"]


@pytest.mark.parametrize(
    "query",
    [
        "ordering=", "ordering=name", "ordering=staff_number", "ordering=ID", "ordering=--id",
        "ordering=id,-id", "ordering=id&ordering=-id", "ordering=id%00", "ordering=+id",
        "ordering=pk", "ordering=?",
    ],
)  # fmt: skip
def test_any_other_order_is_refused(admin: APIClient, query: str) -> None:
    answer = admin.get(f"{PEOPLE}?{query}")
    is_problem(answer, 400)
    assert set(answer.json()["errors"]) == {"ordering"}


@pytest.mark.parametrize("path", LISTS)
def test_each_list_has_its_orders_and_the_schema_says_so(admin: APIClient, path: str) -> None:
    url = f"/api/v1/{path}/"
    fields = ["id", *filter(None, [LISTS[path]])]
    orders = [sign + field for field in fields for sign in ("", "-")]
    assert {admin.get(url, {"ordering": one}).status_code for one in orders} == {200}
    is_problem(admin.get(url, {"ordering": "reason"}), 400)
    schema = admin.get("/api/v1/schema/", {"format": "json"}).json()
    parameters = schema["paths"][url]["get"]["parameters"]
    (ordering,) = [one["schema"] for one in parameters if one["name"] == "ordering"]
    assert ordering == {"type": "string", "enum": orders, "default": "-id"}


def test_the_photos_of_a_person_have_both_orders(admin: APIClient) -> None:
    ann = Person.objects.create(full_name="Ann")
    assert admin.get(f"{PEOPLE}{ann.public_id}/faces/", {"ordering": "id"}).status_code == 200


def test_people_are_in_the_order_of_their_names_whatever_their_letters(admin: APIClient) -> None:
    for name in ("bob", "Ann", "Ébène", "Zoë", "ann lee", "Bob"):
        Person.objects.create(full_name=name)
    found = [
        name for page in pages(admin, page_size=2, ordering="full_name") for name in names(page)
    ]
    turned = [
        name for page in pages(admin, page_size=2, ordering="-full_name") for name in names(page)
    ]
    assert found[:4] == ["Ann", "ann lee", "bob", "Bob"]
    assert sorted(found) == sorted(["bob", "Ann", "Ébène", "Zoë", "ann lee", "Bob"])
    assert turned == found[::-1]


@pytest.mark.parametrize("ordering", ["full_name", "-full_name"])
def test_people_of_one_name_are_each_there_once(admin: APIClient, ordering: str) -> None:
    twins = [Person.objects.create(full_name="Ann") for _ in range(7)]
    first, *rest = pages(admin, page_size=3, ordering=ordering)
    ids = [person["id"] for page in (first, *rest) for person in page["results"]]
    expected = [str(twin.public_id) for twin in twins]
    assert ids == (expected if ordering == "full_name" else expected[::-1])


@pytest.mark.usefixtures("five")
def test_a_page_begins_where_it_was_when_the_person_before_it_is_gone(admin: APIClient) -> None:
    first = admin.get(f"{PEOPLE}?page_size=2&ordering=full_name").json()
    Person.objects.filter(full_name="P1").update(full_name="Zoë")
    Person.objects.filter(full_name="P0").delete()
    assert names(admin.get(first["next"]).json()) == ["P2", "P3"]


def test_back_to_a_page_of_which_nobody_is_left(admin: APIClient) -> None:
    for name in NAMES:
        Person.objects.create(full_name=name)
    second = pages(admin, page_size=2, ordering="full_name")[1]
    Person.objects.filter(full_name__lt="P2").delete()
    empty = admin.get(second["previous"]).json()
    assert (empty["results"], empty["previous"]) == ([], None)
    assert names(admin.get(empty["next"]).json()) == ["P3", "P4"]


def clock(person: Person, occurred_at: datetime) -> AttendanceEvent:
    return AttendanceEvent.objects.create(
        person=person,
        direction=Direction.IN,
        occurred_at=occurred_at,
        source=EventSource.CORRECTION,
        correction_reason="Forgotten",
    )


@pytest.mark.parametrize("ordering", ["occurred_at", "-occurred_at"])
def test_events_are_in_the_order_in_which_they_happened(admin: APIClient, ordering: str) -> None:
    ann = Person.objects.create(full_name="Ann")
    noon = datetime(2026, 3, 2, 12, 0, 0, 123456, UTC)
    late, first, second = (
        clock(ann, noon + timedelta(microseconds=by)) for by in (1, 0, 0)
    )  # what arrived first happened last
    expected = [str(event.public_id) for event in (first, second, late)]
    found = pages(admin, "/api/v1/attendance/events/", page_size=1, ordering=ordering)
    ids = [event["id"] for page in found for event in page["results"]]
    assert ids == (expected if ordering == "occurred_at" else expected[::-1])


def test_holidays_are_in_the_order_of_their_dates(admin: APIClient) -> None:
    for day in ("2026-12-25", "2026-01-01", "2026-05-01"):
        Holiday.objects.create(date=day, name=day)
    found = pages(admin, "/api/v1/holidays/", page_size=1, ordering="date")
    dates = [day["date"] for page in found for day in page["results"]]
    assert dates == ["2026-01-01", "2026-05-01", "2026-12-25"]


@pytest.mark.parametrize(
    ("url", "position"),
    [
        ("/api/v1/attendance/events/", "occurred_at:7"),
        ("/api/v1/attendance/events/", "occurred_at:7:"),
        ("/api/v1/attendance/events/", "occurred_at:7:yesterday"),
        ("/api/v1/attendance/events/", "occurred_at:7:2026-03-02T12:00:00"),
        ("/api/v1/attendance/events/", "occurred_at:7:2026-03-02T12:00:00' OR true"),
        ("/api/v1/holidays/", "date:7:2026-02-30"),
        (PEOPLE, "full_name:7:%00"),
        (PEOPLE, "full_name:7:" + "x" * 301),
        (PEOPLE, "full_name:x:Ann"),
    ],
)
def test_a_cursor_that_is_of_no_row_is_refused(admin: APIClient, url: str, position: str) -> None:
    cursor = base64.b64encode(f"p={position}".encode()).decode()
    query = {"cursor": cursor, "ordering": position.partition(":")[0]}
    is_problem(admin.get(url, query), 404)


@pytest.mark.parametrize(
    ("url", "position"),
    [
        ("/api/v1/attendance/events/", "occurred_at:7:0001-01-01T00:00:00%2B14:00"),
        ("/api/v1/attendance/events/", "occurred_at:7:9999-12-31T23:59:59-14:00"),
        ("/api/v1/holidays/", "date:7:0001-01-01"),
        (PEOPLE, "full_name:7:"),
        (PEOPLE, "full_name:7:%F0%9F%98%80%FF"),
    ],
)
def test_a_cursor_that_nobody_was_given_does_no_harm(
    admin: APIClient, url: str, position: str
) -> None:
    cursor = base64.b64encode(f"p={position}".encode()).decode()
    query = {"cursor": cursor, "ordering": position.partition(":")[0]}
    assert admin.get(url, query).status_code == 200


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("url", "ordering", "index"),
    [
        (PEOPLE, "full_name", "person_name_lower"),
        (PEOPLE, "-full_name", "person_name_lower"),
        ("/api/v1/attendance/events/", "occurred_at", "attendance_when"),
        ("/api/v1/attendance/events/", "-occurred_at", "attendance_when"),
    ],
)
def test_an_index_serves_each_page(admin: APIClient, url: str, ordering: str, index: str) -> None:
    ann = Person.objects.get(full_name="P0")
    for minute in range(3):
        clock(ann, datetime(2026, 3, 2, 12, minute, tzinfo=UTC))
    first = admin.get(f"{url}?page_size=1&ordering={ordering}").json()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        admin.get(first["next"])
    (listing,) = [
        one["sql"] for one in queries if "ORDER BY" in one["sql"] and "LIMIT 2" in one["sql"]
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {listing}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan
    assert "Index Cond" in plan
