"""Who is enrolled, their photos, and the vectors of their faces."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from people.querysets import (
    EmbeddingModelQuerySet,
    FaceEmbeddingQuerySet,
    FaceImageQuerySet,
    PersonQuerySet,
    TemplateQuerySet,
)
from people.vectors import EmbeddingField


def default_time_zone() -> str:
    return str(settings.TIME_ZONE)


def known_time_zone(name: str) -> None:
    # "localtime" is whatever this machine is set to; the database, maybe another one, has no such.
    if name not in available_timezones() - {"localtime"}:
        raise ValidationError("Use a time zone as in Europe/Berlin.", code="time_zone_unknown")


class Gallery(models.Model):
    """A named set of people that can be recognized together: a site, a department."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    time_zone = models.CharField(
        max_length=50,
        default=default_time_zone,
        validators=[known_time_zone],
        help_text="As in Europe/Berlin. Working days and shifts are in its local time.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "galleries"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="gallery_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="gallery_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class ConsentMethod(models.TextChoices):
    SIGNED = "signed", "Signed form"
    ELECTRONIC = "electronic", "Electronic"
    OTHER_BASIS = "other_basis", "Another legal basis"


class Person(models.Model):
    """Somebody who can be verified and recognized while active."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    full_name = models.CharField(max_length=200)
    staff_number = models.CharField(
        max_length=50,
        unique=True,
        null=True,  # many people may have none, and NULLs do not collide
        blank=True,
        help_text="Unique. Leave empty if there is none.",
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="person",
        help_text="The account this person logs in with, if any.",
    )
    galleries = models.ManyToManyField(Gallery, blank=True, related_name="people")
    is_active = models.BooleanField(
        default=True, help_text="An inactive person is in no answer, at once."
    )
    consent_method = models.CharField(max_length=20, choices=ConsentMethod, blank=True)
    consent_at = models.DateTimeField("consent given", null=True, blank=True)
    consent_recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "people"
        ordering: ClassVar = ["full_name", "id"]
        indexes: ClassVar = [models.Index(Lower("full_name"), name="person_name_lower")]
        permissions: ClassVar = [
            ("view_photo", "Can see the photos of people"),
            ("erase_person", "Can erase a person with photos and vectors"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(full_name=""), name="person_name_not_empty"),
            models.CheckConstraint(
                condition=Q(staff_number=None) | ~Q(staff_number=""),
                name="person_staff_number_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(consent_method="", consent_at=None)
                | (~Q(consent_method="") & Q(consent_at__isnull=False)),
                name="person_consent_has_when_and_how",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name


class FaceImageState(models.TextChoices):
    PENDING = "pending", "Pending"
    READY = "ready", "Ready"
    REJECTED = "rejected", "Rejected"


class FaceImageSource(models.TextChoices):
    ADMIN = "admin", "Admin"
    IMPORT = "import", "Import"
    COMMAND = "command", "Command line"
    API = "api", "API"
    SELF = "self", "The person"


def photo_storage() -> Storage:
    return storages["photos"]


def photo_path(image: FaceImage, _filename: str) -> str:
    """A name that says nothing about the person, spread over 256 folders."""
    return f"{image.public_id.hex[:2]}/{image.public_id.hex}.jpg"


class FaceImage(models.Model):
    """One photo of a person. Stored first, embedded later."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="images")
    file = models.FileField(upload_to=photo_path, storage=photo_storage)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False, help_text="Of the bytes uploaded.")
    source = models.CharField(max_length=10, choices=FaceImageSource)
    state = models.CharField(
        max_length=10, choices=FaceImageState, default=FaceImageState.PENDING, editable=False
    )
    reason_code = models.CharField(max_length=40, blank=True, editable=False)
    reason = models.CharField(max_length=400, blank=True, editable=False)
    box = models.JSONField(null=True, editable=False, help_text="x, y, width, height in pixels.")
    quality = models.JSONField(null=True, editable=False)
    accepted_at = models.DateTimeField(
        null=True, editable=False, help_text="When somebody overrode a flag on this photo."
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    claimed_until = models.DateTimeField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, editable=False)

    objects = FaceImageQuerySet.as_manager()

    class Meta:
        verbose_name = "photo"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # The sweep and the progress of an import look for what is still pending.
            models.Index(
                fields=["created_at"], name="faceimage_pending", condition=Q(state="pending")
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "sha256"], name="faceimage_once_a_person"),
            models.CheckConstraint(
                condition=Q(state="rejected", reason_code__gt="")
                | (~Q(state="rejected") & Q(reason_code="")),
                name="faceimage_rejected_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Photo {self.public_id}"


class EmbeddingModelState(models.TextChoices):
    BUILDING = "building", "Building"
    READY = "ready", "Ready"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class EmbeddingModel(models.Model):
    """Network, detector, alignment and preprocessing, pinned together, with its thresholds.

    Thresholds are distances ‖a−b‖₂ of unit vectors, 0…2. A trigger in the database holds that
    exactly one model is active whenever a transaction ends.
    """

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1)
    recipe = models.JSONField()
    dimensions = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=EmbeddingModelState, default=EmbeddingModelState.BUILDING
    )
    verify_threshold = models.FloatField(help_text="1:1. A distance below it is the same person.")
    recognize_threshold = models.FloatField(
        help_text="1:N, at most; the more people are searched, the stricter."
    )
    outlier_threshold = models.FloatField(
        help_text="A photo farther than this from a person's other photos is flagged."
    )
    calibration = models.JSONField(
        default=dict, blank=True, help_text="Where the thresholds come from."
    )
    search_index = models.CharField(
        max_length=63,
        blank=True,
        editable=False,
        help_text="The index searches read; empty while everybody is compared.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EmbeddingModelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "version"], name="embeddingmodel_version"),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="embeddingmodel_one_active"
            ),
            models.CheckConstraint(
                condition=Q(
                    recognize_threshold__gt=0,
                    recognize_threshold__lte=F("verify_threshold"),
                    verify_threshold__lte=F("outlier_threshold"),
                    outlier_threshold__lte=2,
                ),
                name="embeddingmodel_thresholds_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class FaceEmbedding(models.Model):
    """The vector of one photo under one model."""

    image = models.ForeignKey(FaceImage, on_delete=models.CASCADE, related_name="embeddings")
    model = models.ForeignKey(EmbeddingModel, on_delete=models.PROTECT, related_name="embeddings")
    vector = EmbeddingField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FaceEmbeddingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "model"], name="faceembedding_once_a_model"),
        ]

    def __str__(self) -> str:
        return f"Embedding {self.pk}"


