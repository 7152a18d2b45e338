"""The first page of the admin: what matters now, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from people.models import EmbeddingModel, FaceImage, FaceImageState, Gallery, Person
from recognition import services
from recognition.models import Attempt

WAITS_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Number:
    """One figure. tone: ok, warn or bad; it colours what is not zero."""

    label: str
    value: int
    url: str = ""
    tone: str = "quiet"


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback. Each part is for those who may see it."""
    user = request.user
    context["title"] = "Overview"
    if user.has_perm("people.view_person"):
        context["people"] = _people()
        context["is_empty"] = not Person.objects.exists()
        context["has_galleries"] = Gallery.objects.exists()
        context["waiting"] = FaceImage.objects.waiting_longer_than(WAITS_AFTER).count()
    if user.has_perm("recognition.view_attempt"):
        context["attempts"] = _attempts_today()
    if user.has_perm("people.view_person") or user.has_perm("people.view_embeddingmodel"):
        context["model"] = _model()
    return context


def _people() -> list[Number]:
    people = reverse("admin:people_person_changelist")
    counted = FaceImage.objects.order_by().values("state").annotate(number=Count("pk"))
    photos = {row["state"]: row["number"] for row in counted}
    pending, rejected = photos.get(FaceImageState.PENDING, 0), photos.get("rejected", 0)
    return [
        Number("Active people", Person.objects.active().count(), f"{people}?is_active__exact=1"),
        Number("Photos ready", photos.get(FaceImageState.READY, 0), people, "ok"),
        Number("Photos pending", pending, f"{people}?photos=pending",
               "warn" if pending else "quiet"),
        Number("Photos rejected", rejected, f"{people}?photos=rejected",
               "bad" if rejected else "quiet"),
    ]  # fmt: skip


def _attempts_today() -> list[Number]:
    log = reverse("admin:recognition_attempt_changelist")
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    counted = (
        Attempt.objects.filter(created_at__gte=today)
        .order_by()
        .values("outcome")
        .annotate(number=Count("pk"))
    )
    by_outcome = {row["outcome"]: row["number"] for row in counted}
    decided = (services.MATCH, services.NO_MATCH, services.UNKNOWN)
    refused = sum(number for outcome, number in by_outcome.items() if outcome not in decided)
    day = f"created_at__gte={today:%Y-%m-%d}"
    return [
        Number("Matched", by_outcome.get(services.MATCH, 0), f"{log}?outcome=match&{day}", "ok"),
        Number("Did not match", by_outcome.get(services.NO_MATCH, 0),
               f"{log}?outcome=no_match&{day}", "bad"),
        Number("Unknown", by_outcome.get(services.UNKNOWN, 0), f"{log}?outcome=unknown&{day}",
               "warn"),
        Number("Photo not usable", refused, f"{log}?outcome=refused&{day}"),
    ]  # fmt: skip


def _model() -> dict[str, Any]:
    model = EmbeddingModel.objects.current()
    calibration = model.calibration
    return {
        "model": model,
        "verify": settings.VERIFY_THRESHOLD or model.verify_threshold,
        "recognize": settings.RECOGNIZE_THRESHOLD or model.recognize_threshold,
        "is_set_by_hand": bool(settings.VERIFY_THRESHOLD or settings.RECOGNIZE_THRESHOLD),
        "is_calibrated": bool(calibration.get("calibrated")),
        "source": calibration.get("source", ""),
        "templates": model.templates.count(),
    }
