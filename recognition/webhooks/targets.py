"""Where a webhook may go: which URLs, and which addresses behind their names.

Whoever may enter a URL must not reach through this server what only this server can reach. So
names are looked up here, every address found is checked, and the connection is made to an address
that was checked: a name that answers otherwise the next time gains nothing.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from people.errors import Refusal

Address = IPv4Address | IPv6Address

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")  # what parsers of URLs disagree about
_PORTS = {"http": 80, "https": 443}
_UNICAST = IPv6Network("2000::/3")  # all that is given out so far
_NAT64 = IPv6Network("64:ff9b::/96")
_AZURE_HOST = IPv4Address("168.63.129.16")  # global by its number, but the machine's own host


class UrlRefused(Refusal):
    code = "url_malformed"


class AddressRefused(Refusal):
    code = "address_refused"


class NameUnknown(Refusal):
    code = "name_unknown"


@dataclass(frozen=True, slots=True)
class Target:
    """host: the name for TLS and the Host header. addresses: checked, in the order to try."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def find_target(*, url: str) -> Target:
    """Look the URL's name up. Raises UrlRefused, NameUnknown, AddressRefused."""
    parts, host = _read(url)
    port = parts.port or _PORTS[parts.scheme]
    addresses = _look_up(host, port)
    if not all(_may_reach(address) for address in addresses):
        raise AddressRefused("This name leads to an address inside a network, not on the internet.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, addresses=addresses)


def _read(url: str) -> tuple[SplitResult, str]:
    if _UNSAFE.search(url):
        raise UrlRefused("A URL holds no spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").encode("idna").decode()
        if parts.port == 0:
            raise UrlRefused("There is no port 0.")
    except ValueError as error:  # also UnicodeError
        raise UrlRefused("This is not a URL.") from error
    if parts.scheme not in _PORTS or not host or "%" in host:
        raise UrlRefused("Give a URL such as https://example.org/hook.")
    if parts.scheme == "http" and not settings.WEBHOOKS_ALLOW_PRIVATE:
        raise UrlRefused("Use https: the message tells who is at work.", code="url_not_https")
    if "@" in parts.netloc:
        raise UrlRefused("No user name or password in the URL.", code="url_with_password")
    if not (parts.path + parts.query).isascii():
        raise UrlRefused("Percent-encode what is not ASCII in the path.")
    return parts, host


def _look_up(host: str, port: int) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(entry[4][0]) for entry in found]
    except (OSError, ValueError) as error:
        raise NameUnknown("This name cannot be found.") from error
    return tuple(dict.fromkeys(addresses))


def _may_reach(address: Address) -> bool:
    if not settings.WEBHOOKS_ALLOW_PRIVATE:
        return is_public(address)
    # Link-local stays closed: there, clouds give their machines' credentials to whoever asks.
    is_odd = address.is_link_local or address.is_multicast or address.is_unspecified
    return not is_odd and getattr(address, "ipv4_mapped", None) is None


def is_public(address: Address) -> bool:
    """On the internet, for everybody alike: not loopback, private, shared, local or multicast."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address != _AZURE_HOST
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    # Tunnels carry an IPv4 address inside, which may be anything.
    is_tunnel = address.sixtofour is not None or address.teredo is not None
    return address in _UNICAST and address.is_global and not is_tunnel