class Template(models.Model):
    """The vector probes are compared with: one for each person and model."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="templates")
    model = models.ForeignKey(EmbeddingModel, on_delete=models.PROTECT, related_name="templates")
    vector = EmbeddingField()
    photos = models.PositiveIntegerField(help_text="How many photos it is made of.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # The model first: it also serves "all templates of the active model".
            models.UniqueConstraint(fields=["model", "person"], name="template_once_a_person"),
        ]

    def __str__(self) -> str:
        return f"Template {self.pk}"


class ImportRun(models.Model):
    """One bulk import, with what became of each photo.

    done, stored, already and refused change in the transaction that stores the photo, so they
    agree with what is there. Whether a stored photo became ready is said by `images`.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    gallery = models.ForeignKey(Gallery, on_delete=models.SET_NULL, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="How many files are dealt with.")
    stored = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)
    refused: models.JSONField[Any, Any] = models.JSONField(
        default=list, help_text="The first files that were refused: name, code, reason."
    )
    names: models.JSONField[Any, Any] = models.JSONField(
        default=dict, editable=False, help_text="Folder to identity, while it is running."
    )
    error = models.CharField(max_length=400, blank=True)
    images = models.ManyToManyField(FaceImage, related_name="import_runs")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"Import of {self.name}"

    @property
    def refused_count(self) -> int:
        return self.done - self.stored - self.already
