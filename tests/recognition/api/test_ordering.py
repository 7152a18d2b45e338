"""Lists from the newest or from the oldest, page by page, in one direction."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from people.models import Person
from tests.recognition.api.conftest import is_problem

PEOPLE = "/api/v1/people/"
LISTS = [
    "people",
    "galleries",
    "embedding-models",
    "attempts",
    "attendance/events",
    "shifts",
    "shift-assignments",
    "holidays",
]
NAMES = ["P0", "P1", "P2", "P3", "P4"]


@pytest.fixture
def five(db: None) -> None:
    for name in NAMES:
        Person.objects.create(full_name=name)


def names(page: dict[str, Any]) -> list[str]:
    return [person["full_name"] for person in page["results"]]


def pages(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    found = [client.get(PEOPLE, query).json()]
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
@pytest.mark.parametrize("ordering", ["id", "-id"])
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
@pytest.mark.parametrize(("made_for", "used_with"), [("id", "-id"), ("-id", "id"), ("id", "")])
def test_a_cursor_of_the_other_order_is_refused(
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
        "ordering=", "ordering=name", "ordering=-full_name", "ordering=ID", "ordering=--id",
        "ordering=id,-id", "ordering=id&ordering=-id", "ordering=id%00", "ordering=+id",
        "ordering=pk", "ordering=?",
    ],
)  # fmt: skip
def test_any_other_order_is_refused(admin: APIClient, query: str) -> None:
    answer = admin.get(f"{PEOPLE}?{query}")
    is_problem(answer, 400)
    assert set(answer.json()["errors"]) == {"ordering"}


@pytest.mark.parametrize("path", LISTS)
def test_each_list_has_both_orders_and_the_schema_says_so(admin: APIClient, path: str) -> None:
    url = f"/api/v1/{path}/"
    assert [admin.get(url, {"ordering": one}).status_code for one in ("id", "-id")] == [200, 200]
    is_problem(admin.get(url, {"ordering": "name"}), 400)
    schema = admin.get("/api/v1/schema/", {"format": "json"}).json()
    parameters = schema["paths"][url]["get"]["parameters"]
    (ordering,) = [one["schema"] for one in parameters if one["name"] == "ordering"]
    assert ordering == {"type": "string", "enum": ["id", "-id"], "default": "-id"}


def test_the_photos_of_a_person_have_both_orders(admin: APIClient) -> None:
    ann = Person.objects.create(full_name="Ann")
    assert admin.get(f"{PEOPLE}{ann.public_id}/faces/", {"ordering": "id"}).status_code == 200
