"""Who may ask, and what nobody is told."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery, Person
from people.storage import StoreMissing
from recognition.devices import NewKey
from recognition.models import Attempt, AttendanceEvent
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with, grant, is_problem

PEOPLE = "/api/v1/people/"
RECOGNIZE = "/api/v1/recognize/"
JSON = "application/json"


def test_the_token_of_an_inactive_user_is_refused(admin: APIClient) -> None:
    User.objects.update(is_active=False)
    is_problem(admin.get(PEOPLE), 401)


def test_an_inactive_user_gets_no_token(admin: APIClient) -> None:
    User.objects.update(is_active=False)
    given = {"username": "root", "password": "a long password"}
    is_problem(APIClient().post("/api/v1/tokens/", given), 401)


@pytest.mark.django_db
def test_old_tokens_go_when_there_are_too_many() -> None:
    user = User.objects.create_user("eve", password="a long password")
    first = AuthToken.objects.create(user=user)[1]
    for _ in range(25):
        APIClient().post("/api/v1/tokens/", {"username": "eve", "password": "a long password"})
    assert AuthToken.objects.filter(user=user).count() == 20
    is_problem(client_with(first).get("/api/v1/schema/"), 401)


def test_a_device_has_no_password(new_device: NewKey) -> None:
    name = new_device.device.account.username
    for password in ("", "None", "!"):
        given = {"username": name, "password": password}
        is_problem(APIClient().post("/api/v1/tokens/", given, format="json"), 400, 401)


def test_a_device_with_permissions_is_still_a_device(new_device: NewKey, kiosk: APIClient) -> None:
    grant(new_device.device.account, "people.view_person")
    User.objects.filter(pk=new_device.device.account_id).update(is_superuser=True, is_staff=True)
    is_problem(kiosk.get(PEOPLE), 403)


def test_a_session_needs_the_csrf_token(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root", password="a long password"))
    is_problem(client.post(PEOPLE, {"full_name": "Ann"}, content_type=JSON), 403)
    assert client.get(PEOPLE).status_code == 200


def test_a_session_of_no_staff_is_nobody(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("eve", password="a long password"))
    is_problem(client.get("/api/v1/schema/"), 401)


@pytest.mark.parametrize("path", ["people/", "recognize/", "attempts/", "attendance/clock/"])
def test_options_tell_only_who_may_use_what_is_there(
    path: str, nobody: APIClient, kiosk: APIClient, admin: APIClient
) -> None:
    url = f"/api/v1/{path}"
    is_problem(APIClient().options(url), 401)
    is_problem(nobody.options(url), 403)
    allowed = kiosk if path in ("recognize/", "attendance/clock/") else admin
    answer = allowed.options(url)
    assert set(answer.json()) == {"methods"}
    assert answer["Allow"] == ", ".join([*answer.json()["methods"], "OPTIONS"])
    if path in ("people/", "attempts/"):
        is_problem(kiosk.options(url), 403)


def test_the_head_is_as_the_whole_without_the_body(admin: APIClient, kiosk: APIClient) -> None:
    answer = admin.head(PEOPLE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert kiosk.head(PEOPLE).status_code == 403
    assert APIClient().head("/api/v1/health/live").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND", "DELETE"])
def test_a_method_that_is_not_there_is_a_405(admin: APIClient, method: str) -> None:
    answer = admin.generic(method, PEOPLE)
    is_problem(answer, 405)
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_answer_that_is_no_json_is_not_to_be_had(admin: APIClient) -> None:
    is_problem(admin.get(PEOPLE, headers={"Accept": "application/xml"}), 406)


@pytest.mark.parametrize("says_why", [True, False])
def test_a_claim_tells_nothing_of_who_is_there(
    kiosk: APIClient, enrol: Enrol, north: Gallery, settings: Settings, says_why: bool
) -> None:
    """A number of nobody, of another gallery, of the deactivated, and a wrong face: one answer."""
    settings.CLOCK_SAYS_WHY = says_why
    south = Gallery.objects.create(name="South")
    for number, (name, angle, gallery) in enumerate(
        [("Ann", 10, north), ("Bob", 100, south), ("Eve", 60, north)]
    ):
        person = enrol(name, angle, gallery=gallery)
        is_active = name != "Eve"
        Person.objects.filter(pk=person.pk).update(staff_number=str(number), is_active=is_active)
    answers, queries = [], []
    for claim in ("0", "1", "2", "3"):
        photo = SimpleUploadedFile("a.png", photo_of(170))
        with CaptureQueriesContext(connection) as asked:
            answers.append(
                kiosk.post("/api/v1/attendance/clock/", {"photo": photo, "staff_number": claim})
            )
        queries.append(len(asked))
    assert max(queries) - min(queries) <= 1, "the time it takes would tell"
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.content for answer in answers}) == 1
    assert Attempt.objects.count() == 4
    assert not AttendanceEvent.objects.exists()


def test_a_device_cannot_list_its_gallery(kiosk: APIClient, enrol: Enrol, north: Gallery) -> None:
    for name, angle in (("Ann", 10), ("Bob", 130), ("Eve", 170)):
        enrol(name, angle, gallery=north)
    for angle, names in ((10, ["Ann"]), (70, [])):
        for faces in ("largest", "all"):
            photo = SimpleUploadedFile("a.png", photo_of(angle))
            answer = kiosk.post(RECOGNIZE, {"photo": photo, "top": 100, "faces": faces}).json()
            assert [one["name"] for one in answer["candidates"]] == names


def test_who_is_changed_is_locked_against_erasing(admin: APIClient) -> None:
    ann = Person.objects.create(full_name="Ann")
    with CaptureQueriesContext(connection) as asked:
        admin.patch(f"{PEOPLE}{ann.public_id}/", {"full_name": "Anna"}, format="json")
    assert any("FOR UPDATE" in query["sql"] for query in asked.captured_queries)


@pytest.mark.django_db
def test_whoever_asks_for_a_token_sends_little() -> None:
    body = {"username": "a", "password": "b" * 20_000}
    is_problem(APIClient().post("/api/v1/tokens/", body, format="json"), 413)


# --- What is told ----------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("recognition.api.views.people.PersonViewSet.get_queryset", fail)


@pytest.mark.usefixtures("broken")
def test_an_unforeseen_error_says_nothing_of_the_inside(admin: APIClient) -> None:
    admin.raise_request_exception = False
    answer = admin.get(PEOPLE)
    is_problem(answer, 500)
    assert b"secret" not in answer.content
    assert answer.json()["code"] == "server_error"


def test_an_error_outside_of_the_api_is_a_page(
    admin: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("people.views.get_object_or_404", lambda *_args, **_more: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get())
    answer = client.get("/photos/00000000-0000-0000-0000-000000000000/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_without_the_folder_of_the_photos_a_page_says_so(
    admin: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_args: object, **_more: object) -> None:
        raise StoreMissing

    monkeypatch.setattr("people.views.get_object_or_404", missing)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get())
    answer = client.get("/photos/00000000-0000-0000-0000-000000000000/")
    assert answer.status_code == 503
    assert "The photos cannot be reached" in answer.content.decode()


@pytest.mark.django_db
def test_an_unknown_host_is_a_problem() -> None:
    is_problem(APIClient().get("/api/v1/health/live", headers={"Host": "evil.example"}), 400)


def test_two_who_take_one_staff_number_are_a_conflict(
    admin: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Both were checked before either was stored."""
    Person.objects.create(full_name="Bob", staff_number="S-4711")
    monkeypatch.setattr("rest_framework.validators.UniqueValidator.__call__", lambda *_args: None)
    answer = admin.post(PEOPLE, {"full_name": "Ann", "staff_number": "S-4711"}, format="json")
    is_problem(answer, 409)
    assert "4711" not in answer.content.decode() + caplog.text


