"""Telling other systems that somebody clocked. The rows are an outbox: the queue may be lost."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q


class WebhookEndpoint(models.Model):
    """An address that is told of each clock event.

    The old secret signs beside the new one for a while after a change, so that a receiver need
    not change at the same moment.
    """

    name = models.CharField(max_length=100, unique=True)
    url = models.CharField("URL", max_length=500)
    secret = models.CharField(
        max_length=300, editable=False, help_text="Encrypted; the key derives from SECRET_KEY."
    )
    old_secret = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Encrypted, like the new one."
    )
    old_secret_until = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(
        "active", default=True, help_text="While it is off, nothing is sent and nothing gathers."
    )
    silent_since = models.DateTimeField(
        null=True, editable=False, help_text="Since then nothing was answered, good or bad."
    )
    rests_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self, now: datetime) -> WebhookDeliveryQuerySet:
        """What is to be sent now. Those of an endpoint that is off or rests wait."""
        is_awake = Q(endpoint__rests_until=None) | Q(endpoint__rests_until__lte=now)
        return self.filter(
            is_awake, state="pending", next_try_at__lte=now, endpoint__is_active=True
        )

    def settled_before(self, moment: datetime) -> WebhookDeliveryQuerySet:
        return self.exclude(state="pending").filter(created_at__lt=moment)


class WebhookDelivery(models.Model):
    """One message to one endpoint, and how it went. What the endpoint answered is never kept."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(
        "message", default=uuid.uuid4, unique=True, editable=False, help_text="Its webhook-id."
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.ForeignKey(
        "recognition.AttendanceEvent", on_delete=models.CASCADE, related_name="deliveries"
    )
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(
        null=True, editable=False, help_text="Somebody is sending it until then, or was killed."
    )
    last_status = models.PositiveSmallIntegerField(null=True, help_text="HTTP.")
    last_error = models.CharField(max_length=300, blank=True, help_text="A code.")
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "webhook deliveries"
        permissions: ClassVar = [("replay_webhookdelivery", "Can send a webhook again")]
        indexes: ClassVar = [
            models.Index(fields=["next_try_at"], name="delivery_due", condition=Q(state="pending"))
        ]

    def __str__(self) -> str:
        return f"Delivery {self.public_id}"
