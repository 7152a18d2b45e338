"""An event and its messages are written together, or neither is."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from recognition.models import AttendanceEvent, WebhookDelivery, WebhookEndpoint
from recognition.queueing import queue_deliveries


@transaction.atomic(savepoint=False)  # the event is part of it
def announce(*, event: AttendanceEvent) -> list[WebhookDelivery]:
    """One delivery for each active endpoint, sent once the transaction is committed."""
    endpoints = WebhookEndpoint.objects.filter(is_active=True)
    now = timezone.now()
    deliveries = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=event, next_try_at=now) for endpoint in endpoints
    )
    if deliveries:
        ids = [delivery.pk for delivery in deliveries]
        transaction.on_commit(partial(queue_deliveries, ids))
    return deliveries
