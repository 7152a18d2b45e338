import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faceproject.conftest import ROOT

PRODUCTION = {
    "SECRET_KEY": "k" * 25 + "0123456789-abcdefghijklmnopq",
    "ALLOWED_HOSTS": "example.org",
    "HTTPS": "on",
}


def manage(
    var_dir: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited, "VAR_DIR": str(var_dir), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_a_missing_setting_is_named_in_one_sentence(tmp_path: Path, missing: str) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = manage(tmp_path, "migrate", **given)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{missing} is not set")
    assert len(done.stderr.splitlines()) == 1


def test_a_number_that_is_none_is_named(tmp_path: Path) -> None:
    done = manage(tmp_path, "migrate", PORT="eighty", **PRODUCTION)
    assert done.returncode == 2
    assert done.stderr == "PORT is not a number: 'eighty'.\n"


def test_a_choice_that_is_none_is_named_with_the_choices(tmp_path: Path) -> None:
    done = manage(tmp_path, "migrate", ENGINE_PRECISION="int4", **PRODUCTION)
    assert done.returncode == 2
    assert done.stderr == "ENGINE_PRECISION is one of fp32, bf16, not 'int4'.\n"


@pytest.mark.parametrize("name", ["VERIFY_THRESHOLD", "RECOGNIZE_THRESHOLD"])
@pytest.mark.parametrize("value", ["96", "2", "0", "-0.5"])
def test_a_threshold_that_is_no_distance_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = manage(tmp_path, "migrate", **{name: value}, **PRODUCTION)
    assert done.returncode == 2
    assert done.stderr == f"{name} is a distance between 0 and 2, as in 0.7.\n"


def test_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("is_behind", [True, False])
def test_headers_of_a_proxy_are_believed_where_there_is_one(
    tmp_path: Path, is_behind: bool
) -> None:
    proxy = {"BEHIND_PROXY": "on"} if is_behind else {}
    found = manage(tmp_path, "diffsettings", **proxy, **PRODUCTION).stdout.splitlines()
    header = "SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')"
    assert (header in found) == is_behind
    assert ("USE_X_FORWARDED_HOST = True" in found) == is_behind


def test_nobody_else_can_swap_static_files_whatever_the_umask(tmp_path: Path) -> None:
    usual = os.umask(0)
    try:
        done = manage(tmp_path, "collectstatic", "--no-input", **PRODUCTION)
    finally:
        os.umask(usual)
    assert done.returncode == 0, done.stderr
    made = [tmp_path / "static", *(tmp_path / "static").rglob("*")]
    assert len(made) > 10
    assert not any(path.stat().st_mode & 0o022 for path in made)


@pytest.mark.parametrize("value", ["-1", "40000"])
def test_days_that_are_none_are_named(tmp_path: Path, value: str) -> None:
    done = manage(tmp_path, "migrate", REJECTED_PHOTOS_KEPT_DAYS=value, **PRODUCTION)
    assert done.returncode == 2
    assert done.stderr.startswith("REJECTED_PHOTOS_KEPT_DAYS is a number of days from 0")


def test_photos_may_lie_where_other_machines_see_them(tmp_path: Path) -> None:
    shared = str(tmp_path / "shared")
    done = manage(tmp_path, "diffsettings", PHOTOS_DIR=shared, **PRODUCTION)
    assert f"PHOTOS_DIR = PosixPath('{shared}')" in done.stdout


def test_addresses_replace_the_embedded_services(tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s;"
        "print(s.DATABASES['default']['HOST'], s.CELERY['broker_url'])"
    )
    done = manage(
        tmp_path,
        "shell",
        "--no-imports",
        "--command",
        code,
        DATABASE_URL="postgres://u:p@db.example.org/face",
        CELERY_BROKER_URL="redis://queue.example.org",
        **PRODUCTION,
    )
    assert done.stdout.split() == ["db.example.org", "redis://queue.example.org"]
    assert not (tmp_path / "postgres").exists()
