"""Brokers other than the embedded one, for a site to run on: each the test's own, to be hurt."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

HERE = "127.0.0.1"
PATIENCE_S = 120


@dataclass
class Broker:
    """folder: all that it keeps. environment: all of its server's."""

    address: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    _server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        self.folder.mkdir(exist_ok=True)
        self._server = _start(self.command, self.environment)
        _wait_until(self._answers, self.command[0])

    def stop(self) -> None:
        """`kill -9`."""
        if self._server is not None:
            _kill(self._server)

    def kill(self) -> None:
        """`kill -9`, and started again."""
        self.stop()
        self.start()

    def empty(self) -> None:
        """Killed, and started again with nothing of what it had."""
        self.stop()
        shutil.rmtree(self.folder)
        self.start()

    def settings(self) -> dict[str, str]:
        """Of a site that runs on it."""
        prefix = f"test-{uuid.uuid4().hex[:8]}-"
        return {"CELERY_BROKER_URL": self.address, "QUEUE_PREFIX": prefix, "CACHE_URL": ""}

    def _answers(self) -> bool:
        with Connection(self.address, connect_timeout=2) as connection:
            try:
                connection.ensure_connection(max_retries=0, timeout=2)
            except (OperationalError, OSError):
                return False
        return True


@contextmanager
def redis_server(folder: Path) -> Iterator[Broker]:
    """With the persistence the documentation asks for."""
    program = shutil.which("redis-server")
    if program is None:
        _missing("needs redis-server on the PATH: apt-get install redis-server")
    (port,) = _free_ports(1)
    kept = folder / "redis"
    command = [program, "--port", str(port), "--bind", HERE, "--dir", str(kept),
               "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]  # fmt: skip
    with _running(Broker(f"redis://{HERE}:{port}/0", command, kept, os.environ)) as broker:
        yield broker


@contextmanager
def rabbitmq(folder: Path) -> Iterator[Broker]:
    """As it comes: nothing of what this machine's own one is set to or keeps is used."""
    # What Debian has on the PATH is a wrapper that changes the user first.
    program = shutil.which("rabbitmq-server", path=f"/usr/lib/rabbitmq/bin:{os.environ['PATH']}")
    epmd = shutil.which("epmd")
    if program is None or epmd is None:
        _missing("needs rabbitmq-server on the PATH: apt-get install rabbitmq-server")
    port, between_nodes, of_names = _free_ports(3)
    kept = folder / "rabbitmq"
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(kept),  # of the cookie
        "ERL_EPMD_PORT": str(of_names),
        "RABBITMQ_NODENAME": f"{kept.name}-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": HERE,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(between_nodes),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(kept / "mnesia"),
        "RABBITMQ_LOG_BASE": str(kept / "log"),
        "RABBITMQ_PID_FILE": str(kept / "pid"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(kept / "generated"),
        "RABBITMQ_SCHEMA_DIR": str(kept / "schema"),
        # There are none.
        "RABBITMQ_CONF_ENV_FILE": str(kept / "environment"),
        "RABBITMQ_CONFIG_FILE": str(kept / "settings"),
        "RABBITMQ_CONFIG_FILES": str(kept / "more-settings"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(kept / "advanced-settings"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(kept / "plugins"),
    }
    broker = Broker(f"amqp://guest:guest@{HERE}:{port}//", [program], kept, environment)
    # It looks up nodes there, and leaves one running for ever where none answers.
    with _names(epmd, of_names), _running(broker):
        yield broker


@contextmanager
def _names(epmd: str, port: int) -> Iterator[None]:
    server = _start([epmd, "-address", HERE, "-port", str(port)], os.environ)
    try:
        _wait_until(lambda: _listens(port), epmd)
        yield
    finally:
        _kill(server)


@contextmanager
def _running(broker: Broker) -> Iterator[Broker]:
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def _missing(what: str) -> NoReturn:
    if os.environ.get("REQUIRE_BROKERS"):
        pytest.fail(what)
    pytest.skip(what)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server((HERE, 0))) for _ in range(number)]
        return [server.getsockname()[1] for server in servers]


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HERE, port), timeout=2).close()
    except OSError:
        return False
    return True


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(server: subprocess.Popen[bytes]) -> None:
    """With all it has started: RabbitMQ begins as a script."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(PATIENCE_S)


def _wait_until(answers: Callable[[], bool], name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answers():
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} does not answer")
