"""What the web server answers before the site is asked, and what it hands on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from django.conf import settings

LIVE = "/api/v1/health/live"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server as the site has it, with nothing behind it: what is asked here needs nothing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "WEB_PROCESSES": "1",
        "PORT": str(number),
        "HOST": "127.0.0.1",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:faceproject.gunicorn"]
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, "faceproject.wsgi"],
            env=environment, cwd=settings.BASE_DIR, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        _wait_for(number, server, log)
        yield number
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(number: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            if ask(number, "GET", LIVE)[0] == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
    pytest.fail(f"no answer\n{log.read_text()}")


def ask(
    number: int, method: str, path: str, headers: dict[str, str] | None = None, **more: object
) -> tuple[int, str, dict[str, object]]:
    connection = HTTPConnection("127.0.0.1", number, timeout=20)
    try:
        connection.request(method, path, headers=headers or {}, **more)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], json.loads(answer.read())
    finally:
        connection.close()


def is_problem(answer: tuple[int, str, dict[str, object]], status: int, code: str) -> None:
    found, content_type, body = answer
    assert (found, content_type) == (status, "application/problem+json")
    assert (body["status"], body["code"]) == (status, code)
    assert set(body) == {"type", "title", "status", "code", "detail"}


def test_a_query_as_long_as_is_allowed_is_answered(port: int) -> None:
    path = f"{LIVE}?x={'x' * 8000}"
    assert ask(port, "GET", path)[0] == 200


def test_an_address_that_is_too_long_is_a_problem(port: int) -> None:
    is_problem(ask(port, "GET", f"{LIVE}?x={'x' * 9000}"), 414, "address_too_long")


def test_a_header_that_is_too_long_is_a_problem(port: int) -> None:
    is_problem(ask(port, "GET", LIVE, {"X-Long": "x" * 9000}), 431, "headers_too_large")


def test_too_many_headers_are_a_problem(port: int) -> None:
    many = {f"X-{number}": "x" for number in range(120)}
    is_problem(ask(port, "GET", LIVE, many), 431, "headers_too_large")


@pytest.mark.parametrize("line", ["GET / HTTP/9.9", "<script> / HTTP/1.1", "GET", "\x16\x03\x01"])
def test_what_is_no_request_is_a_problem_and_is_not_repeated(port: int, line: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{line}\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(body)["code"] == "malformed"
    assert b"script" not in answer


@pytest.mark.parametrize("path", ["/api/v1/recognize/", "/api/v1/attendance/days.csv", LIVE])
def test_a_body_in_chunks_is_refused_and_not_read_as_an_empty_one(port: int, path: str) -> None:
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    body = iter([b'{"photo": ', b'"aGk="}'])
    answer = ask(port, "POST", path, headers, body=body, encode_chunked=True)
    is_problem(answer, 411, "length_required")
