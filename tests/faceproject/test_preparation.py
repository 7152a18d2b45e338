from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from faceproject.supervisor import preparation

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_an_admin_whose_password_is_told_once(
    settings: Settings,
) -> None:
    settings.ADMIN_PASSWORD = ""
    told = preparation.ensure_admin()
    assert told is not None
    password = told.split("password ")[1].split()[0]
    assert User.objects.get(username="admin").check_password(password)
    assert preparation.ensure_admin() is None


def test_admin_password_is_used_and_not_told(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = "correct horse battery"
    told = preparation.ensure_admin()
    assert "correct horse battery" not in (told or "")
    assert User.objects.get(username="admin").check_password("correct horse battery")


def test_a_later_admin_password_replaces_the_first(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = ""
    preparation.ensure_admin()
    settings.ADMIN_PASSWORD = "correct horse battery"
    assert preparation.ensure_admin() is not None
    assert preparation.ensure_admin() is None
    assert User.objects.get(username="admin").check_password("correct horse battery")


def test_no_second_superuser_is_made(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = "correct horse battery"
    User.objects.create_superuser(username="somebody")
    assert preparation.ensure_admin() is None
    assert not User.objects.filter(username="admin").exists()


def test_archives_move_to_where_workers_on_other_machines_see_them(
    settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "var"
    (tmp_path / "var" / "imports").mkdir(parents=True)
    (tmp_path / "var" / "imports" / "1.zip").touch()
    for _ in range(2):
        preparation.make_folders()
    assert (settings.PHOTOS_DIR / "imports" / "1.zip").is_file()
    assert not (tmp_path / "var" / "imports").exists()


def test_people_are_enrolled_only_in_a_new_database(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert preparation.enrol_demo_people() is None
    (tmp_path / "demo.wanted").touch()
    assert "next start tries again" in (preparation.enrol_demo_people() or "")
    assert (tmp_path / "demo.wanted").exists()
