"""What HTTP costs: requests a second beside the same engine called in this process.

A web server of its own, as `make run` starts one, on the database of this process; several
clients post one photo again and again, each over one connection.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

import numpy as np

from people.images import decode
from recognition.engine import Engine

PATIENCE_S = 60
_DONE = (HTTPStatus.OK, HTTPStatus.CREATED)


@dataclass(frozen=True, slots=True)
class Speed:
    """clients at once; requests a second; milliseconds of half, 95 and 99 % of the answers."""

    clients: int
    in_process_rps: float
    http_rps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int

    @property
    def ratio(self) -> float:
        return self.http_rps / self.in_process_rps


@dataclass(frozen=True, slots=True)
class Pace:
    """How requests on a schedule were answered, and how many were answered with an error.

    Milliseconds from the moment each was due: of half and 95 % of the answers, and of the last one.
    """

    p50_ms: float
    p95_ms: float
    last_ms: float
    errors: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where and what to post: a multipart body with one photo."""

    port: int
    path: str
    key: str
    photo: bytes

    _BOUNDARY = "a-line-that-no-photo-holds"

    def request(self, *more: str) -> bytes:
        """All that is sent, head and body. more: lines of the head."""
        part = (
            f"--{self._BOUNDARY}\r\nContent-Disposition: form-data;"
            ' name="photo"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        body = part.encode() + self.photo + f"\r\n--{self._BOUNDARY}--\r\n".encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: multipart/form-data; boundary={self._BOUNDARY}\r\n"
            f"Content-Length: {len(body)}\r\n"
        )
        return "".join([head, *(f"{line}\r\n" for line in more), "\r\n"]).encode() + body


class _Line:
    """One connection that is kept, and no more work than a client must do: it shares the cores."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, request: bytes) -> int:
        """The status of the answer, which has been read whole."""
        self._socket.sendall(request)
        head, _, body = self._until(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if length is None:
            raise RuntimeError("the server did not say how long its answer is")
        missing = int(length[1]) - len(body)
        while missing > 0:
            missing -= len(self._received())
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()

    def _until(self, mark: bytes) -> tuple[bytes, bytes, bytes]:
        found = b""
        while mark not in found:
            found += self._received()
        return found.partition(mark)

    def _received(self) -> bytes:
        found = self._socket.recv(65536)
        if not found:
            raise RuntimeError("the server hung up")
        return found


@contextmanager
def web_server(log: Path, core: int | None = None, /, **environment: str) -> Iterator[int]:
    """Gunicorn with the site, ready to answer; gives its port.

    core: it runs on no other. environment: settings of its own.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        command = [sys.executable, "-m", "gunicorn", "--config", "python:faceproject.gunicorn"]
        bind = f"fd://{listener.fileno()}"
        server = subprocess.Popen(
            [*command, "--bind", bind, "faceproject.wsgi"],
            pass_fds=[listener.fileno()],
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            preexec_fn=None if core is None else partial(os.sched_setaffinity, 0, {core}),
        )
        try:
            yield listener.getsockname()[1]
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def measure(
    target: Target, engine: Engine, *, clients: Sequence[int], seconds: float, rounds: int
) -> list[Speed]:
    """Both in turns, `rounds` times for each number of clients; the median round counts."""
    _post_for(target, 1, seconds)  # networks loaded, pools filled
    _embed_for(engine, target.photo, 1, seconds)
    return [_measure(target, engine, count, seconds, rounds) for count in clients]


def _measure(target: Target, engine: Engine, clients: int, seconds: float, rounds: int) -> Speed:
    inside, outside, times, errors = [], [], [], 0
    for _ in range(rounds):
        inside.append(_embed_for(engine, target.photo, clients, seconds))
        took, failed = _post_for(target, clients, seconds)
        outside.append(len(took) / seconds)
        times += took
        errors += failed
    p50, p95, p99 = np.percentile(times, [50, 95, 99]) * 1000
    return Speed(
        clients, float(np.median(inside)), float(np.median(outside)), p50, p95, p99, errors
    )


def median_ms(targets: Sequence[Target], *, seconds: float, rounds: int) -> list[float]:
    """The median answer of each target, in turns, with one client."""
    times: list[list[float]] = [[] for _ in targets]
    for _ in range(rounds):
        for target, took in zip(targets, times, strict=True):
            answers, errors = _post_for(target, 1, seconds)
            if errors:
                raise RuntimeError(f"{target.path} answered with an error")
            took += answers
    return [float(np.median(took)) * 1000 for took in times]


def asking(target: Target) -> Callable[[], None]:
    """A function that posts the photo once and wants an answer."""
    request = target.request()

    def ask() -> None:
        status = _post_alone(target.port, request)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"{target.path} answered {status}")

    return ask


def at_a_pace(target: Target, *, every: float, count: int) -> Pace:
    """Post the photo so many times, each a capture of its own, one every so many seconds.

    On schedule, whether or not the last one has been answered: a server that is too slow for the
    pace is asked more and more at once, and the times grow.
    """
    began = time.perf_counter()

    def post(number: int) -> tuple[float, bool]:
        due = began + (1 + number) * every
        request = target.request(f"Idempotency-Key: {uuid.uuid4()}")
        time.sleep(max(0.0, due - time.perf_counter()))
        try:
            is_done = _post_alone(target.port, request) in _DONE
        except (OSError, RuntimeError):
            is_done = False
        return 1000 * (time.perf_counter() - due), is_done

    with ThreadPoolExecutor(count) as clients:
        answers = list(clients.map(post, range(count)))
    times = [took for took, _ in answers]
    p50, p95 = np.percentile(times, [50, 95])
    return Pace(float(p50), float(p95), times[-1], sum(not is_done for _, is_done in answers))


def _post_alone(port: int, request: bytes) -> int:
    """The status, over a connection of its own: one that rests for seconds is hung up."""
    line = _Line(port)
    try:
        return line.post(request)
    finally:
        line.close()


def _embed_for(engine: Engine, photo: bytes, threads: int, seconds: float) -> float:
    """Photos a second, photo bytes → vector, in this process."""
    done = _for(seconds, threads, lambda: bool(engine.probe(decode(photo).pixels)))
    return sum(map(len, done)) / seconds


def _post_for(target: Target, clients: int, seconds: float) -> tuple[list[float], int]:
    """How long each answer took, seconds, and how many were errors."""
    request = target.request()
    local, failed = threading.local(), []

    def post() -> bool:
        if not hasattr(local, "line"):
            local.line = _Line(target.port)
        status = local.line.post(request)
        if status not in _DONE:
            failed.append(status)
        return True

    done = _for(seconds, clients, post)
    return [took for times in done for took in times], len(failed)


def _for(seconds: float, threads: int, work: Callable[[], bool]) -> list[list[float]]:
    """Let each thread work again and again; the times of what ended in time, by thread."""
    done: list[list[float]] = [[] for _ in range(threads)]
    end = time.perf_counter() + seconds

    def loop(times: list[float]) -> None:
        while (started := time.perf_counter()) < end:
            work()
            if (now := time.perf_counter()) <= end:
                times.append(now - started)

    workers = [threading.Thread(target=loop, args=(times,)) for times in done]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return done
