"""Fixtures about pages; `conftest.py` registers them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

LogIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings, tmp_path: Path) -> None:
    """Pages name their static files without a manifest; tests collect none."""
    settings.STATIC_ROOT = tmp_path
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def log_in(db: None) -> LogIn:
    """log_in("HR") or log_in(superuser=True): a browser of somebody of the staff."""

    def log_in(*groups: str, superuser: bool = False, staff: bool = True) -> Client:
        name = "-".join([*groups, "root" if superuser else "user", "staff" if staff else "out"])
        user = User.objects.create_user(name, is_staff=staff, is_superuser=superuser)
        user.groups.set([Group.objects.get(name=group) for group in groups])
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def hr(log_in: LogIn) -> Client:
    return log_in("HR")


@pytest.fixture
def root(log_in: LogIn) -> Client:
    return log_in(superuser=True)


@pytest.fixture
def auditor(log_in: LogIn) -> Client:
    return log_in("Auditor")


def upload(data: bytes, name: str = "photo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)
