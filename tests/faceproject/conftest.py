"""Services of their own for the tests that start, kill and stop them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from faceproject.embedded import addresses, lease
from faceproject.embedded.postgres import Postgres
from faceproject.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Services:
    """The services of one VAR_DIR, seen from outside."""

    var_dir: Path

    def sql(self, statement: str, parameters: Sequence[object] = ()) -> list[Any]:
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def connect(self, user: str = "face", password: str = "") -> "psycopg.Connection[Any]":
        secret = addresses.password_file(self.var_dir)
        host = str(addresses.socket_dir(self.var_dir))
        return psycopg.connect(
            host=host, user=user, dbname="face", passfile=str(secret), password=password or None
        )

    def broker(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(addresses.valkey_socket(self.var_dir)))

    def up(self) -> tuple[bool, bool]:
        return Postgres(self.var_dir).running(), Valkey(self.var_dir).running()

    def pids(self) -> list[int]:
        """Every process of the two servers."""
        mark = os.fsencode(self.var_dir)
        return [
            int(process.name)
            for process in Path("/proc").iterdir()
            if process.name.isdigit() and _is_server(process, mark)
        ]

    def kill(self) -> None:
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)

    def holder(self) -> "subprocess.Popen[str]":
        """Another process with a lease; it ends with its standard input."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faceproject.holder", str(self.var_dir)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def _is_server(process: Path, mark: bytes) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return mark in command and (b"bin/postgres" in command or b"-server" in command)


def wait_ready(holder: "subprocess.Popen[str]") -> None:
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"


def finish(holder: "subprocess.Popen[str]") -> None:
    holder.communicate(timeout=60)


@pytest.fixture(scope="session")
def _made_once() -> Iterator[Services]:
    """Making a database takes seconds: the tests share one, each starting with it stopped."""
    found = Services(Path(tempfile.mkdtemp(prefix="face-services-")))
    with lease.hold(found.var_dir):
        pass
    yield found
    shutil.rmtree(found.var_dir)


@pytest.fixture
def services(_made_once: Services) -> Iterator[Services]:
    yield _made_once
    _made_once.kill()


@pytest.fixture
def empty() -> Iterator[Services]:
    """A VAR_DIR that nothing was ever started in."""
    folder = Path(tempfile.mkdtemp(prefix="face-empty-"))
    found = Services(folder)
    yield found
    found.kill()
    shutil.rmtree(folder)
