"""Whose request it is, for counting: the same address that the API counts by."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest
from rest_framework.settings import api_settings


def client_address(request: HttpRequest) -> str:
    """The address of who asks, behind as many proxies as PROXIES says. Never empty.

    What lies further left in X-Forwarded-For may be invented by whoever asks. A household or an
    office has a whole /64 of IPv6, and may use another address of it each time: they are one.
    """
    return _as_counted(_sender(request))


def _sender(request: HttpRequest) -> str:
    proxies = int(api_settings.NUM_PROXIES or 0)
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR")
    if proxies == 0 or forwarded is None:
        return str(request.META.get("REMOTE_ADDR") or "")
    addresses = str(forwarded).split(",")
    return addresses[-min(proxies, len(addresses))].strip()


def _as_counted(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # a Unix socket, or a proxy's own notation
        return text[:45] or "none"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
