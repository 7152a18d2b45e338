"""Callers of the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery
from recognition.api.throttles import ByAddress, ByBoth
from recognition.devices import NewKey, add_device
from recognition.models import Device


def client_with(key: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def user_client(user: User) -> APIClient:
    _token, key = AuthToken.objects.create(user=user)
    return client_with(key)


@pytest.fixture(autouse=True)
def static_folder(settings: Settings) -> None:
    """As `collectstatic` would make it; the site warns without one."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@pytest.fixture(autouse=True)
def no_throttling(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (ByAddress, ByBoth):
        monkeypatch.setattr(kind, "allow_request", lambda *_args: True)


@pytest.fixture
def admin(db: None) -> APIClient:
    return user_client(User.objects.create_superuser("root", password="a long password"))


@pytest.fixture
def nobody(db: None) -> APIClient:
    """Logged in, with no permission."""
    return user_client(User.objects.create_user("nobody", password="a long password"))


@pytest.fixture
def north(db: None) -> Gallery:
    return Gallery.objects.create(name="North")


@pytest.fixture
def new_device(north: Gallery) -> NewKey:
    return add_device(name="Door", galleries=[north])


@pytest.fixture
def device(new_device: NewKey) -> Device:
    return new_device.device


@pytest.fixture
def kiosk(new_device: NewKey) -> APIClient:
    return client_with(new_device.key)


def grant(user: User, *names: str) -> None:
    for name in names:
        app, _, codename = name.partition(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )


def is_problem(answer: Any, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
