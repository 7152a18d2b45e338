"""Endpoints that do not answer rest, and in the end are turned off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from recognition.models import WebhookDelivery, WebhookEndpoint
from recognition.webhooks import delivery as deliveries
from recognition.webhooks.delivery import replay
from tests.recognition.webhooks.conftest import Receiver, send


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
