"""Behind a proxy that ends https: what it says of the request counts, and forgery is refused."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from tests.recognition.login.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ada")]

SITE = "https://faces.example"


@pytest.fixture
def https(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["faces.example", "inside"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_SSL_REDIRECT = True


@pytest.fixture
def behind_proxy(https: None, settings: Settings) -> None:
    """As BEHIND_PROXY sets it: tests/faceproject/test_settings.py."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.USE_X_FORWARDED_HOST = True


@pytest.fixture
def browser() -> Client:
    """What the application gets of one: http, to the proxy's name for it."""
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "faces.example"}
    return Client(enforce_csrf_checks=True, SERVER_NAME="inside", headers=forwarded)


def form(browser: Client) -> dict[str, str]:
    page = browser.get("/login/?next=/me/photos/")
    assert page.status_code == 200
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert token is not None
    return {
        "csrfmiddlewaretoken": token[1],
        "username": "ada",
        "password": PASSWORD,
        "next": "/me/photos/",
    }


@pytest.mark.usefixtures("behind_proxy")
@pytest.mark.parametrize("sent", [{"Origin": SITE}, {"Referer": f"{SITE}/login/"}])
def test_the_form_of_the_page_logs_in(
    browser: Client, settings: Settings, sent: dict[str, str]
) -> None:
    settings.FACE_LOGIN_MODE = "claimed"
    response = browser.post("/login/", form(browser), headers=sent)
    assert (response.status_code, response.headers["Location"]) == (302, "/me/photos/")
    assert browser.session["_auth_user_id"]
    assert all(cookie["secure"] for cookie in browser.cookies.values())


@pytest.mark.usefixtures("behind_proxy")
@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://faces.example"},
        {"Referer": "https://evil.example/login/"},
        {},
    ],
)
def test_the_form_of_another_page_does_not(browser: Client, sent: dict[str, str]) -> None:
    assert browser.post("/login/", form(browser), headers=sent).status_code == 403
    assert "_auth_user_id" not in browser.session


@pytest.mark.usefixtures("behind_proxy")
def test_a_form_without_the_pages_token_does_not(browser: Client) -> None:
    given = form(browser) | {"csrfmiddlewaretoken": ""}
    assert browser.post("/login/", given, headers={"Origin": SITE}).status_code == 403


@pytest.mark.usefixtures("https")
def test_without_a_proxy_its_headers_are_not_believed(browser: Client) -> None:
    response = browser.get("/login/")
    assert response.status_code == 301
    assert response.headers["Location"].startswith("https://inside/")
