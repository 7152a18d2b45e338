import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from faceproject.embedded.postgres import Postgres
from faceproject.supervisor import __main__ as supervisor
from tests.faceproject.conftest import ROOT, Services

_PATIENCE = 60  # seconds


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended since it was listed
        return ""


@dataclass
class Site:
    """What `make run` runs, in a VAR_DIR of its own."""

    var_dir: Path
    process: "subprocess.Popen[str]"
    said: str = ""

    def status(self, path: str) -> int:
        url = urlsplit(self.said[self.said.index("http://") :].split()[0])
        assert url.hostname is not None
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=_PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def running(self, what: str) -> list[psutil.Process]:
        """Its processes whose command line names `what`."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in family if what in command_of(process)]

    def stop(self) -> int:
        """Ctrl-C; the status it ends with."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=_PATIENCE)
        assert psutil.wait_procs(family, timeout=5)[1] == []
        return self.process.returncode


def start(var_dir: Path, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "faceproject.supervisor"],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(var_dir), "PORT": "0", "DEMO": "off", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_site(var_dir: Path, **environment: str) -> Site:
    site = Site(var_dir, start(var_dir, **environment))
    assert site.process.stdout is not None
    for line in site.process.stdout:
        site.said += line
        if line.startswith("Ctrl-C"):
            return site
    site.process.kill()
    raise AssertionError(site.said + site.process.communicate()[1])


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def var_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="face-site-"))
    yield folder
    Services(folder).kill()
    shutil.rmtree(folder)


@pytest.fixture
def site(var_dir: Path) -> Iterator[Site]:
    site = start_site(var_dir, ADMIN_PASSWORD="a long password")
    yield site
    if site.process.poll() is None:
        site.stop()


def test_the_site_answers_and_ctrl_c_leaves_no_process(site: Site) -> None:
    assert site.status("/admin/login/") == 200
    assert site.running("celery -A faceproject worker")
    assert site.stop() == 0
    assert not Postgres(site.var_dir).running()


def test_a_signal_at_a_moment_that_loses_it_stops_the_site_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Collected:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    class Busy:
        def healthy(self) -> bool:
            Collected()
            return True

    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: lost.append(fault.exc_type))
    monkeypatch.setattr(supervisor, "_asked_to_stop", threading.Event())
    before = {signum: signal.getsignal(signum) for signum in supervisor.SIGNALS}
    try:
        signal.signal(signal.SIGTERM, supervisor._interrupt)
        supervisor.watch([], Busy())  # type: ignore[arg-type]
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    assert lost == [KeyboardInterrupt]


def test_whatever_is_killed_comes_back(site: Site) -> None:
    for what in ("faceproject worker", "faceproject beat", "gunicorn", "bin/postgres", "-server"):
        killed = site.running(what)
        assert killed, what
        for process in killed:
            process.kill()
        psutil.wait_procs(killed, timeout=5)
        eventually(partial(site.running, what))
    eventually(lambda: site.status("/admin/login/") == 200)


def test_a_killed_supervisor_leaves_no_site_and_the_next_one_starts(site: Site) -> None:
    family = site.running("faceproject")
    site.process.kill()
    site.process.communicate()
    assert psutil.wait_procs(family, timeout=20)[1] == []
    again = start_site(site.var_dir)
    assert again.status("/admin/login/") == 200
    assert again.stop() == 0


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="face-site-"))
    yield folder
    Services(folder).kill()
    shutil.rmtree(folder)


def test_a_random_password_is_said_once(empty_dir: Path) -> None:
    first = start_site(empty_dir)
    first.stop()
    second = start_site(empty_dir)
    second.stop()
    assert "password" in first.said
    assert "password" not in second.said


def test_a_taken_port_stops_it_before_anything_starts(empty_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start(empty_dir, PORT=port)
        said, complaint = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert said == ""
    assert port in complaint
    assert len(complaint.splitlines()) == 1
    assert list(empty_dir.iterdir()) == []


def test_a_database_that_is_not_there_is_one_sentence(empty_dir: Path) -> None:
    nowhere = "postgres://somebody:secret@127.0.0.1:1/nothing"
    process = start(empty_dir, PORT="0", DATABASE_URL=nowhere)
    _said, complaint = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert complaint.splitlines()[-1].startswith("The database does not answer")
    assert "Traceback" not in complaint
    assert "secret" not in complaint


@pytest.mark.django_db
@pytest.mark.parametrize("must_enrol", [True, False])
def test_whoever_starts_it_first_is_told_what_the_first_log_in_is(
    settings: Settings, must_enrol: bool
) -> None:
    settings.FACE_LOGIN_STAFF_MUST_ENROL = must_enrol
    User.objects.create_superuser("admin")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = supervisor.banner(listener, "user admin, password x")
        again = supervisor.banner(listener, None)
    assert ("FACE_LOGIN_STAFF_MUST_ENROL=off make run" in first) == must_enrol
    assert "FACE_LOGIN_STAFF_MUST_ENROL" not in again
