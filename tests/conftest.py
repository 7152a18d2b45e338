"""One temporary VAR_DIR, with a Postgres and a Valkey of its own, for the whole test session."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import django
import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

pytest_plugins = ["tests.fixtures", "tests.networks", "tests.pages"]

_ROOT = Path(__file__).resolve().parent.parent
# Set when a controller of pytest-xdist has made the folder for its workers.
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
# Tables that nobody may empty, and what keeps them from it.
NO_TRUNCATE = {
    "recognition_attempt": "recognition_attempt_no_truncate",
    "recognition_attendanceevent": "recognition_attendance_no_truncate",
}


def _prepare_environment() -> None:
    """Before Django reads its settings: tests never see the data of the checkout."""
    if not _IS_WORKER:
        # The networks are large: those that `make setup` fetched serve the tests too.
        fetched = Path(os.environ.get("VAR_DIR") or _ROOT / "var") / "models"
        models = os.environ.get("MODELS_DIR") or fetched
        os.environ["MODELS_DIR"] = str(Path(models).resolve())
        var_dir = Path(tempfile.mkdtemp(prefix="face-tests-"))
        var_dir.chmod(0o711)
        os.environ["VAR_DIR"] = str(var_dir)
        # At exit: pytest may stop before any of its hooks runs.
        atexit.register(shutil.rmtree, var_dir, ignore_errors=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="faceproject.settings",
        SECRET_KEY="only-for-tests",
        ALLOWED_HOSTS="localhost,127.0.0.1",
        HTTPS="off",
        DEBUG="off",
        # Tests of it turn it on.
        FACE_LOGIN_STAFF_MUST_ENROL="off",
        # Whether somebody has fetched the networks against pictures changes no test.
        LIVENESS_PAD="off",
    )


_prepare_environment()
django.setup()  # the fixtures import models
if _IS_WORKER:
    # What one worker counts, or clears, is none of the others'.
    _own = 2 + int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    _shared = settings.CACHES["default"]
    _shared["LOCATION"] = _shared["LOCATION"].replace("?db=1", f"?db={_own}")
_running = ExitStack()


def pytest_configure() -> None:
    from faceproject.services import running_services

    # Each worker of pytest-xdist shares the servers its controller started.
    _running.enter_context(running_services())


def pytest_unconfigure() -> None:
    _running.close()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """pytest-django makes no database unless some test is marked; fixtures here need one, too.

    Tests with transactions of their own are followed by a flush, which is a TRUNCATE.
    """
    from django.db import DEFAULT_DB_ALIAS, connection
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        before = setup_databases(verbosity=0, interactive=False, aliases={DEFAULT_DB_ALIAS: None})
        with connection.cursor() as cursor:
            for table, trigger in NO_TRUNCATE.items():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    yield
    with django_db_blocker.unblock():
        teardown_databases(before, verbosity=0)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """The folder of a data set that lies beside the checkout; without it the test is skipped."""
    folder = Path(os.environ.get("SHARED_DATA") or _ROOT.parent / "shared" / "data")

    def find(name: str) -> Path:
        found = folder / name
        if not found.exists():
            pytest.skip(f"needs the data set {name} in {folder} (SHARED_DATA changes the folder)")
        return found

    return find
