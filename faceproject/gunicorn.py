"""Gunicorn's settings: few processes with threads, since each process holds the networks."""

import ctypes
import json
import logging
import os
import socket
import threading
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from gunicorn import util
from gunicorn.workers.base import Worker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")

bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WEB_PROCESSES
worker_class = "gthread"
threads = settings.WEB_THREADS
timeout = 60
graceful_timeout = 5
keepalive = 5
# The most that gunicorn allows: the cursor of a list may hold a long name.
limit_request_line = 8190  # bytes
limit_request_field_size = 8190  # bytes
accesslog = "-"
# Without the query and the referrer: an address may carry a name.
access_log_format = '%(t)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
control_socket_disable = True
if Path("/dev/shm").is_dir():  # noqa: S108
    # Heartbeats in memory: a slow disk is no reason to kill a worker.
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def _keep_memory() -> None:
    """Let glibc keep what a request has used for the next one.

    By default each thread has a heap of its own, and gives back the megabytes of a picture as soon
    as it is done with it; to get them again costs a request more than the database does.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library has none
    if mallopt is not None:
        for option, value in _MALLOC.items():
            mallopt(option, value)


# M_ARENA_MAX, M_MMAP_THRESHOLD (its largest value), M_TRIM_THRESHOLD: see mallopt(3).
_MALLOC = {-8: 1, -3: 32 * 1024 * 1024, -1: 128 * 1024 * 1024}
_keep_memory()


def _write_problem(sock: socket.socket, status: int, _reason: str, _more: str) -> None:
    """What gunicorn answers before there is a request: it is HTML of gunicorn's own.

    Whatever the address was to be, for it may be what cannot be read. Nothing of it is repeated.
    """
    phrase = HTTPStatus(status).phrase
    problem = {
        "type": "about:blank",
        "title": phrase,
        "status": status,
        "code": _CODES.get(status, "malformed"),
        "detail": _SENTENCES.get(status, "The request is malformed."),
    }
    body = json.dumps(problem)
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, (head + body).encode("ascii"))


_CODES = {414: "address_too_long", 431: "headers_too_large", 500: "server_error"}
_SENTENCES = {
    414: "The address with its query is too long. Ask for less.",
    431: "A header of the request is too long, or there are too many.",
    500: "Something went wrong here. It is noted.",
}
util.write_error = _write_problem


def post_worker_init(worker: Worker) -> None:
    """Load the networks beside the first requests, not before them and not inside one."""
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    from django.db import connection

    from people.errors import Refusal
    from recognition.runtime import warm_up

    try:
        warm_up()
    except (Refusal, OSError) as error:
        logging.getLogger(__name__).warning("The networks were not loaded ahead: %s", error)
    finally:
        connection.close()
