"""Every route with every role. A route without a rule fails here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver
from rest_framework.test import APIClient

from recognition.api.access import Rule
from recognition.api.urls import v1

METHODS = ("get", "post", "put", "patch", "delete")

# (method, path) → who is let in besides an administrator: "device", "anybody", "user" (any).
# "device only" keeps the administrator out too: there is no event without a device.
OPEN = {
    ("post", "attendance/challenges/"): "device only",
    ("get", "attendance/clock/"): "device only",
    ("post", "attendance/clock/"): "device only",
    ("post", "attendance/clock/<uuid:event_id>/undo/"): "device only",
    ("post", "attendance/clock/batch/"): "device only",
    ("get", "attendance/me/"): "user",
    ("post", "recognize/"): "device",
    ("post", "tokens/"): "anybody",
    ("delete", "tokens/"): "user",
    ("get", "health/live"): "anybody",
    ("get", "health/ready"): "anybody",
    ("get", "schema/"): "user",
    ("get", "docs/"): "user",
    ("get", "reference/"): "user",
}


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def operations() -> list[tuple[str, str, Rule | None]]:
    found = []
    for path, callback in routes(v1):
        view = getattr(callback, "cls", None) or callback.view_class
        actions = getattr(callback, "actions", None)
        for method in (name for name in METHODS if name in view.http_method_names):
            action = method if actions is None else actions.get(method)
            if action is not None and hasattr(view, action):
                found.append((method, path, getattr(view, "rules", {}).get(action)))
    return found


def url(path: str) -> str:
    for kind in ("uuid:id", "uuid:face_id", "uuid:event_id"):
        path = path.replace(f"<{kind}>", str(uuid4()))
    for kind in ("int:pk", "int:id"):
        path = path.replace(f"<{kind}>", "999999")
    assert "<" not in path, path
    return f"/api/v1/{path}"


OPERATIONS = operations()


def test_there_are_routes() -> None:
    assert len(OPERATIONS) > 20


@pytest.mark.parametrize(("method", "path", "rule"), OPERATIONS)
def test_each_operation_has_a_rule(method: str, path: str, rule: Rule | None) -> None:
    assert rule is not None, f"{method} {path} has no rule, so nobody may use it"


@pytest.mark.parametrize(("method", "path", "rule"), OPERATIONS)
def test_the_table_of_what_is_open_is_complete(method: str, path: str, rule: Rule) -> None:
    who = OPEN.get((method, path))
    assert rule.public == (who == "anybody")
    assert rule.own == (who == "user")
    assert (rule.device is not None) == (who in ("device", "device only"))


def status(client: APIClient, method: str, path: str) -> int:
    return int(getattr(client, method)(url(path), {}, format="json").status_code)


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _rule in OPERATIONS])
def test_who_is_let_in(
    method: str, path: str, kiosk: APIClient, nobody: APIClient, admin: APIClient
) -> None:
    who = OPEN.get((method, path), "")
    expected = {
        "nobody logged in": who == "anybody",
        "a device": who in ("device", "device only", "anybody"),
        "a user without permission": who in ("user", "anybody"),
        "an administrator": who != "device only",
    }
    clients = [APIClient(), kiosk, nobody, admin]
    seen = {
        name: status(client, method, path) not in (401, 403)
        for name, client in zip(expected, clients, strict=True)
    }
    if (method, path) == ("post", "tokens/"):
        seen = dict.fromkeys(seen, True)  # without credentials it answers 400
    assert seen == expected


@pytest.mark.parametrize(
    ("method", "path"),
    list(itertools.islice(((m, p) for m, p, rule in OPERATIONS if rule and not rule.public), 40)),
)
@pytest.mark.django_db
def test_a_wrong_key_is_refused_everywhere_it_matters(method: str, path: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer not-a-key")
    answer = getattr(client, method)(url(path), {}, format="json")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
