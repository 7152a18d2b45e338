"""The processes one site consists of, and how each is started."""

import http.client
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from faceproject.supervisor.processes import Child

_PROMPT = 60  # seconds that the web server may take to answer first


class PortTaken(Exception):
    """Somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """Reserve the address, before anything else is started. Port 0 takes a free one."""
    try:
        return socket.create_server((host, port), backlog=256)
    except (OSError, OverflowError) as error:
        number: int = getattr(error, "errno", None) or 0  # below zero for unknown host names
        reason = os.strerror(number) if number > 0 else str(error)
        raise PortTaken(
            f"{host}:{port} cannot be used ({reason})."
            " Choose another port, for example: make run PORT=8001"
        ) from error


def children(listener: socket.socket) -> list[Child]:
    """The web server, the workers and the clock.

    A worker is one process that runs one task at a time ("solo"): killed with `kill -9` it
    leaves no orphan, and one bad photo takes down no other task. The clock is not inside a
    worker, since there it would outlive it.
    """
    return [_web(listener), *workers(settings.WORKER_PROCESSES), clock()]


def _child(name: str, module: str, *arguments: str, niceness: int = 0, fd: int = -1) -> Child:
    log = Path(settings.VAR_DIR, "logs", f"{name.replace(' ', '-')}.log")
    inherited = (fd,) if fd >= 0 else ()
    return Child(name, module, arguments, log, settings.BASE_DIR, niceness, inherited)


def _web(listener: socket.socket) -> Child:
    # It inherits the socket: while it restarts, visitors wait and are not refused.
    bind = f"fd://{listener.fileno()}"
    arguments = ("--config", "python:faceproject.gunicorn", "--bind", bind)
    return _child("web server", "gunicorn", *arguments, "faceproject.wsgi", fd=listener.fileno())


def workers(number: int, *, queues: Sequence[str] = (), prefix: str = "worker") -> list[Child]:
    """That many worker processes, which take from these queues, by default from all."""
    return [_worker(f"{prefix}{n}", queues or settings.QUEUES) for n in range(1, number + 1)]


def _worker(name: str, queues: Sequence[str]) -> Child:
    options = ("--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "INFO")
    return _child(
        re.sub(r"(?<=[a-z])(?=\d)", " ", name),
        "celery",
        *("-A", "faceproject", "worker", *options),
        *("--queues", ",".join(queues), "--hostname", f"{name}@%h"),
        niceness=5,  # a person at the door goes first
    )


def clock() -> Child:
    return _child("clock", "celery", "-A", "faceproject", "beat", "--loglevel", "INFO")


def wait_until_it_answers(listener: socket.socket) -> bool:
    """Whether the web server answers a request, with whatever status."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection(host, port, timeout=_PROMPT)
    try:
        connection.request("HEAD", "/", headers={"Host": settings.ALLOWED_HOSTS[0].lstrip(".*")})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
