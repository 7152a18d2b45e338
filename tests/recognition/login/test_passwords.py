"""Guesses at passwords are slowed down wherever a password is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from people.models import Person
from recognition.models import LoginBrake
from tests.fixtures import Enrol
from tests.recognition.login.conftest import ADA, PASSWORD, MakeAccount, Visitor

pytestmark = pytest.mark.django_db

Guess = Callable[[str, str], int]


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def no_throttling(monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.throttling import SimpleRateThrottle

    monkeypatch.setattr(SimpleRateThrottle, "allow_request", lambda *_args: True)


def at_page(page: str) -> Guess:
    def guess(name: str, password: str) -> int:
        given = {"username": name, "password": password}
        return Client().post(page, given).status_code

    return guess


def at_tokens(name: str, password: str) -> int:
    given = {"username": name, "password": password}
    return int(APIClient().post("/api/v1/tokens/", given).status_code)


PLACES = pytest.mark.parametrize(
    ("guess", "wrong", "right"),
    [
        (at_page("/login/"), 200, 302),
        (at_page("/admin/login/"), 200, 302),
        (at_tokens, 401, 201),
    ],
    ids=["page", "admin", "tokens"],
)


@PLACES
@pytest.mark.usefixtures("boss", "no_throttling")
def test_after_five_wrong_passwords_even_the_right_one_waits(
    guess: Guess, wrong: int, right: int
) -> None:
    assert [guess("boss", "a guess") for _ in range(5)] == [wrong] * 5
    assert guess("boss", PASSWORD) == 429
    LoginBrake.objects.update(waits_until=None)
    assert guess("boss", PASSWORD) == right


@PLACES
@pytest.mark.usefixtures("no_throttling")
def test_names_nobody_has_are_slowed_down_alike(guess: Guess, wrong: int, right: int) -> None:
    assert [guess("nobody", "a guess") for _ in range(6)] == [wrong] * 5 + [429]


@pytest.mark.usefixtures("boss")
def test_guesses_elsewhere_do_not_lock_me_out() -> None:
    for _ in range(60):
        Client(REMOTE_ADDR="203.0.113.9").post(
            "/login/", {"username": "boss", "password": "a guess"}
        )
    assert at_page("/login/")("boss", PASSWORD) == 302


@pytest.mark.usefixtures("boss")
def test_whoever_waits_is_told_how_long_and_not_that_the_password_is_wrong() -> None:
    for page in ("/login/", "/admin/login/"):
        LoginBrake.objects.all().delete()
        for _ in range(5):
            at_page(page)("boss", "a guess")
        response = Client().post(page, {"username": "boss", "password": PASSWORD})
        said = response.content.decode()
        assert "Wait 30 seconds" in said
        assert "wrong" not in said
        assert 0 < int(response.headers["Retry-After"]) <= 30


def test_a_password_alone_gives_no_token_where_the_face_is_needed(account: MakeAccount) -> None:
    account("chief", face=ADA, is_staff=True)
    response = APIClient().post("/api/v1/tokens/", {"username": "chief", "password": PASSWORD})
    assert response.status_code == 403
    assert response.json()["code"] == "second_factor_required"


def test_a_token_of_before_the_face_was_enrolled_counts_no_more(
    account: MakeAccount, enrol: Enrol
) -> None:
    chief = account("chief", is_staff=True, is_superuser=True)
    client = APIClient()
    credentials = {"username": "chief", "password": PASSWORD}
    token = client.post("/api/v1/tokens/", credentials).json()["token"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/api/v1/people/").status_code == 200

    Person.objects.update(user=None)
    Person.objects.filter(pk=enrol("The chief", ADA).pk).update(user=chief)
    response = client.get("/api/v1/people/")
    assert response.status_code == 403
    assert response.json()["code"] == "second_factor_required"


@pytest.mark.usefixtures("boss")
def test_the_admin_still_logs_in_by_password() -> None:
    visitor = Visitor()
    response = visitor.give_password("boss", page="/admin/login/?next=/admin/auth/user/")
    assert response.headers["Location"] == "/admin/auth/user/"
    assert visitor.client.get("/admin/auth/user/").status_code == 200


def test_an_account_without_staff_status_does_not_get_into_the_admin(ada: User) -> None:
    response = Client().post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert response.status_code == 200
    assert "staff account" in response.content.decode()
