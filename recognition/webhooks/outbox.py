"""An event and its messages are written together, or neither is."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from people import prepared
from recognition.models import AttendanceEvent, WebhookDelivery
from recognition.queueing import queue_deliveries

_LISTENING = "SELECT id FROM recognition_webhookendpoint WHERE is_active"


@transaction.atomic(savepoint=False)  # the event is part of it
def announce(*, event: AttendanceEvent) -> list[WebhookDelivery]:
    """One delivery for each active endpoint, sent once the transaction is committed."""
    endpoints = [pk for (pk,) in prepared.rows(_LISTENING)]
    if not endpoints:
        return []
    now = timezone.now()
    deliveries = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint_id=pk, event=event, next_try_at=now) for pk in endpoints
    )
    ids = [delivery.pk for delivery in deliveries]
    transaction.on_commit(partial(queue_deliveries, ids))
    return deliveries
