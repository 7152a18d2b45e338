"""Who came and went, when. Append-only: a correction is a new row beside the old one."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Direction(models.TextChoices):
    IN = "in", "In"
    OUT = "out", "Out"


class EventSource(models.TextChoices):
    CLOCK = "clock", "Clock"
    BATCH = "batch", "Clock, sent later"
    CORRECTION = "correction", "Correction"


class AttendanceEvent(models.Model):
    """One clock-in or clock-out, or its correction.

    A correction names the event it replaces, or none when it adds a forgotten one; a void one only
    takes the other away. What counts is every event that is not void and that nothing replaces.
    A trigger in the database refuses change and deletion.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        "people.Person", on_delete=models.SET_NULL, null=True, related_name="attendance"
    )
    direction = models.CharField(max_length=3, choices=Direction)
    is_derived = models.BooleanField(
        default=False, help_text="Nobody gave the direction: it follows from those before."
    )
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(max_length=10, choices=EventSource)
    is_late_arriving = models.BooleanField(
        default=False,
        help_text="It waited on the device, or reached the server long after it happened.",
    )
    device = models.ForeignKey(
        "recognition.Device", on_delete=models.PROTECT, null=True, related_name="events"
    )
    attempt = models.OneToOneField(
        "recognition.Attempt", on_delete=models.PROTECT, null=True, related_name="event"
    )
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by"
    )
    is_void = models.BooleanField(default=False)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    correction_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-occurred_at", "-id"]
        permissions: ClassVar = [("correct_attendance", "Can correct attendance")]
        indexes: ClassVar = [
            # The last event of a person, and everybody's events of some days.
            models.Index(fields=["person", "-occurred_at"], name="attendance_person_when"),
            models.Index(fields=["occurred_at"], name="attendance_when"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(source="correction", attempt=None, correction_reason__gt="")
                    | (
                        ~Q(source="correction")
                        & Q(attempt__isnull=False, replaces=None, is_void=False)
                        & Q(correction_reason="")
                    )
                ),
                name="attendance_decided_or_corrected",
            ),
            models.CheckConstraint(
                condition=Q(is_void=False) | Q(replaces__isnull=False),
                name="attendance_void_replaces",
            ),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(replaces=F("id")), name="attendance_not_itself"
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_direction_display()}, {self.occurred_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        )


class IdempotentAnswer(models.Model):
    """What was answered to a request that may be sent again."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of what was asked.")
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP; empty while at work.")
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "key"], name="idempotent_once_a_key")
        ]

    def __str__(self) -> str:
        return f"Answer {self.pk}"
