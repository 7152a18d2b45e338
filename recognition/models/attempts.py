"""What was decided, and about whom."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models


class AttemptPurpose(models.TextChoices):
    VERIFY = "verify", "Verify (1:1)"
    RECOGNIZE = "recognize", "Recognize (1:N)"
    LIVENESS = "liveness", "Liveness"


class AttemptSource(models.TextChoices):
    ADMIN = "admin", "Admin"
    COMMAND = "command", "Command line"
    LOGIN = "login", "Login page"
    API = "api", "API"
    DEVICE = "device", "Device"


class Attempt(models.Model):
    """One decision, without the photo. Append-only: a trigger refuses change and deletion.

    Only an erased person, account or gallery is taken out of it, and what stays is a number.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purpose = models.CharField(max_length=10, choices=AttemptPurpose)
    source = models.CharField(max_length=10, choices=AttemptSource)
    claimed = models.ForeignKey(
        "people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    found = models.ForeignKey(
        "people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    gallery = models.ForeignKey(
        "people.Gallery", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    model = models.ForeignKey(
        "people.EmbeddingModel", on_delete=models.PROTECT, related_name="attempts"
    )
    outcome = models.CharField(
        max_length=40, help_text="match, no_match, unknown, live, or why the probe was refused."
    )
    reason = models.CharField(max_length=40, blank=True, help_text="More about the outcome.")
    distance = models.FloatField(null=True)
    runner_up_distance = models.FloatField(null=True)
    threshold = models.FloatField()
    frames = models.PositiveSmallIntegerField()
    duration_ms = models.PositiveIntegerField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who asked, if logged in.",
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [("ask", "Can ask who a face is")]
        indexes: ClassVar = [models.Index(fields=["outcome", "-id"], name="attempt_outcome")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.outcome}"
