"""What an attacker would try first. Nothing of it is a 500."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import werkzeug.test
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from people.models import Person
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import is_problem

PEOPLE = "/api/v1/people/"
RECOGNIZE = "/api/v1/recognize/"
JSON = "application/json"


def cursor(query: str) -> str:
    return base64.b64encode(query.encode()).decode()


@pytest.mark.parametrize("size", ["0", "-1", "501", "9" * 5000, "1e3", "٣", "x", "", "1.0", "\x00"])
def test_a_page_size_that_is_none_is_refused(admin: APIClient, size: str) -> None:
    is_problem(admin.get(PEOPLE, {"page_size": size}), 400)


@pytest.mark.parametrize(
    "given",
    [
        "garbage",
        "é",
        cursor("p=abc"),
        cursor("p=1 OR 1=1"),
        cursor("p=" + "9" * 40),
        cursor("p=%00"),
        cursor("p=7"),
        cursor("p=-id:7 OR 1=1"),
        cursor("p=-id:" + "9" * 40),
        cursor("p=-id:7%0A"),
        cursor("p=--id:7"),
        cursor("p=full_name:7"),
        cursor("o=1"),
        cursor("r=x"),
        cursor("o=-1"),
    ],
)
def test_a_cursor_that_is_none_is_refused(admin: APIClient, given: str) -> None:
    is_problem(admin.get(PEOPLE, {"cursor": given}), 404)


@pytest.mark.parametrize("path", ["people/", "attempts/"])
@pytest.mark.parametrize("gallery", ["404", "0", "-5", "9" * 30])
def test_people_of_a_gallery_that_is_not_there_are_none(
    admin: APIClient, enrol: Enrol, path: str, gallery: str
) -> None:
    enrol("Ann", 10)
    answer = admin.get(f"/api/v1/{path}", {"gallery": gallery})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        "gallery=x", "gallery=1.5", "gallery=1&gallery=2", "is_active=yes", "is_active=",
        "search=", "search=%00", "search=%ff%00", "staff_number=%00",
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused(admin: APIClient, query: str) -> None:
    is_problem(admin.get(f"{PEOPLE}?{query}"), 400)


@pytest.mark.parametrize(
    "query", ["since=2026-01-01", "since=now", "person=1", "person=" + "a" * 32]
)
def test_a_time_without_offset_or_a_shortened_id_is_refused(admin: APIClient, query: str) -> None:
    is_problem(admin.get(f"/api/v1/attempts/?{query}"), 400)


@pytest.mark.parametrize(
    "text", ["%", "_", "'; DROP TABLE people_person; --", "\\", "\ufffe", "a" * 9000]
)
def test_a_search_is_only_text(admin: APIClient, text: str) -> None:
    Person.objects.create(full_name="Ann")
    answer = admin.get(PEOPLE, {"search": text})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    "tail",
    ["not-a-uuid/", "%00/", "..%2f..%2fadmin/", "0" * 5000 + "/", "%F0%9F%92%A9/", "%ff/",
     "00000000-0000-0000-0000-000000000000/", "00000000-0000-0000-0000-000000000000"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "patch", "delete", "post"])
def test_an_odd_address_is_not_found(admin: APIClient, tail: str, method: str) -> None:
    expected = (404, 405) if tail.startswith("00000000-") else (404,)
    is_problem(getattr(admin, method)(f"{PEOPLE}{tail}", {}, format="json"), *expected)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"photo": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"photo": "\xed\xa0\x80"}',
        b'{"photo": "a", "photo": "b"}',
        b'{"photo": NaN}',
        b'{"top": ' + b"9" * 5000 + b"}",
        '{"photo": "aGk="}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b"\x00",
    ],
)
def test_a_body_that_is_hardly_json_is_refused(kiosk: APIClient, body: bytes) -> None:
    is_problem(kiosk.post(RECOGNIZE, body, content_type=JSON), 400)


@pytest.mark.parametrize(
    "top", [1e300, -1, 10**30, 1.5, True, "1", None, [], {"a": 1}, float(10**15)]
)
def test_a_number_that_is_none_is_refused(kiosk: APIClient, top: object) -> None:
    is_problem(kiosk.post(RECOGNIZE, {"photo": "aGk=", "top": top}, format="json"), 400)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-www-form-urlencoded", 415),
        ("text/xml", 415),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=hex", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=x; charset=hex", 415),
        ("multipart/form-data; boundary=" + "x" * 5000, 415),
        ("multipart/form-data; boundary=é", 400),
        ("/", 415),
        ("", 415),
    ],
)
def test_a_wrong_content_type_is_refused(kiosk: APIClient, content_type: str, status: int) -> None:
    is_problem(kiosk.generic("POST", RECOGNIZE, "--x\r\nphoto=1", content_type), status)


@pytest.mark.parametrize("charset", ["hex", "utf-7", "idna", "nothing"])
@pytest.mark.django_db
def test_a_query_in_another_encoding_is_refused(charset: str) -> None:
    """Through the site's own handler: Django's reads the query before any view can refuse it."""
    from faceproject.wsgi import application

    answer = werkzeug.test.Client(application).get(
        "/api/v1/people/?search=a",
        headers={"Content-Type": f"text/plain; charset={charset}", "Host": "localhost"},
    )
    assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")


@pytest.mark.parametrize("length", ["0", "1", "-1", "x", str(10**30)])
def test_a_length_that_lies_is_a_refusal(kiosk: APIClient, length: str) -> None:
    answer = kiosk.post(RECOGNIZE, b'{"photo": "!"}', content_type=JSON, CONTENT_LENGTH=length)
    is_problem(answer, 400, 413, 422)


def test_a_form_of_too_many_fields_is_refused(kiosk: APIClient) -> None:
    answer = kiosk.post(RECOGNIZE, {f"f{number}": "1" for number in range(100_000)})
    is_problem(answer, 400)


def test_a_form_of_too_many_files_is_refused(kiosk: APIClient) -> None:
    photos = [SimpleUploadedFile("a.png", b"x") for _ in range(201)]
    is_problem(kiosk.post(RECOGNIZE, {"photo": photos}), 400)


def test_a_form_field_that_is_too_large_is_refused(kiosk: APIClient) -> None:
    is_problem(kiosk.post(RECOGNIZE, {"photo": "a" * 3_000_000}), 413)


def test_what_is_given_twice_is_refused(kiosk: APIClient) -> None:
    photo = SimpleUploadedFile("a.png", photo_of(10))
    is_problem(kiosk.post(RECOGNIZE, {"photo": photo, "top": ["1", "5"]}), 400)


@pytest.mark.parametrize(
    "body",
    [
        {"photo": "aGk=", "top": "0"},
        {"photo": "aGk=", "faces": "each"},
        {"photo": "aGk=", "gallery": "x"},
        {"photo": "no base64"},
        {"nothing": "1"},
        {},
    ],
)
def test_a_form_is_refused_as_json_is(kiosk: APIClient, body: dict[str, Any]) -> None:
    as_json = {**body, **({"top": int(body["top"])} if "top" in body else {})}
    form = kiosk.post(RECOGNIZE, body, format="multipart")
    plain = kiosk.post(RECOGNIZE, as_json, format="json")
    assert (form.status_code, form.json()["code"]) == (plain.status_code, plain.json()["code"])


def test_a_blank_field_of_a_form_is_refused_where_json_refuses_it(admin: APIClient) -> None:
    is_problem(admin.post("/api/v1/galleries/", {"name": "A", "time_zone": ""}), 400)
    is_problem(admin.post(PEOPLE, {"full_name": "Ann", "consent_at": ""}), 400)
    assert admin.post(PEOPLE, {"full_name": "Ann", "staff_number": ""}).status_code == 201


@pytest.mark.parametrize("value", ["ture", "2", "null", "truefalse", " ", "\x00"])
def test_a_boolean_of_a_form_that_is_none_is_refused(admin: APIClient, value: str) -> None:
    is_problem(admin.post(PEOPLE, {"full_name": "Ann", "is_active": value}), 400)
