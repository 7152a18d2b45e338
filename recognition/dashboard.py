"""The first page of the admin: what matters now, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from people.models import EmbeddingModel, FaceImage, FaceImageState, Gallery, Person
from recognition import services
from recognition.attendance import boards
from recognition.calibration.promise import promise_for, promise_to_verify
from recognition.liveness.checking import LIVE
from recognition.login import accounts
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
    if user.has_perm("auth.view_user"):
        context["admins_without_face"] = accounts.admins_without_face()
        context["staff_must_enrol"] = settings.FACE_LOGIN_STAFF_MUST_ENROL
    if user.has_perm("recognition.view_attempt"):
        context["attempts"] = _attempts_today()
    if user.has_perm("recognition.view_attendanceevent"):
        context["here"] = boards.here(now=timezone.now())
    if user.has_perm("people.view_person") or user.has_perm("people.view_embeddingmodel"):
        context["model"] = _model()
    return context


def _list(model: str, **query: str) -> str:
    return reverse(f"admin:{model}_changelist", query=query)


def _people() -> list[Number]:
    people = partial(_list, "people_person")
    counted = FaceImage.objects.order_by().values("state").annotate(number=Count("pk"))
    photos = {row["state"]: row["number"] for row in counted}
    ready, pending, rejected = (
        photos.get(state, 0)
        for state in (FaceImageState.READY, FaceImageState.PENDING, FaceImageState.REJECTED)
    )
    return [
        Number("Active people", Person.objects.active().count(), people(is_active__exact="1")),
        Number("Photos ready", ready, people(photos="ready"), "ok"),
        Number("Photos pending", pending, people(photos="pending"), "warn"),
        Number("Photos rejected", rejected, people(photos="rejected"), "bad"),
    ]


def _attempts_today() -> list[Number]:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    log = partial(_list, "recognition_attempt", created_at__gte=today.isoformat())
    counted = (
        Attempt.objects.filter(created_at__gte=today)
        .order_by()
        .values("outcome")
        .annotate(number=Count("pk"))
    )
    by_outcome = {row["outcome"]: row["number"] for row in counted}
    by_outcome.pop(LIVE, 0)  # what was decided then counts, in an attempt of its own
    match, no_match, unknown = (
        by_outcome.pop(outcome, 0)
        for outcome in (services.MATCH, services.NO_MATCH, services.UNKNOWN)
    )
    return [
        Number("Matched", match, log(outcome="match"), "ok"),
        Number("Did not match", no_match, log(outcome="no_match"), "bad"),
        Number("Unknown", unknown, log(outcome="unknown"), "warn"),
        Number("Photo not usable", sum(by_outcome.values()), log(outcome="refused")),
    ]


def _model() -> dict[str, Any]:
    model = EmbeddingModel.objects.current()
    calibration = model.calibration
    promises = [promise_to_verify(model), promise_for(model)]
    verify, recognize = (promise.threshold for promise in promises)
    return {
        "model": model,
        "verify": verify,
        "recognize": recognize,
        "is_set_by_hand": bool(settings.VERIFY_THRESHOLD or settings.RECOGNIZE_THRESHOLD),
        "is_calibrated": bool(calibration.get("calibrated")),
        "source": calibration.get("source", ""),
        "templates": model.templates.count(),
        # A missing calibration is one reason for both.
        "broken": list(dict.fromkeys(one.reason for one in promises if not one.holds)),
    }
