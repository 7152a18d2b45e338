"""What arrives at a receiver, and what follows from its answer."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from people import services as people
from people.models import Person
from recognition import tasks
from recognition.attendance import corrections
from recognition.models import AttendanceEvent, WebhookDelivery, WebhookEndpoint
from recognition.webhooks import delivery as deliveries
from recognition.webhooks import posting
from recognition.webhooks.endpoints import NewSecret
from tests.recognition.webhooks.conftest import Receiver, send


def test_the_message_is_signed_and_says_what_happened(
    issued: NewSecret,
    receiver: Receiver,
    delivery: WebhookDelivery,
    event: AttendanceEvent,
    ann: Person,
) -> None:
    send(delivery)
    [(path, headers, body)] = receiver.requests
    assert path == "/hook?tenant=1"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["webhook-id"] == str(delivery.public_id)
    assert headers["content-type"] == "application/json"
    message = Webhook(issued.secret).verify(body, headers)
    assert message["type"] == "attendance.corrected"
    assert message["timestamp"].endswith("Z")
    assert message["data"] | {"occurred_at": ""} == {
        "id": str(event.public_id),
        "person": str(ann.public_id),
        "staff_number": "7",
        "direction": "in",
        "occurred_at": "",
        "device": None,
        "is_late_arriving": False,
        "replaces": None,
        "is_void": False,
    }


def test_a_changed_body_does_not_verify(
    issued: NewSecret, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    send(delivery)
    [(_path, headers, body)] = receiver.requests
    with pytest.raises(WebhookVerificationError):
        Webhook(issued.secret).verify(body.replace(b'"in"', b'"out"'), headers)


def test_a_correction_names_what_it_replaces(
    receiver: Receiver, delivery: WebhookDelivery, event: AttendanceEvent, boss: User
) -> None:
    gone = corrections.void(event=event, reason="Was ill with something private", by=boss)
    send(gone.deliveries.get())
    [(_path, _headers, body)] = receiver.requests
    data = json.loads(body)["data"]
    assert (data["replaces"], data["is_void"]) == (str(event.public_id), True)
    assert b"private" not in body


def test_neither_message_nor_logs_hold_a_name(
    receiver: Receiver,
    issued: NewSecret,
    delivery: WebhookDelivery,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    send(delivery)
    [(_path, _headers, body)] = receiver.requests
    assert b"Secretperson" not in body
    assert "Secretperson" not in caplog.text
    assert issued.secret not in caplog.text


def test_of_an_erased_person_nothing_is_told_any_more(
    receiver: Receiver, delivery: WebhookDelivery, ann: Person
) -> None:
    people.erase(person=ann)
    send(delivery)
    [(_path, _headers, body)] = receiver.requests
    data = json.loads(body)["data"]
    assert (data["person"], data["staff_number"]) == (None, None)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_is_delivered(receiver: Receiver, delivery: WebhookDelivery, status: int) -> None:
    receiver.status = status
    done = send(delivery)
    assert (done.state, done.tries, done.last_status) == ("delivered", 1, status)
    assert done.last_error == ""
    assert done.delivered_at is not None
    assert done.next_try_at is None


def test_what_is_delivered_is_not_sent_again(receiver: Receiver, delivery: WebhookDelivery) -> None:
    for _ in range(3):
        send(delivery)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again_under_the_same_id(
    receiver: Receiver, delivery: WebhookDelivery, issued: NewSecret, status: int
) -> None:
    receiver.status = status
    waiting = send(delivery)
    assert (waiting.state, waiting.last_error) == ("pending", f"http_{status}")
    receiver.status = 200
    assert send(delivery).state == "delivered"
    (_, first, body), (_, second, again) = receiver.requests
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again
    Webhook(issued.secret).verify(again, second)


def test_the_waits_follow_the_schedule_and_then_it_has_failed(
    receiver: Receiver, delivery: WebhookDelivery
) -> None:
    receiver.status = 500
    for wait in deliveries.RETRY_AFTER:
        before = timezone.now()
        tried = send(delivery)
        assert tried.state == "pending"
        assert tried.next_try_at is not None
        assert 0.89 < (tried.next_try_at - before) / wait < 1.11 + 10 / wait.total_seconds()
    last = send(delivery)
    assert (last.state, last.tries, last.next_try_at) == ("failed", 10, None)
    send(delivery)
    assert len(receiver.requests) == 10


def test_the_first_retry_does_not_wait_for_the_sweep(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(
        tasks.deliver, "apply_async", lambda _args, countdown, **_options: waits.append(countdown)
    )
    receiver.status = 500
    send(delivery)
    send(delivery)
    assert len(waits) == 1
    assert 4 < waits[0] < 6


def test_gone_turns_the_endpoint_off(receiver: Receiver, delivery: WebhookDelivery) -> None:
    receiver.status = 410
    done = send(delivery)
    assert (done.state, done.last_status) == ("failed", 410)
    assert not WebhookEndpoint.objects.get().is_active


def test_a_redirect_is_not_followed(receiver: Receiver, delivery: WebhookDelivery) -> None:
    receiver.status = 307
    receiver.extra = {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    assert send(delivery).last_error == "http_307"
    assert [path for path, _headers, _body in receiver.requests] == ["/hook?tenant=1"]


def test_who_does_not_answer_is_a_timeout(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "READ_S", 0.2)
    done = threading.Event()
    receiver.handle = lambda _request: (done.wait(5), None)[1]
    try:
        waiting = send(delivery)
    finally:
        done.set()
    assert (waiting.state, waiting.last_error, waiting.last_status) == ("pending", "timeout", None)


def test_who_answers_byte_by_byte_is_a_timeout_too(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "WHOLE_S", 0.4)
    done = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        while not done.wait(0.05):
            request.wfile.write(b"x")

    receiver.handle = drip
    try:
        assert send(delivery).last_error == "timeout"
    finally:
        done.set()


def test_a_body_without_end_is_not_read(receiver: Receiver, delivery: WebhookDelivery) -> None:
    written = 0

    def pour(request: BaseHTTPRequestHandler) -> None:
        nonlocal written
        request.send_response(200)
        request.end_headers()
        while written < 2**30:
            written += request.wfile.write(b"x" * 65536)

    receiver.handle = pour
    assert send(delivery).state == "delivered"
    assert written < 2**28  # the sender hung up


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-something\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_tried_again(
    receiver: Receiver, delivery: WebhookDelivery, answer: bytes
) -> None:
    receiver.handle = lambda request: (request.wfile.write(answer), None)[1]
    waiting = send(delivery)
    assert (waiting.state, waiting.last_error) == ("pending", "connection_failed")


def test_nobody_listening_is_tried_again(receiver: Receiver, delivery: WebhookDelivery) -> None:
    WebhookEndpoint.objects.update(url="http://127.0.0.1:1/")
    assert send(delivery).last_error == "connection_failed"


def test_with_a_lost_secret_key_nothing_is_sent_unsigned(
    receiver: Receiver, delivery: WebhookDelivery, settings: Settings
) -> None:
    settings.SECRET_KEY = "another"
    assert send(delivery).last_error == "secret_unreadable"
    assert receiver.requests == []
