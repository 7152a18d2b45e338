"""Events: read, filtered, never changed; a correction is a new one beside the old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from people.admin.base import ReadOnly, as_state
from recognition.attendance.admin.correcting import CorrectingMixin
from recognition.attendance.shown import moment_in, zone_of
from recognition.models import AttendanceEvent, EventSource

STATES = {
    "Counts": "success",
    "Replaced": "warning",
    "Did not happen": "danger",
    "Takes one back": "info",
}


class StandingFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("counts", "Counts"),
            ("replaced", "Replaced"),
            ("void", "Did not happen"),
            ("correction", "Is a correction"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AttendanceEvent]
    ) -> QuerySet[AttendanceEvent]:
        chosen = {
            "counts": Q(is_void=False, replaced_by=None),
            "replaced": Q(replaced_by__is_void=False),
            "void": Q(replaced_by__is_void=True),
            "correction": Q(source="correction"),
        }.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


@admin.register(AttendanceEvent)
class AttendanceEventAdmin(CorrectingMixin, ReadOnly[AttendanceEvent]):
    list_display = ("when", "who", "direction", "state", "recorded_by")
    list_filter: ClassVar = [StandingFilter, "direction", "source", "is_late_arriving", "device",
                             "person__galleries"]  # fmt: skip
    list_select_related = ("person", "device", "replaced_by", "corrected_by")
    date_hierarchy = "occurred_at"
    search_fields: ClassVar = ["person__full_name", "person__staff_number"]
    search_help_text = "Search by name or staff number"
    change_form_outer_before_template = "attendance/event_notes.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AttendanceEvent]:
        return super().get_queryset(request).prefetch_related("person__galleries")

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = (*self.list_display,)
        return (*columns, "correct_link") if self.may_correct(request) else columns

    def get_fieldsets(self, request: HttpRequest, obj: AttendanceEvent | None = None) -> Any:
        what = ["who", "direction", "when", "zone", "state"]
        recorded = ["source", "device", "attempt_link", "received", "is_late_arriving", "public_id"]
        fieldsets = [(None, {"fields": what}), ("Recorded", {"fields": recorded})]
        if obj is not None and obj.source == "correction":
            correction = ["corrector", "correction_reason", "original_link"]
            fieldsets.insert(1, ("Correction", {"fields": correction}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # One person's events are linked to; as a filter it would list everybody.
        return lookup == "person__id__exact" or super().lookup_allowed(lookup, value, request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        event = self.get_object(request, object_id)
        extra = {
            **(extra_context or {}),
            "replaced_by": getattr(event, "replaced_by", None),
            "may_correct": self.may_correct(request) and event is not None and event.person_id,
        }
        return super().change_view(request, object_id, form_url, extra)

    def get_urls(self) -> list[URLPattern]:
        def at(verb: str, view: Callable[..., HttpResponse]) -> URLPattern:
            name = f"recognition_attendanceevent_{verb}"
            return path(f"<int:event_id>/{verb}/", self.admin_site.admin_view(view), name=name)

        return [
            at("correct", self.correct_view),
            at("void", self.void_view),
            *super().get_urls(),
        ]

    # --- Columns ------------------------------------------------------------------------------

    @admin.display(description="when", ordering="occurred_at")
    def when(self, event: AttendanceEvent) -> str:
        return moment_in(zone_of(event.person), event.occurred_at)

    @admin.display(description="person", ordering="person__full_name")
    def who(self, event: AttendanceEvent) -> str:
        return event.person.full_name if event.person else "Somebody erased"

    @as_state(STATES)
    def state(self, event: AttendanceEvent) -> str:
        correction = getattr(event, "replaced_by", None)
        if correction is not None:
            return "Did not happen" if correction.is_void else "Replaced"
        return "Takes one back" if event.is_void else "Counts"

    @admin.display(description="correction")
    def correct_link(self, event: AttendanceEvent) -> SafeString | str:
        if hasattr(event, "replaced_by") or event.person is None:
            return ""
        url = reverse("admin:recognition_attendanceevent_correct", args=[event.pk])
        return format_html('<a class="face-link" href="{}">Correct&nbsp;…</a>', url)

    @admin.display(description="recorded by")
    def recorded_by(self, event: AttendanceEvent) -> str:
        if event.source == EventSource.CORRECTION:
            return f"Correction by {self.corrector(event)}"
        late = ", sent later" if event.is_late_arriving else ""
        return f"{event.device or event.get_source_display()}{late}"

    @admin.display(description="corrected by")
    def corrector(self, event: AttendanceEvent) -> str:
        return str(event.device or event.corrected_by or "somebody erased")

    @admin.display(description="time zone")
    def zone(self, event: AttendanceEvent) -> str:
        return zone_of(event.person).key

    @admin.display(description="received")
    def received(self, event: AttendanceEvent) -> str:
        return moment_in(zone_of(event.person), event.received_at)

    @admin.display(description="decided by", empty_value="–")
    def attempt_link(self, event: AttendanceEvent) -> SafeString | None:
        if event.attempt_id is None:
            return None
        url = reverse("admin:recognition_attempt_change", args=[event.attempt_id])
        return format_html('<a class="face-link" href="{}">Attempt {}</a>', url, event.attempt_id)

    @admin.display(description="in place of")
    def original_link(self, event: AttendanceEvent) -> SafeString | str:
        if event.replaces is None:
            return "Nothing: it was forgotten"
        url = reverse("admin:recognition_attendanceevent_change", args=[event.replaces.pk])
        shown = f"{event.replaces.get_direction_display()}, {self.when(event.replaces)}"
        return format_html('<a class="face-link" href="{}">{}</a>', url, shown)
