"""Too much is a 429, for whoever asks too much and for nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings as site
from django.core.cache import cache
from pytest_django import Settings
from rest_framework.settings import api_settings
from rest_framework.test import APIClient, APIRequestFactory

from people.models import Gallery
from recognition.api.throttles import ByAccount, ByAddress, OfTokens
from recognition.devices import add_device
from tests.recognition.api.conftest import client_with

SCHEMA = "/api/v1/people/"


@pytest.fixture(autouse=True)
def no_throttling() -> None:
    """Not here."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(ByAddress, "rate", "5/min", raising=False)
    monkeypatch.setattr(ByAccount, "rate", "3/min", raising=False)
    monkeypatch.setattr(OfTokens, "rate", "2/min", raising=False)


@pytest.fixture
def no_cache(settings: Settings) -> None:
    settings.CACHES = {
        "default": {**site.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock?db=1"}
    }


def asked_from(address: str) -> Any:
    return APIRequestFactory().get("/", REMOTE_ADDR=address)


def statuses(client: APIClient, times: int, **headers: Any) -> list[int]:
    return [client.get(SCHEMA, headers=headers).status_code for _ in range(times)]


def log_in(client: APIClient) -> Any:
    return client.post("/api/v1/tokens/", {"username": "x", "password": "y"})


def test_counts_are_shared_by_all_processes() -> None:
    assert site.CACHES["default"]["BACKEND"].endswith("RedisCache")


def test_an_account_that_asks_too_often_waits(admin: APIClient) -> None:
    assert statuses(admin, 4) == [200, 200, 200, 429]
    answer = admin.get(SCHEMA)
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_one_device_does_not_use_up_the_other_ones(north: Gallery, monkeypatch: Any) -> None:
    first, second = (client_with(add_device(name=n, galleries=[north]).key) for n in "AB")
    url = "/api/v1/recognize/"
    monkeypatch.setattr(ByAddress, "rate", "50/min", raising=False)
    assert [first.post(url).status_code for _ in range(4)] == [400, 400, 400, 429]
    assert second.post(url).status_code == 400


def test_an_address_that_asks_too_often_waits(admin: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(ByAccount, "rate", "50/min", raising=False)
    assert statuses(admin, 6)[-2:] == [200, 429]
    assert admin.get(SCHEMA, REMOTE_ADDR="192.0.2.9").status_code == 200


def test_many_at_once_are_counted_exactly() -> None:
    with ThreadPoolExecutor(20) as pool:
        allowed = list(
            pool.map(lambda _n: ByAddress().allow_request(asked_from("::1"), None), range(20))
        )
    assert sum(allowed) == 5


def test_what_was_asked_in_the_last_window_wears_off(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 60_000_000.0
    monkeypatch.setattr("recognition.api.throttles.time.time", lambda: now)
    assert [ByAddress().allow_request(asked_from("::1"), None) for _ in range(6)][-2:] == [
        True,
        False,
    ]
    now += 60  # of the five before, five still count
    assert not ByAddress().allow_request(asked_from("::1"), None)
    now += 30  # and now two and a half
    assert [ByAddress().allow_request(asked_from("::1"), None) for _ in range(3)] == [
        True,
        True,
        False,
    ]


def test_an_address_cannot_be_made_up(admin: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(ByAccount, "rate", "50/min", raising=False)
    made_up = [admin.get(SCHEMA, headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(6)]
    assert made_up[-1].status_code == 429


def test_behind_a_proxy_its_word_counts_and_no_other(admin: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(ByAccount, "rate", "50/min", raising=False)
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    for number in range(6):
        header = f"192.0.2.{number}, 198.51.100.7"
        last = admin.get(SCHEMA, headers={"X-Forwarded-For": header})
    assert last.status_code == 429
    assert admin.get(SCHEMA, headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 200


@pytest.mark.django_db
def test_guesses_at_a_password_are_few() -> None:
    assert [log_in(APIClient()).status_code for _ in range(3)] == [401, 401, 429]


def test_without_the_cache_clocking_goes_on(admin: APIClient, no_cache: None) -> None:
    assert statuses(admin, 7) == [200] * 7


@pytest.mark.django_db
@pytest.mark.usefixtures("no_cache")
def test_without_the_cache_nobody_guesses_at_passwords() -> None:
    answer = log_in(APIClient())
    assert (answer.status_code, answer.json()["code"]) == (503, "cache_unavailable")
    assert answer["Retry-After"] == "5"
