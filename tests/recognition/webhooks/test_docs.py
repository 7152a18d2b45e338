"""The receivers of docs/webhooks.md, as they stand there."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recognition.models import WebhookDelivery, WebhookEndpoint
from recognition.webhooks.delivery import RETRY_AFTER
from recognition.webhooks.endpoints import NewSecret, renew_secret
from tests.recognition.webhooks.conftest import Receiver, send

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "webhooks.md").read_text()
SERVER, BY_HAND = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)


@pytest.fixture
def documented(issued: NewSecret, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The documented receiver, told where its secret is, and the endpoint told where it is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "receiver.py").write_text(SERVER)
    environment = {**os.environ, "WEBHOOK_SECRET": issued.secret, "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-u", "receiver.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        wait_for(port)
        WebhookEndpoint.objects.update(url=f"http://127.0.0.1:{port}/hook")
        yield process
        process.kill()


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the receiver does not listen")


def test_the_documented_receiver_works_once_on_what_it_is_sent_twice(
    documented: subprocess.Popen[str], delivery: WebhookDelivery
) -> None:
    for _ in range(2):
        WebhookDelivery.objects.update(state="pending")
        assert send(delivery).last_status == 204
    documented.kill()
    assert documented.stdout is not None
    lines = documented.stdout.read().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("attendance.corrected 7 in ")


def test_the_documented_receiver_refuses_another_secret(
    documented: subprocess.Popen[str], delivery: WebhookDelivery, issued: NewSecret
) -> None:
    renew_secret(endpoint=issued.endpoint, keep_old=False)
    assert send(delivery).last_status == 401


def test_the_documented_check_by_hand_is_right(
    issued: NewSecret, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    documented: dict[str, Any] = {}
    exec(BY_HAND, documented)  # noqa: S102  our own documentation
    is_genuine = documented["is_genuine"]
    renewed = renew_secret(endpoint=issued.endpoint)
    send(delivery)
    [(_path, headers, body)] = receiver.requests
    assert is_genuine(issued.secret, headers, body)
    assert is_genuine(renewed.secret, headers, body)
    assert not is_genuine(renewed.secret, headers, body + b" ")
    assert not is_genuine(renewed.secret, {**headers, "webhook-timestamp": "1793692801"}, body)


def test_the_documented_schedule_is_the_one_that_is_used() -> None:
    unit = {"s": 1, "min": 60, "h": 3600}
    sentence = re.search(r"Tried again after about (.*?) \(each", DOCS, re.DOTALL)
    assert sentence is not None
    found = re.findall(r"(\d+) (s|min|h)\b", sentence[1])
    assert [int(number) * unit[name] for number, name in found] == [
        wait.total_seconds() for wait in RETRY_AFTER
    ]
