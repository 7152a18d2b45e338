"""What arrives at a receiver, and what follows from its answer."""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from standardwebhooks import Webhook, WebhookVerificationError

from people import services as people
from people.models import Person
from recognition import tasks, upkeep
from recognition.attendance import corrections
from recognition.models import AttendanceEvent, WebhookDelivery, WebhookEndpoint
from recognition.webhooks import delivery as deliveries
from recognition.webhooks import posting
from recognition.webhooks.delivery import BeingSent, EndpointOff, deliver, replay
from recognition.webhooks.endpoints import NewSecret
from tests.recognition.webhooks.conftest import Receiver


def make_due(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        next_try_at=timezone.now(), claimed_until=None
    )


def send(delivery: WebhookDelivery) -> WebhookDelivery:
    """As when its time has come."""
    make_due(delivery)
    deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


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


# --- At once, and after a crash -------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_deliverers_one_sends(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Barrier(4)
    real = WebhookDelivery.save

    def slow(self: WebhookDelivery, **options: Any) -> None:
        """Time enough for the others to read the row before this one has claimed it."""
        time.sleep(0.3)
        real(self, **options)

    monkeypatch.setattr(WebhookDelivery, "save", slow)

    def work() -> None:
        try:
            start.wait()
            deliver(delivery_id=delivery.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.requests) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("delivered", 1)


def test_who_was_killed_while_sending_is_followed_after_the_claim(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_delivery: WebhookDelivery) -> None:
        raise SystemExit("kill -9")

    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "_send", die)
        with pytest.raises(SystemExit):
            deliver(delivery_id=delivery.pk)
    deliver(delivery_id=delivery.pk)
    assert receiver.requests == []  # it may still be at it
    delivery.refresh_from_db()
    assert delivery.state == "pending"
    send(delivery)
    assert [headers["webhook-id"] for _path, headers, _body in receiver.requests] == [
        str(delivery.public_id)
    ]


def test_who_comes_after_its_claim_changes_nothing(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deliveries._send

    def overtaken(mine: WebhookDelivery) -> deliveries.Outcome:
        monkeypatch.setattr(deliveries, "_send", real)
        send(delivery)
        return deliveries.Outcome(error="timeout")

    monkeypatch.setattr(deliveries, "_send", overtaken)
    deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("delivered", "")


def test_the_task_delivers(receiver: Receiver, delivery: WebhookDelivery) -> None:
    tasks.deliver(delivery.pk)
    tasks.deliver(delivery.pk)
    tasks.deliver(0)
    assert len(receiver.requests) == 1


# --- Again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["delivered", "failed", "pending"])
def test_a_replay_sends_the_same_message_under_the_same_id(
    receiver: Receiver,
    delivery: WebhookDelivery,
    state: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send(delivery)
    later = timezone.now() + timedelta(hours=9) if state == "pending" else None
    WebhookDelivery.objects.update(state=state, tries=5, next_try_at=later)
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda args, **_options: tasks.deliver(*args))
    with django_capture_on_commit_callbacks(execute=True):
        replay(delivery=delivery)
    (_, first, body), (_, second, again) = receiver.requests
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("delivered", 1)


def test_a_replay_is_refused_while_it_is_being_sent(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.update(claimed_until=timezone.now() + timedelta(seconds=60))
    with pytest.raises(BeingSent):
        replay(delivery=delivery)


def test_a_replay_is_refused_when_the_endpoint_is_off(delivery: WebhookDelivery) -> None:
    WebhookEndpoint.objects.update(is_active=False)
    with pytest.raises(EndpointOff):
        replay(delivery=delivery)


def test_old_deliveries_go_but_pending_ones_stay(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=100))
    upkeep.tidy()
    assert WebhookDelivery.objects.exists()
    WebhookDelivery.objects.update(state="delivered")
    upkeep.tidy()
    assert not WebhookDelivery.objects.exists()
    assert AttendanceEvent.objects.exists()


# --- Silence --------------------------------------------------------------------------------


@pytest.fixture
def dead(delivery: WebhookDelivery, receiver: Receiver) -> WebhookEndpoint:
    """Nobody listens there, and this was noticed."""
    WebhookEndpoint.objects.update(url="http://127.0.0.1:1/")
    send(delivery)
    return WebhookEndpoint.objects.get()


def silent_for(**age: float) -> None:
    """As if silent that long, and tried again just now."""
    WebhookEndpoint.objects.update(silent_since=timezone.now() - timedelta(**age), rests_until=None)


def rest() -> timedelta:
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.rests_until is not None
    return endpoint.rests_until - timezone.now()


def test_who_does_not_answer_rests_and_nothing_is_due_meanwhile(
    dead: WebhookEndpoint, delivery: WebhookDelivery, receiver: Receiver
) -> None:
    assert timedelta(seconds=3) < rest() <= timedelta(seconds=5)
    WebhookEndpoint.objects.update(url=receiver.url)
    assert send(delivery).tries == 1
    assert deliveries.due_ids() == []
    WebhookEndpoint.objects.update(rests_until=timezone.now())
    assert deliveries.due_ids() == [delivery.pk]
    assert send(delivery).state == "delivered"
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.silent_since, endpoint.rests_until) == (None, None)


def test_the_longer_the_silence_the_longer_the_rest(
    dead: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    silent_for(minutes=8)
    send(delivery)
    assert timedelta(seconds=110) < rest() < timedelta(seconds=122)
    silent_for(days=1)
    send(delivery)
    assert timedelta(minutes=9) < rest() <= timedelta(minutes=10)
    assert WebhookEndpoint.objects.get().is_active


def test_who_is_silent_for_days_is_turned_off(
    dead: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    silent_for(days=5, minutes=1)
    send(delivery)
    assert not WebhookEndpoint.objects.get().is_active


def test_who_answers_that_it_fails_does_not_rest(
    receiver: Receiver, delivery: WebhookDelivery
) -> None:
    receiver.status = 500
    send(delivery)
    assert WebhookEndpoint.objects.get().rests_until is None


def test_a_replay_does_not_wait_for_the_rest(
    dead: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    replay(delivery=delivery)
    assert deliveries.due_ids() == [delivery.pk]
