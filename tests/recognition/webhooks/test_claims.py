"""Never two senders at once, nothing lost by a crash, and once more by hand."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from recognition import tasks, upkeep
from recognition.models import AttendanceEvent, WebhookDelivery, WebhookEndpoint
from recognition.webhooks import delivery as deliveries
from recognition.webhooks.delivery import BeingSent, EndpointOff, deliver, replay
from tests.recognition.webhooks.conftest import Receiver, send

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
