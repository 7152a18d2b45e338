"""Domain verbs for queries; they chain."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from people.models import (  # noqa: F401  named in quotes below
        EmbeddingModel,
        FaceEmbedding,
        FaceImage,
        Gallery,
        Person,
        Template,
    )


class PersonQuerySet(models.QuerySet["Person"]):
    def active(self) -> PersonQuerySet:
        return self.filter(is_active=True)

    def in_gallery(self, gallery: Gallery | None) -> PersonQuerySet:
        return self if gallery is None else self.filter(galleries=gallery)

    def called(self, name_or_id: str) -> PersonQuerySet:
        """By public id, staff number or full name (case-insensitive), whichever it is."""
        text = name_or_id.strip()
        found = Q(staff_number=text) | Q(full_name__iexact=text)
        compact = text.replace("-", "").lower()
        if len(compact) == 32 and all(c in "0123456789abcdef" for c in compact):
            found |= Q(public_id=compact)
        return self.filter(found)


class FaceImageQuerySet(models.QuerySet["FaceImage"]):
    def pending(self) -> FaceImageQuerySet:
        return self.filter(state="pending")

    def ready(self) -> FaceImageQuerySet:
        return self.filter(state="ready")

    def unclaimed(self) -> FaceImageQuerySet:
        """Nobody is embedding them now, or whoever did has died."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=timezone.now()))

    def waiting_longer_than(self, age: timedelta) -> FaceImageQuerySet:
        return self.pending().unclaimed().filter(created_at__lt=timezone.now() - age)


class EmbeddingModelQuerySet(models.QuerySet["EmbeddingModel"]):
    def current(self) -> EmbeddingModel:
        """The one active model. The database guarantees that it exists."""
        return self.get(state="active")


class FaceEmbeddingQuerySet(models.QuerySet["FaceEmbedding"]):
    def of(self, model: EmbeddingModel) -> FaceEmbeddingQuerySet:
        return self.filter(model=model)


class TemplateQuerySet(models.QuerySet["Template"]):
    def of(self, model: EmbeddingModel) -> TemplateQuerySet:
        return self.filter(model=model)

    def in_gallery(self, gallery: Gallery | None) -> TemplateQuerySet:
        return self if gallery is None else self.filter(person__galleries=gallery)
