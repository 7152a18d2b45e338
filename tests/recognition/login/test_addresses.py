"""Whom a request is counted for is not for the request to say."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from recognition.login.addresses import client_address


def asked_by(sender: str, forwarded: str | None = None) -> HttpRequest:
    request = RequestFactory().get("/", REMOTE_ADDR=sender)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return request


def behind(settings: Settings, proxies: int) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}


def test_without_a_proxy_what_is_claimed_to_be_forwarded_is_not_believed() -> None:
    assert client_address(asked_by("192.0.2.1", "198.51.100.1")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "invented, 198.51.100.7", "198.51.100.7"),
        (2, "invented, 198.51.100.7, 192.0.2.8", "198.51.100.7"),
        (2, "198.51.100.7", "198.51.100.7"),
    ],
)
def test_behind_proxies_it_is_the_address_they_vouch_for(
    settings: Settings, proxies: int, forwarded: str, counted: str
) -> None:
    behind(settings, proxies)
    assert client_address(asked_by("192.0.2.1", forwarded)) == counted


@pytest.mark.parametrize("proxies", [0, 1, 2, 3])
@pytest.mark.parametrize("forwarded", [None, "198.51.100.7", "10.0.0.1, 198.51.100.7, 192.0.2.9"])
def test_pages_and_the_api_count_the_same_address(
    settings: Settings, proxies: int, forwarded: str | None
) -> None:
    behind(settings, proxies)
    request = asked_by("192.0.2.1", forwarded)
    assert client_address(request) == SimpleRateThrottle.get_ident(
        SimpleRateThrottle.__new__(SimpleRateThrottle), Request(request)
    )


def test_one_network_of_ipv6_is_one_address() -> None:
    near, far = asked_by("2001:db8:1:2::1"), asked_by("2001:db8:1:2:ffff::9")
    assert client_address(near) == client_address(far) == "2001:db8:1:2::/64"
    assert client_address(asked_by("2001:db8:1:3::1")) != client_address(near)
    assert client_address(asked_by("::ffff:192.0.2.1")) == "192.0.2.1"


@pytest.mark.parametrize("sender", ["", "unix:", "x" * 200])
def test_what_is_no_address_is_counted_all_the_same(sender: str) -> None:
    assert 0 < len(client_address(asked_by(sender))) <= 45
