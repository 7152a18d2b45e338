"""Brokers other than the embedded one, for a site to run on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from kombu import Connection, Queue
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
PATIENCE_S = 20


@dataclass
class Broker:
    """settings: of a site that runs on it. kill: `kill -9`, and start it again."""

    settings: dict[str, str]
    kill: Callable[[], None] | None = None


def _missing(what: str) -> NoReturn:
    if os.environ.get("REQUIRE_BROKERS"):
        pytest.fail(what)
    pytest.skip(what)


def _settings(address: str) -> dict[str, str]:
    prefix = f"test-{uuid.uuid4().hex[:8]}-"
    return {"CELERY_BROKER_URL": address, "QUEUE_PREFIX": prefix, "CACHE_URL": ""}


@contextmanager
def redis_server(folder: Path) -> Iterator[Broker]:
    """A Redis of one's own, with the persistence the documentation asks for."""
    program = shutil.which("redis-server")
    if program is None:
        _missing("needs redis-server on the PATH: apt-get install redis-server")
    port = _free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
               "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]  # fmt: skip
    running = [_start(command, port)]

    def kill() -> None:
        _kill(running.pop())
        running.append(_start(command, port))

    try:
        yield Broker(_settings(f"redis://127.0.0.1:{port}/0"), kill)
    finally:
        _kill(running.pop())


@contextmanager
def rabbitmq(_folder: Path) -> Iterator[Broker]:
    """The one of this machine, with queues of one's own there. Others may be using it, so that it
    is not killed."""
    connection = Connection(RABBITMQ, connect_timeout=2)
    try:
        connection.ensure_connection(max_retries=0, timeout=2)
    except (OperationalError, OSError):
        _missing(f"no RabbitMQ answers at {RABBITMQ.rpartition('@')[2]}")
    broker = Broker(_settings(RABBITMQ))
    yield broker
    for name in ("celery", "reembedding"):
        Queue(broker.settings["QUEUE_PREFIX"] + name, channel=connection.default_channel).delete()
    connection.release()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _start(command: list[str], port: int) -> subprocess.Popen[bytes]:
    """Return when it answers."""
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    with Redis(port=port) as client:
        while time.monotonic() < deadline:
            try:
                client.ping()
            except RedisError:
                time.sleep(0.05)
            else:
                return started
    _kill(started)
    raise AssertionError("redis-server does not answer")


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(PATIENCE_S)
