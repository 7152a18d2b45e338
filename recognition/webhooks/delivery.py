"""Sending one message: claimed, posted, and what follows from the answer."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from people.errors import Refusal
from recognition.models import WebhookDelivery
from recognition.queueing import queue_deliveries
from recognition.webhooks import endpoints, messages, posting, signing
from recognition.webhooks.targets import find_target

logger = logging.getLogger(__name__)

State = WebhookDelivery.State

# Source: Standard Webhooks, "Deliverability and reliability"; in all three days and a bit.
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.1  # part of the wait, both ways: what failed together need not come back together
# Longer than a lookup and a post can take. A sender that was killed is followed after this.
HELD = timedelta(minutes=2)
# The next sweep comes about as soon as a wait longer than this is over.
SOON = timedelta(seconds=20)
# Each sweep queues at most this many, and the broker forgets them before the next few.
AT_ONCE = 200
KEPT = timedelta(days=90)

GONE = 410


class EndpointOff(Refusal):
    code = "endpoint_off"


class BeingSent(Refusal):
    code = "being_sent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """status: HTTP, None when nothing was answered. error: a code, empty when delivered."""

    status: int | None = None
    error: str = ""


def deliver(*, delivery_id: int) -> None:
    """Send it if it is due and nobody else is sending it. Safe to call any number of times."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return
    outcome = _send(delivery)
    _settle(delivery, outcome)
    logger.info("Webhook delivery %d: %s", delivery.pk, outcome.error or "delivered")


@transaction.atomic
def replay(*, delivery: WebhookDelivery) -> None:
    """Send the same message again, under the same webhook-id, as if it were new.

    Raises EndpointOff, BeingSent.
    """
    row = WebhookDelivery.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "endpoint"
    )
    again = row.get(pk=delivery.pk)
    now = timezone.now()
    if not again.endpoint.is_active:
        raise EndpointOff("This endpoint is off. Turn it on first.")
    if again.claimed_until is not None and again.claimed_until > now:
        raise BeingSent("This message is being sent just now.")
    again.state, again.tries, again.next_try_at = State.PENDING, 0, now
    again.delivered_at = again.claimed_until = None
    again.save()
    endpoints.wake(endpoint=again.endpoint)
    again.endpoint.save(update_fields=["silent_since", "rests_until"])
    transaction.on_commit(partial(queue_deliveries, [again.pk]))


def due_ids() -> list[int]:
    """Of deliveries to be sent now, the longest due first; at most AT_ONCE."""
    due = WebhookDelivery.objects.due(timezone.now()).order_by("next_try_at")
    return list(due.values_list("pk", flat=True)[:AT_ONCE])


def forget_old() -> int:
    """Delete settled deliveries older than KEPT. Returns how many."""
    return WebhookDelivery.objects.settled_before(timezone.now() - KEPT).delete()[0]


@transaction.atomic
def _claim(delivery_id: int) -> WebhookDelivery | None:
    """Take it for HELD. The claim is committed before anything is sent."""
    now = timezone.now()
    delivery = (
        WebhookDelivery.objects.due(now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("endpoint", "event__person", "event__device", "event__replaces")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None:
        return None
    delivery.tries += 1
    delivery.next_try_at = delivery.claimed_until = now + HELD
    delivery.save(update_fields=["tries", "next_try_at", "claimed_until"])
    return delivery


def _send(delivery: WebhookDelivery) -> Outcome:
    body = messages.body_of(delivery.event)
    try:
        target = find_target(url=delivery.endpoint.url)
        headers = signing.signed_headers(
            endpoint=delivery.endpoint,
            message_id=str(delivery.public_id),
            at=datetime.now(UTC),
            body=body,
        )
        headers |= {"Content-Type": "application/json", "User-Agent": "face-attendance"}
        status = posting.post(target=target, body=body.encode(), headers=headers)
    except Refusal as refusal:
        return Outcome(error=refusal.code)
    return Outcome(status=status, error="" if 200 <= status < 300 else f"http_{status}")


def _settle(delivery: WebhookDelivery, outcome: Outcome) -> None:
    now = timezone.now()
    changes = _next(delivery.tries, outcome, now)
    # Whoever was slower than its claim leaves the row to its successor.
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, claimed_until=delivery.claimed_until)
    is_mine = mine.update(
        **changes,
        claimed_until=None,
        last_status=outcome.status,
        last_error=outcome.error,
    )
    _note(delivery.endpoint_id, outcome)
    wait = (changes["next_try_at"] or now) - now
    if is_mine and changes["state"] == State.PENDING and wait <= SOON:
        queue_deliveries([delivery.pk], after=wait)


def _note(endpoint_id: int, outcome: Outcome) -> None:
    if outcome.status is None:
        endpoints.note_silent(endpoint_id=endpoint_id)
    else:
        endpoints.note_answered(endpoint_id=endpoint_id)
    if outcome.status == GONE:
        endpoints.turn_off(endpoint_id=endpoint_id)


def _next(tries: int, outcome: Outcome, now: datetime) -> dict[str, Any]:
    if not outcome.error:
        return {"state": State.DELIVERED, "delivered_at": now, "next_try_at": None}
    if outcome.status == GONE or tries > len(RETRY_AFTER):
        return {"state": State.FAILED, "next_try_at": None}
    return {"state": State.PENDING, "next_try_at": now + wait_after(tries)}


def wait_after(tries: int) -> timedelta:
    """tries: so far, from 1. With jitter."""
    return RETRY_AFTER[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret
