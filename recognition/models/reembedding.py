"""Changing the embedding model: runs that embed every photo again, and what was switched when."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

# A run that has not got on for so long is waiting for a worker, not merely busy.
STALLED_AFTER = timedelta(seconds=20)


class ReembeddingRun(models.Model):
    """One pass over all ready photos for one model. What is left to do, the vectors say.

    settled and failed change in the transaction that writes the vectors, so they agree with them.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    class Phase(models.TextChoices):
        EMBEDDING = "embedding", "Embedding photos"
        INDEXING = "indexing", "Building and checking the index"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.ForeignKey(
        "people.EmbeddingModel", on_delete=models.PROTECT, related_name="reembedding_runs"
    )
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.EMBEDDING)
    activate_when_done = models.BooleanField(default=False)
    may_miss = models.PositiveIntegerField(
        default=0, help_text="How many people may be left without a vector by the activation."
    )
    overrides = ArrayField(
        models.CharField(max_length=40),
        default=list,
        help_text="Codes of what the activation may overlook.",
    )
    rate_limit = models.FloatField(
        null=True, blank=True, help_text="Photos a second, of all workers together."
    )
    total = models.PositiveIntegerField(default=0, help_text="Photos to embed.")
    settled = models.PositiveIntegerField(default=0, help_text="Photos dealt with.")
    failed = models.PositiveIntegerField(default=0, help_text="Of them, without a vector.")
    rate = models.FloatField(default=0, help_text="Photos a second, lately.")
    recall = models.FloatField(null=True, help_text="Of the index, against exact search.")
    error = models.CharField(max_length=400, blank=True, help_text="What holds it up, if anything.")
    # Photos up to this id have been handed out; what comes back is told by the vectors.
    cursor = models.BigIntegerField(default=0, editable=False)
    next_at = models.DateTimeField(null=True, editable=False)  # of a run with a limit
    marked_at = models.DateTimeField(default=timezone.now, editable=False)
    marked_settled = models.PositiveIntegerField(default=0, editable=False)
    progress_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [
            ("switch_model", "Can re-embed, activate, roll back and retire embedding models")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["model"],
                condition=Q(state__in=["running", "paused"]),
                name="reembeddingrun_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(rate_limit=None) | Q(rate_limit__gt=0),
                name="reembeddingrun_limit_above_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"Re-embedding for {self.model}"

    @property
    def is_live(self) -> bool:
        return self.state in (self.State.RUNNING, self.State.PAUSED)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.settled // self.total) if self.total else 100

    @property
    def is_stalled(self) -> bool:
        is_embedding = self.state == self.State.RUNNING and self.phase == self.Phase.EMBEDDING
        return is_embedding and timezone.now() - self.progress_at > STALLED_AFTER

    @property
    def seconds_left(self) -> float | None:
        """Until every photo is dealt with; None when it cannot be told."""
        if self.state != self.State.RUNNING or self.rate <= 0 or self.is_stalled:
            return None
        return max(self.total - self.settled, 0) / self.rate

    def as_json(self) -> dict[str, Any]:
        return {
            "run": str(self.public_id),
            "model": str(self.model),
            "state": self.state,
            "phase": self.phase,
            "total": self.total,
            "settled": self.settled,
            "failed": self.failed,
            "rate": round(self.rate, 2),
            "rate_limit": self.rate_limit,
            "seconds_left": self.seconds_left,
            "stalled": self.is_stalled,
            "recall": self.recall,
            "activate_when_done": self.activate_when_done,
            "may_miss": self.may_miss,
            "overrides": self.overrides,
            "error": self.error,
        }


class ReembeddingChunk(models.Model):
    """Photos handed out together: the outbox of a run. Settling removes the row.

    The broker only carries its key; should the message be lost, the row is queued again.
    """

    run = models.ForeignKey(ReembeddingRun, on_delete=models.CASCADE, related_name="chunks")
    image_ids = ArrayField(models.BigIntegerField())
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{len(self.image_ids)} photos of run {self.run_id}"


class ReembeddingFailure(models.Model):
    """A photo that has no vector under a model, and why."""

    model = models.ForeignKey(
        "people.EmbeddingModel", on_delete=models.CASCADE, related_name="failures"
    )
    image = models.ForeignKey("people.FaceImage", on_delete=models.CASCADE, related_name="failures")
    code = models.CharField(max_length=40)
    reason = models.CharField(max_length=400)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            # The image first: what is asked is whether this photo failed under that model.
            models.UniqueConstraint(fields=["image", "model"], name="reembeddingfailure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.image}: {self.code}"


class ModelChange(models.Model):
    """What was activated, rolled back or retired, when and by whom. Append-only."""

    class Kind(models.TextChoices):
        ACTIVATED = "activated", "Activated"
        ROLLED_BACK = "rolled_back", "Rolled back to"
        RETIRED = "retired", "Retired"

    kind = models.CharField(max_length=12, choices=Kind)
    model = models.ForeignKey("people.EmbeddingModel", on_delete=models.PROTECT, related_name="+")
    previous = models.ForeignKey(
        "people.EmbeddingModel", on_delete=models.PROTECT, null=True, related_name="+"
    )
    missing = models.PositiveIntegerField(
        default=0, help_text="People the previous model knew and this one does not."
    )
    overrides = ArrayField(
        models.CharField(max_length=40), default=list, help_text="What was overlooked on purpose."
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.model}"


class ProjectionHead(models.Model):
    """A linear map on another model's vectors. A recipe names it by its checksum.

    weights: (rows, columns) float32, little-endian, row by row. In the database, so that every
    machine has it.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    weights = models.BinaryField()
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    facts = models.JSONField(default=dict, help_text="How it was trained, on what, how good it is.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Head {self.sha256[:12]}"
