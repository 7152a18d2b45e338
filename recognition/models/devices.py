"""Machines that ask: kiosks, turnstiles, other programs."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from people.models import Gallery


class Device(models.Model):
    """A machine with a key of its own. It may recognize and clock, and nothing else.

    Its key is a token of its service account: kept as a hash, shown once, revoked alone.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        editable=False,
        related_name="device",
        help_text="Has no password and no permission.",
    )
    galleries = models.ManyToManyField(
        "people.Gallery",
        related_name="devices",
        help_text="It recognizes only people of these galleries.",
    )
    may_recognize = models.BooleanField(default=True)
    may_clock = models.BooleanField("may clock in and out", default=True)
    requires_liveness = models.BooleanField(
        default=False,
        help_text=(
            "Whoever clocks here has to move as they are asked, so that a photo of them is not"
            " enough. Without a network it then clocks nobody: a photo that waited proves nothing."
        ),
    )
    is_active = models.BooleanField(default=True)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def where(self) -> list[Gallery]:
        """The galleries it recognizes people of."""
        return list(self.galleries.all())
