"""The log of decisions: read, filtered, never changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from people.admin.base import ReadOnly
from recognition import barred, device_admin, model_admin, services, token_admin
from recognition.attendance import admin as _attendance  # noqa: F401  registers its pages
from recognition.liveness.checking import LIVE
from recognition.models import Attempt
from recognition.webhooks import admin as _webhooks  # noqa: F401  registers its pages

DECIDED = {
    services.MATCH: "Match",
    services.NO_MATCH: "No match",
    services.UNKNOWN: "Unknown",
    LIVE: "Live",
}
# Why it is nobody, of somebody who is known.
_BARRED = {barred.Deactivated.code: "Deactivated", barred.Elsewhere.code: "Of another gallery"}


class OutcomeFilter(admin.SimpleListFilter):
    """Fixed choices: asking a log of millions which outcomes it holds would read all of it."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*DECIDED.items(), ("refused", "Photo not usable")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Attempt]) -> QuerySet[Attempt]:
        if self.value() == "refused":
            return queryset.exclude(outcome__in=DECIDED)
        return queryset.filter(outcome=self.value()) if self.value() else queryset


@admin.register(Attempt)
class AttemptAdmin(ReadOnly[Attempt]):
    list_display = ("when", "shown_outcome", "purpose", "claimed", "found", "measured",
                    "gallery", "source", "asker")  # fmt: skip
    list_filter: ClassVar = [OutcomeFilter, "purpose", "source", "gallery", "model"]
    list_select_related = ("claimed", "found", "gallery", "actor__device", "model")
    date_hierarchy = "created_at"
    search_fields: ClassVar = [
        "claimed__full_name", "claimed__staff_number", "found__full_name", "found__staff_number",
    ]  # fmt: skip
    search_help_text = "Search by the person claimed or found"
    fieldsets: ClassVar = [
        (None, {"fields": ["when", "purpose", "source", "asker"]}),
        ("Answer", {"fields": ["shown_outcome", "reason", "claimed", "found", "gallery"]}),
        (
            "Measured",
            {"fields": ["shown_distance", "shown_runner_up", "shown_threshold", "model", "frames",
                        "took", "public_id"]},
        ),
    ]  # fmt: skip

    @admin.display(description="asked by")
    def asker(self, attempt: Attempt) -> str:
        device = getattr(attempt.actor, "device", None)
        return str(device or attempt.actor or "–")

    @admin.display(description="when", ordering="created_at")
    def when(self, attempt: Attempt) -> str:
        return date_format(localtime(attempt.created_at), "j M Y, H:i:s")

    @admin.display(description="outcome", ordering="outcome")
    def shown_outcome(self, attempt: Attempt) -> SafeString:
        # A refusal's code, as in the API's table of problems, in letters that a list can break.
        code = attempt.outcome.replace("_", " ").capitalize()
        label = _BARRED.get(attempt.reason) or DECIDED.get(attempt.outcome, code)
        return render_to_string("recognition/outcome.html", {"attempt": attempt, "label": label})

    @admin.display(description="distance / threshold", ordering="distance")
    def measured(self, attempt: Attempt) -> str:
        return f"{three(attempt.distance)} / {three(attempt.threshold)}"

    @admin.display(description="distance")
    def shown_distance(self, attempt: Attempt) -> str:
        return three(attempt.distance)

    @admin.display(description="runner-up's distance")
    def shown_runner_up(self, attempt: Attempt) -> str:
        return three(attempt.runner_up_distance)

    @admin.display(description="threshold")
    def shown_threshold(self, attempt: Attempt) -> str:
        return three(attempt.threshold)

    @admin.display(description="time taken")
    def took(self, attempt: Attempt) -> str:
        return f"{attempt.duration_ms} ms"


def three(distance: float | None) -> str:
    return "–" if distance is None else f"{distance:.3f}"


# Django finds this module, and no other.
__all__ = ["AttemptAdmin", "device_admin", "model_admin", "token_admin"]
