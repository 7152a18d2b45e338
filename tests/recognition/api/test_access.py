"""Every route with every role. A route without a rule fails here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import URLPattern, URLResolver
from rest_framework.test import APIClient

from people.models import Gallery
from recognition.api.access import DeviceRight, Rule
from recognition.api.urls import v1
from recognition.devices import add_device
from tests.fixtures import Enrol
from tests.pages import LogIn
from tests.recognition.api.conftest import client_with, grant, user_client

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
# What any user may do, and what an Auditor may besides.
FOR_USERS = {operation for operation, who in OPEN.items() if who in ("anybody", "user")}
FOR_AUDITORS = {
    ("get", "attempts/"),
    ("get", "attempts/<uuid:id>/"),
    ("get", "attendance/events/"),
    ("get", "attendance/events/<uuid:id>/"),
    ("get", "attendance/days/"),
    ("get", "attendance/days.csv"),
    ("get", "attendance/days.xlsx"),
}
# HR may do everything but this, and what is for devices only.
NOT_FOR_HR = {
    ("post", "galleries/"),
    ("patch", "galleries/<int:pk>/"),
    ("delete", "galleries/<int:pk>/"),
    ("get", "embedding-models/"),
    ("get", "embedding-models/<int:pk>/"),
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
EACH = pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _rule in OPERATIONS])
EACH_WITH_ITS_RULE = pytest.mark.parametrize(("method", "path", "rule"), OPERATIONS)


def test_there_are_routes() -> None:
    assert len(OPERATIONS) > 20


def test_the_tables_name_routes_that_are_there() -> None:
    known = {(method, path) for method, path, _rule in OPERATIONS}
    assert {*OPEN, *FOR_AUDITORS, *NOT_FOR_HR} <= known


@EACH_WITH_ITS_RULE
def test_each_operation_has_a_rule(method: str, path: str, rule: Rule | None) -> None:
    assert rule is not None, f"{method} {path} has no rule, so nobody may use it"


@EACH_WITH_ITS_RULE
def test_the_table_of_what_is_open_is_complete(method: str, path: str, rule: Rule) -> None:
    who = OPEN.get((method, path))
    assert rule.public == (who == "anybody")
    assert rule.own == (who == "user")
    assert (rule.device is not None) == (who in ("device", "device only"))


def status(client: APIClient, method: str, path: str) -> int:
    return int(getattr(client, method)(url(path), {}, format="json").status_code)


def is_let_in(client: APIClient, method: str, path: str) -> bool:
    """Whatever comes of it: nothing is sent, and nothing is at these addresses."""
    if (method, path) == ("post", "tokens/"):
        return status(client, method, path) == 400  # not 401, as without the right credentials
    return status(client, method, path) not in (401, 403)


@EACH
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
        name: is_let_in(client, method, path)
        for name, client in zip(expected, clients, strict=True)
    }
    assert seen == expected


@EACH
@pytest.mark.django_db
def test_the_groups_may_do_what_is_theirs(method: str, path: str) -> None:
    operation = (method, path)
    expected = {
        "HR": OPEN.get(operation) != "device only" and operation not in NOT_FOR_HR,
        "Auditor": operation in FOR_USERS | FOR_AUDITORS,
    }
    seen = {}
    for name in expected:
        user = User.objects.create_user(name)
        user.groups.add(Group.objects.get(name=name))
        seen[name] = is_let_in(user_client(user), method, path)
    assert seen == expected


WITH_PERMISSION = [(m, p, rule.permission) for m, p, rule in OPERATIONS if rule and rule.permission]


@pytest.mark.parametrize(("method", "path", "permission"), WITH_PERMISSION)
@pytest.mark.django_db
def test_one_permission_lets_in_and_all_others_do_not(
    method: str, path: str, permission: str
) -> None:
    app, _, codename = permission.partition(".")
    others = Permission.objects.exclude(content_type__app_label=app, codename=codename)
    assert others.count() == Permission.objects.count() - 1
    one, rest = User.objects.create_user("one"), User.objects.create_user("rest")
    grant(one, permission)
    rest.user_permissions.set(others)
    assert is_let_in(user_client(one), method, path)
    assert status(user_client(rest), method, path) == 403


@EACH_WITH_ITS_RULE
def test_a_device_does_what_it_may_and_nothing_else(
    method: str, path: str, rule: Rule, north: Gallery
) -> None:
    """may_clock and may_recognize, each alone, both and none."""
    for clocks in (True, False):
        for recognizes in (True, False):
            new = add_device(
                name=f"{clocks} {recognizes}",
                galleries=[north],
                may_clock=clocks,
                may_recognize=recognizes,
            )
            may = {DeviceRight.CLOCK: clocks, DeviceRight.RECOGNIZE: recognizes, None: False}
            expected = rule.public or may[rule.device]
            assert is_let_in(client_with(new.key), method, path) == expected, new.device


@pytest.mark.parametrize(
    ("method", "path"), [(m, p) for m, p, rule in OPERATIONS if rule and not rule.public]
)
@pytest.mark.django_db
def test_a_wrong_key_is_refused_everywhere_it_matters(method: str, path: str) -> None:
    answer = getattr(client_with("not-a-key"), method)(url(path), {}, format="json")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "authentication_failed"


def test_a_device_key_gets_no_photo(
    kiosk: APIClient, enrol: Enrol, north: Gallery, log_in: LogIn
) -> None:
    """Photos are beside the API: a key says nothing there, whatever its account may do."""
    address = f"/photos/{enrol('Ann', 10, gallery=north).images.get().public_id}/"
    User.objects.filter(device__isnull=False).update(is_staff=True, is_superuser=True)
    for size in ("", "?size=thumb", "?size=face"):
        answer = kiosk.get(f"{address}{size}")
        assert (answer.status_code, answer.content) == (302, b"")
    to_staff = log_in(superuser=True).get(address)
    assert (to_staff.status_code, to_staff["Content-Type"]) == (200, "image/jpeg")
