"""Challenges: what somebody has to do before the camera so that a photo of them is not enough."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class LivenessPurpose(models.TextChoices):
    LOGIN = "login", "Log in"
    ENROL = "enrol", "Enrol one's own face"
    CLOCK = "clock", "Clock in or out"


class LivenessStep(models.TextChoices):
    """Left and right are the person's own. Only what the networks can show is asked for."""

    LOOK_STRAIGHT = "look_straight", "Look straight at the camera."
    TURN_LEFT = "turn_left", "Turn your head to your left."
    TURN_RIGHT = "turn_right", "Turn your head to your right."
    TILT_LEFT = "tilt_left", "Tilt your head towards your left shoulder."
    TILT_RIGHT = "tilt_right", "Tilt your head towards your right shoulder."
    LOOK_UP = "look_up", "Look up: lift your chin."
    COME_CLOSER = "come_closer", "Come closer to the camera."


class LivenessSession(models.Model):
    """One challenge: these steps, in this order, for this purpose, once, within a minute.

    Whether it was used is decided by one conditional update, so of many answers one is looked at.
    """

    nonce = models.CharField(max_length=64, unique=True, editable=False)
    purpose = models.CharField(max_length=10, choices=LivenessPurpose)
    bound_to = models.CharField(
        max_length=128, help_text="Hash of the browser's session, or the device it was given to."
    )
    address = models.CharField(max_length=45, help_text="Where it was asked for.")
    steps = ArrayField(
        models.CharField(max_length=20, choices=LivenessStep),
        help_text="In order; the first is always to look straight.",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    is_live = models.BooleanField(default=False, help_text="Whether its answer was believed.")

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            # Who asks for many and answers none; and what can be forgotten.
            models.Index(fields=["address", "created_at"], name="liveness_by_address"),
            models.Index(fields=["created_at"], name="liveness_by_age"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(steps__len__gte=3) & Q(steps__0="look_straight"),
                name="liveness_straight_and_two_steps",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="liveness_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {', '.join(self.steps)}"


class LivenessFrame(models.Model):
    """What tells a picture that answered a challenge when it comes again: never the picture.

    It goes with its challenge. One digest has one row, so of two answers at once that hold the same
    picture one is the second.
    """

    session = models.ForeignKey(LivenessSession, on_delete=models.CASCADE, related_name="frames")
    whose = models.CharField(
        max_length=128, help_text="Hash of the account it was to log in, or the device; or neither."
    )
    step = models.CharField(max_length=20, choices=LivenessStep)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of its pixels.")
    points = ArrayField(
        models.FloatField(),
        help_text="Where eyes, nose and mouth are: x, y of five points, shares of the picture.",
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["whose", "-id"], name="livenessframe_whose")]

    def __str__(self) -> str:
        return f"Picture {self.pk}"
