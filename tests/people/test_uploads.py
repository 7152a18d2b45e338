"""Nobody fills the disk by uploading."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from people import uploads
from tests.pages import LogIn, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def temporary(settings: Settings, tmp_path: Path) -> Path:
    """Where large uploads go; every upload counts as large."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    return tmp_path


def send(client: Client, size: int) -> int:
    # Only a client that checks for forgery reads the form as a server does.
    client.handler.enforce_csrf_checks = True
    client.cookies["csrftoken"] = "a" * 32
    return client.post("/admin/login/", {"file": upload(b"x" * size)}).status_code


def test_a_stranger_uploads_no_files(temporary: Path) -> None:
    assert send(Client(), 3 * 1024 * 1024) == 400
    assert send(Client(), 1024) == 403  # read, and refused as a forgery


def test_staff_upload_up_to_an_archive(
    hr: Client, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(hr, 3 * 1024 * 1024) == 403
    monkeypatch.setattr(uploads, "MAX_ARCHIVE_BYTES", 0)
    assert send(hr, 3 * 1024 * 1024) == 400


def test_people_upload_photos_of_themselves(
    log_in: LogIn, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = log_in(staff=False)
    assert send(person, 3 * 1024 * 1024) == 403
    monkeypatch.setattr(uploads, "MAX_OWN_BYTES", 0)
    assert send(person, 3 * 1024 * 1024) == 400
