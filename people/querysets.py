"""Domain verbs for queries; they chain."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone

from people import prepared

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

    def in_galleries(self, galleries: Sequence[Gallery]) -> PersonQuerySet:
        """Of any of these galleries; of none given, everybody."""
        return self.filter(galleries__in=galleries).distinct() if galleries else self

    def called(self, name_or_id: str) -> PersonQuerySet:
        """By public id, staff number or full name (case-insensitive), whichever it is."""
        text = name_or_id.strip()
        found = Q(staff_number=text) | Q(full_name__iexact=text)
        compact = text.replace("-", "").lower()
        if len(compact) == 32 and all(c in "0123456789abcdef" for c in compact):
            found |= Q(public_id=compact)
        return self.filter(found)

    def with_photos_in(self, state: str) -> PersonQuerySet:
        return self.filter(Exists(_photos_of_person().filter(state=state)))

    def without_photos_in(self, state: str) -> PersonQuerySet:
        return self.filter(~Exists(_photos_of_person().filter(state=state)))

    def with_photo_counts(self) -> PersonQuerySet:
        """Annotates photos_ready, photos_pending, photos_rejected.

        By subqueries, so that a page of people costs its rows and not the whole table.
        """
        counts = {}
        for state in ("ready", "pending", "rejected"):
            photos = _photos_of_person().filter(state=state).order_by().values("person")
            counts[f"photos_{state}"] = Coalesce(
                Subquery(photos.annotate(number=Count("pk")).values("number")), 0
            )
        return self.annotate(**counts)

    def with_portrait(self) -> PersonQuerySet:
        """Annotates portrait, the public id of a photo to show: a ready one if there is one.

        Never one that was rejected, which may be of somebody else.
        """
        return self.annotate(portrait=_portrait())

    def portraits(self) -> dict[int, UUID | None]:
        return dict(self.annotate(shown=_portrait()).values_list("pk", "shown"))


def _photos_of_person() -> models.QuerySet[FaceImage]:
    return apps.get_model("people", "FaceImage").objects.filter(person=OuterRef("pk"))


def _portrait() -> Subquery:
    usable = _photos_of_person().exclude(state="rejected")
    best = usable.order_by(Exact(F("state"), "ready").desc(), "id")
    return Subquery(best.values("public_id")[:1])


class FaceImageQuerySet(models.QuerySet["FaceImage"]):
    def pending(self) -> FaceImageQuerySet:
        return self.filter(state="pending")

    def ready(self) -> FaceImageQuerySet:
        return self.filter(state="ready")

    def rejected_before(self, moment: datetime) -> FaceImageQuerySet:
        return self.filter(state="rejected", processed_at__lt=moment)

    def unclaimed(self) -> FaceImageQuerySet:
        """Nobody is embedding them now, or whoever did has died."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=timezone.now()))

    def waiting_longer_than(self, age: timedelta) -> FaceImageQuerySet:
        """Since it was added, or since somebody accepted it."""
        then = timezone.now() - age
        since = Q(accepted_at__isnull=True, created_at__lt=then) | Q(accepted_at__lt=then)
        return self.pending().unclaimed().filter(since)


class EmbeddingModelQuerySet(models.QuerySet["EmbeddingModel"]):
    def current(self) -> EmbeddingModel:
        """The one active model. The database guarantees that it exists.

        Every question about a face asks for it, and it hardly ever changes: the database says
        which version of which row is active, and the row itself is read when that is a new one.
        """
        version = prepared.rows(_ACTIVE)
        if not version:
            raise self.model.DoesNotExist("no embedding model is active")
        return copy(_read(self.model, *version[0]))


# Where a version of a row lies, and since which transaction, names it and no other.
_ACTIVE = "SELECT id, xmin::text, ctid::text FROM people_embeddingmodel WHERE state = 'active'"


@lru_cache(maxsize=1)
def _read(kind: type[EmbeddingModel], pk: int, _xmin: str, _ctid: str) -> EmbeddingModel:
    return kind._default_manager.get(pk=pk)


class FaceEmbeddingQuerySet(models.QuerySet["FaceEmbedding"]):
    def of(self, model: EmbeddingModel) -> FaceEmbeddingQuerySet:
        return self.filter(model=model)


class TemplateQuerySet(models.QuerySet["Template"]):
    def of(self, model: EmbeddingModel) -> TemplateQuerySet:
        return self.filter(model=model)
