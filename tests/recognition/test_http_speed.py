"""Requests at a fixed pace; how fast a server answers them is not asserted anywhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recognition.evaluation.bench_http import kiosk_row
from recognition.evaluation.http_speed import Pace, Target, at_a_pace

EVERY, SLOW = 0.05, 0.3  # seconds


class Server(ThreadingHTTPServer):
    """Answers 201, after `pause` seconds; `asked`: when, and under which key."""

    daemon_threads = True

    def __init__(self, pause: float) -> None:
        self.pause, self.status = pause, 201
        self.asked: list[tuple[float, str | None]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.asked.append((time.monotonic(), self.headers["Idempotency-Key"]))
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.pause)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(SLOW) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def target(server: Server) -> Target:
    return Target(server.server_port, "/", "key", b"a photo")


def test_a_capture_is_sent_when_it_is_due_though_the_last_is_not_answered(
    server: Server, target: Target
) -> None:
    pace = at_a_pace(target, every=EVERY, count=4)
    moments = sorted(moment for moment, _ in server.asked)
    assert moments[-1] - moments[0] < SLOW
    assert moments[-1] - moments[0] > 2 * EVERY
    assert pace.errors == 0
    assert min(pace.p50_ms, pace.last_ms) >= 1000 * SLOW


def test_each_capture_has_a_key_of_its_own(server: Server, target: Target) -> None:
    server.pause = 0
    at_a_pace(target, every=EVERY, count=3)
    assert len({key for _, key in server.asked} - {None}) == 3


def test_refusals_and_a_server_that_is_gone_are_errors(server: Server, target: Target) -> None:
    server.pause, server.status = 0, 422
    assert at_a_pace(target, every=EVERY, count=2).errors == 2
    server.shutdown()
    server.server_close()
    assert at_a_pace(target, every=EVERY, count=2).errors == 2


IN_TIME = Pace(p50_ms=90, p95_ms=125, last_ms=100, errors=0)


@pytest.mark.parametrize(
    ("pace", "is_met"),
    [
        (IN_TIME, True),
        (Pace(p50_ms=90, p95_ms=501, last_ms=100, errors=0), False),
        (Pace(p50_ms=90, p95_ms=125, last_ms=501, errors=0), False),
        (Pace(p50_ms=90, p95_ms=125, last_ms=100, errors=1), False),
    ],
    ids=["in time", "p95 late", "the last one late", "an error"],
)
def test_a_kiosk_is_answered_in_time_or_the_row_is_missed(pace: Pace, is_met: bool) -> None:
    assert kiosk_row(pace).is_met is is_met


def test_the_row_of_a_kiosk_says_how_often_the_answer_fits_between_two_frames() -> None:
    row = kiosk_row(IN_TIME)
    assert (row.ours, row.theirs, row.ratio, row.least) == (125, 500, 4, 1)
