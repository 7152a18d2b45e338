"""Logging in: how often it failed, and what people agreed to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class BrakeKind(models.TextChoices):
    PASSWORD = "password", "Password"
    FACE = "face", "Face"


class LoginBrake(models.Model):
    """How often logging in failed for one account from one address; at address "" from anywhere.

    account: a keyed hash of the name that was typed, whether somebody has it or not, so that both
    are slowed down alike and nothing typed is kept. "" where no name is asked for.
    """

    kind = models.CharField(max_length=10, choices=BrakeKind)
    account = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=50, blank=True)
    failures = models.PositiveIntegerField(default=0)
    waits_until = models.DateTimeField(null=True)
    password_alone_until = models.DateTimeField(
        null=True, help_text="Until then the password alone is enough, by an operator's command."
    )
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "account", "address"], name="loginbrake_once_an_address"
            )
        ]

    def __str__(self) -> str:
        return f"Brake {self.pk}"


class ConsentRecord(models.Model):
    """What a person agreed to or took back, in the words that were shown. Rows are only added."""

    class Kind(models.TextChoices):
        GIVEN = "given", "Given"
        WITHDRAWN = "withdrawn", "Withdrawn"

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="consents")
    kind = models.CharField(max_length=10, choices=Kind)
    version = models.CharField(max_length=20, help_text="Of the text.")
    text = models.TextField(help_text="As it was shown.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"Consent {self.get_kind_display().lower()}, version {self.version}"
