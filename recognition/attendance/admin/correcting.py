"""Forms that correct: it happened otherwise, it did not happen, or it was forgotten."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from people.admin.base import ReadOnly, staff
from people.errors import Refusal
from people.models import Person
from recognition.attendance import corrections
from recognition.attendance.forms import ForgottenForm, ReasonForm, ReplaceForm
from recognition.attendance.shown import moment_in, zone_of
from recognition.models import AttendanceEvent, Direction

if TYPE_CHECKING:
    Base = ReadOnly[AttendanceEvent]
else:
    Base = object

Correct = Callable[[dict[str, Any]], AttendanceEvent]


class CorrectingMixin(Base):
    def may_correct(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognition.correct_attendance")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Adding is to correct: a face clocks by itself."""
        return self.may_correct(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.may_correct(request):
            raise PermissionDenied
        by = staff(request)
        return self._correct(
            request,
            form=ForgottenForm(request.POST or None, initial=_guess(request)),
            save=lambda said: corrections.add_forgotten(**_typed(said), by=by),
            title="Add a forgotten event",
            lead="Somebody came or went and did not clock. The time is local to the person’s"
            " first gallery.",
            button="Add",
        )

    def correct_view(self, request: HttpRequest, event_id: int) -> HttpResponse:
        event, by = self._event(request, event_id), staff(request)
        return self._correct(
            request,
            event=event,
            form=ReplaceForm(request.POST or None, event=event),
            save=lambda said: corrections.replace(event=event, **_typed(said), by=by),
            title="Correct an event",
            lead="It happened otherwise. A new entry takes its place; the old one stays on record.",
            button="Correct",
        )

    def void_view(self, request: HttpRequest, event_id: int) -> HttpResponse:
        event, by = self._event(request, event_id), staff(request)
        return self._correct(
            request,
            event=event,
            form=ReasonForm(request.POST or None),
            save=lambda said: corrections.void(event=event, **said, by=by),
            title="This did not happen",
            lead="It stops counting, and stays on record.",
            button="It did not happen",
            is_void=True,
        )

    def _event(self, request: HttpRequest, event_id: int) -> AttendanceEvent:
        if not (self.may_correct(request) and self.has_view_permission(request)):
            raise PermissionDenied
        event = self.get_object(request, str(event_id))
        if event is None or event.person is None:
            raise Http404
        return event

    def _correct(
        self, request: HttpRequest, *, form: forms.Form, save: Correct, **page: Any
    ) -> HttpResponse:
        if request.method == "POST" and form.is_valid():
            try:
                made = save(form.cleaned_data)
            except Refusal as refusal:
                form.add_error(None, forms.ValidationError(refusal.message, code=refusal.code))
            else:
                messages.success(request, "Recorded, with your name and the reason.")
                return redirect("admin:recognition_attendanceevent_change", made.pk)
        return TemplateResponse(
            request, "attendance/correction.html", self._context(request, form, page)
        )

    def _context(
        self, request: HttpRequest, form: forms.Form, page: dict[str, Any]
    ) -> dict[str, Any]:
        event: AttendanceEvent | None = page.get("event")
        back = reverse("admin:recognition_attendanceevent_changelist")
        if event is not None:
            back = reverse("admin:recognition_attendanceevent_change", args=[event.pk])
            page["moment"] = moment_in(zone_of(event.person), event.occurred_at)
        shared = self.admin_site.each_context(request)
        return {**shared, "opts": self.opts, "form": form, "back": back, **page}


def _typed(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "direction": Direction(said["direction"])}


def _guess(request: HttpRequest) -> dict[str, Any]:
    """From a link in the table of days: who, which direction, and when the shift would have it."""
    query = request.GET
    guess: dict[str, Any] = {}
    if query.get("person", "").isdecimal():
        guess["person"] = Person.objects.filter(pk=query["person"]).first()
    if query.get("direction") in Direction.values:
        guess["direction"] = query["direction"]
    with suppress(KeyError, ValueError):
        guess["occurred_at"] = datetime.fromisoformat(query["at"]).replace(tzinfo=None)
    return guess
