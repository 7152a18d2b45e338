"""Where webhooks may go, and that they go exactly there."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from pytest_django import Settings

from people.errors import Refusal
from recognition.models import WebhookDelivery, WebhookEndpoint
from recognition.webhooks.endpoints import add_endpoint
from recognition.webhooks.targets import AddressRefused, NameUnknown, UrlRefused, find_target
from tests.recognition.webhooks.conftest import Receiver, Resolve, send

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104  an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001:0:808:808::",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_inside_is_refused(names: Resolve, address: str) -> None:
    names(address)
    with pytest.raises(AddressRefused):
        find_target(url="https://hooks.example/")


@pytest.mark.parametrize("address", PRIVATE)
def test_one_address_inside_among_others_is_enough(names: Resolve, address: str) -> None:
    names("93.184.215.14", address)
    with pytest.raises(AddressRefused):
        find_target(url="https://hooks.example/")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::808:808"])
def test_a_name_on_the_internet_is_fine(names: Resolve, address: str) -> None:
    names(address)
    target = find_target(url="https://Hooks.Example:8443/a/b?c=1#d")
    assert (target.host, target.port, target.path) == ("hooks.example", 8443, "/a/b?c=1")
    assert target.authority == "hooks.example:8443"
    assert [str(each) for each in target.addresses] == [address]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "127.1", "0x7f.0.0.1", "2130706433", "[::ffff:10.0.0.1]"],
)
def test_addresses_in_every_spelling_are_refused(host: str) -> None:
    with pytest.raises((AddressRefused, NameUnknown)):
        find_target(url=f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example/", "url_not_https"),
        ("ftp://hooks.example/", "url_malformed"),
        ("file:///etc/passwd", "url_malformed"),
        ("gopher://hooks.example/", "url_malformed"),
        ("https:///path", "url_malformed"),
        ("hooks.example", "url_malformed"),
        ("", "url_malformed"),
        ("https://user:secret@hooks.example/", "url_with_password"),
        ("https://user@hooks.example/", "url_with_password"),
        ("https://@hooks.example/", "url_with_password"),
        ("https://good.example\\@evil.example/", "url_malformed"),
        ("https://hooks.example/a b", "url_malformed"),
        ("https://hooks.example/\r\nX-Evil: 1", "url_malformed"),
        ("https://hooks.example/ä", "url_malformed"),
        ("https://hooks.example:0/", "url_malformed"),
        ("https://hooks.example:65536/", "url_malformed"),
        ("https://hooks.example:abc/", "url_malformed"),
        ("https://[::1/", "url_malformed"),
        ("https://[fe80::1%25eth0]/", "url_malformed"),
        (f"https://{'a' * 64}.example/", "url_malformed"),
        ("https://a..example/", "url_malformed"),
    ],
)
def test_urls_that_are_not_plain_https_are_refused(names: Resolve, url: str, code: str) -> None:
    names("93.184.215.14")
    with pytest.raises(UrlRefused) as refused:
        find_target(url=url)
    assert refused.value.code == code


def test_a_name_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NameUnknown):
        find_target(url="https://hooks.example/")


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "fd00::1", "100.64.0.1"])
def test_an_intranet_is_fine_where_it_is_allowed(names: Resolve, address: str) -> None:
    names(address)
    assert find_target(url="http://payroll/").host == "payroll"


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "224.0.0.1", "::", "::ffff:169.254.169.254"]
)
def test_link_local_is_refused_even_there(names: Resolve, address: str) -> None:
    names(address)
    with pytest.raises(AddressRefused):
        find_target(url="http://payroll/")


@pytest.mark.django_db
def test_a_refused_url_makes_no_endpoint(names: Resolve) -> None:
    names("10.0.0.1")
    with pytest.raises(Refusal):
        add_endpoint(name="Payroll", url="https://hooks.example/")
    assert not WebhookEndpoint.objects.exists()


def test_a_name_that_turns_inside_later_is_refused_when_sending(
    delivery: WebhookDelivery, receiver: Receiver, settings: Settings, names: Resolve
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    WebhookEndpoint.objects.update(url=f"https://hooks.example:{receiver.port}/")
    names("127.0.0.1")
    assert send(delivery).last_error == "address_refused"
    assert receiver.requests == []


def test_the_name_is_looked_up_once_and_that_address_is_called(
    delivery: WebhookDelivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up of the name would get another answer; there is none."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *args: Any, **options: Any) -> Any:
        if host != "hooks.example":
            return real(host, *args, **options)
        looked_up.append(host)
        return real("127.0.0.1" if len(looked_up) == 1 else "192.0.2.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    WebhookEndpoint.objects.update(url=f"http://hooks.example:{receiver.port}/")
    assert send(delivery).state == "delivered"
    assert looked_up == ["hooks.example"]
    [(_path, headers, _body)] = receiver.requests
    assert headers["host"] == f"hooks.example:{receiver.port}"


def test_the_next_address_is_tried_when_one_is_dead(
    delivery: WebhookDelivery, receiver: Receiver, names: Resolve
) -> None:
    WebhookEndpoint.objects.update(url=f"http://hooks.example:{receiver.port}/")
    names("127.0.0.9", "127.0.0.1")
    assert send(delivery).state == "delivered"


def test_a_proxy_of_the_environment_is_not_used(
    delivery: WebhookDelivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(delivery).state == "delivered"