def test_logs_hold_no_name(admin: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    name = "Zacharias Quirinus"
    admin.post(PEOPLE, {"full_name": name, "nick": name}, format="json")
    admin.post(PEOPLE, {"full_name": name}, format="json")
    admin.get(PEOPLE, {"search": name})
    admin.get(f"{PEOPLE}?search={quote(name)}&nick=1")
    lines = [r.getMessage() for r in caplog.records if r.name != "django.db.backends"]
    assert lines
    assert not [line for line in lines if "Quirinus" in line or "Zacharias" in line]


def test_the_access_log_leaves_the_query_out(settings: Settings) -> None:
    from faceproject import gunicorn

    for with_query in ("%(r)s", "%(q)s", "%(f)s", "{raw_uri}"):
        assert with_query not in gunicorn.access_log_format


def test_the_reference_page_asks_nobody_else(admin: APIClient) -> None:
    for page in ("docs/", "reference/"):
        text = admin.get(f"/api/v1/{page}").content.decode()
        assert "https://" not in text.replace("https://localhost", "")
    pictures = admin.get("/api/v1/reference/")["Content-Security-Policy"]
    assert "img-src 'self' blob: data:" in pictures.split("; ")


def test_json_with_everything_unknown_names_it(kiosk: APIClient) -> None:
    body = json.dumps({"photo": "aGk=", "<script>": 1, "\u0000": 2})
    answer = kiosk.post(RECOGNIZE, body, content_type=JSON)
    is_problem(answer, 400)
    assert set(answer.json()["errors"]) == {"<script>", "\u0000"}
