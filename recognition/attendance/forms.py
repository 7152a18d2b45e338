"""What is asked about days, and what somebody corrects."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from people.models import Gallery, Person
from recognition.ask.forms import PersonSelect
from recognition.attendance.days import MAX_DAYS, Asked, Place
from recognition.attendance.shown import zone_of
from recognition.models import AttendanceEvent, Direction

# Dates that every part of the way can add a few days to.
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)


def _native(kind: str, **attrs: str) -> dict[str, str]:
    """The browser's own picker: it speaks the reader's language and works on a phone."""
    return {"type": kind, **attrs}


class AmongForm(forms.Form):
    gallery = forms.ModelChoiceField(
        Gallery.objects.all(),
        required=False,
        empty_label="Everybody",
        widget=UnfoldAdminSelectWidget(),
    )

    @property
    def gallery_or_none(self) -> Gallery | None:
        return self.cleaned_data.get("gallery") if self.is_valid() else None


class PeriodForm(AmongForm):
    person = forms.ModelChoiceField(
        Person.objects.all(), required=False, empty_label="Everybody", widget=PersonSelect()
    )
    first = forms.DateField(label="From", widget=UnfoldAdminTextInputWidget(_native("date")))
    last = forms.DateField(label="To", widget=UnfoldAdminTextInputWidget(_native("date")))
    after_date = forms.DateField(required=False, widget=forms.HiddenInput)
    after_person = forms.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput
    )
    field_order = ("first", "last", "gallery", "person")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("first"), data.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and not FIRST <= day <= LAST:
                self.add_error(name, f"Not from {FIRST} to {LAST}.")
        if first and last and last < first:
            self.add_error("last", "This is before the first date.")
        elif first and last and (last - first).days >= MAX_DAYS:
            self.add_error("last", f"At most {MAX_DAYS} days at once.")
        return data

    @property
    def asked(self) -> Asked:
        data = self.cleaned_data
        return Asked(data["first"], data["last"], data["gallery"], data["person"])

    @property
    def after(self) -> Place | None:
        data = self.cleaned_data
        if data["after_date"] is None or data["after_person"] is None:
            return None
        return Place(data["after_date"], data["after_person"])


def period_form(query: QueryDict, *, now: datetime) -> PeriodForm:
    """This week as far as it has come, in the gallery's time zone, unless dates are given."""
    gallery = AmongForm(query).gallery_or_none
    today = now.astimezone(ZoneInfo(gallery.time_zone if gallery else settings.TIME_ZONE)).date()
    this_week = {"first": today - timedelta(days=today.weekday()), "last": today}
    return PeriodForm({**this_week, **query.dict()})


def periods(today: date) -> dict[str, tuple[date, date]]:
    """Those that are asked for most, by name."""
    monday, begun = today - timedelta(days=today.weekday()), today.replace(day=1)
    before = begun - timedelta(days=1)
    return {
        "This week": (monday, today),
        "Last week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "This month": (begun, today),
        "Last month": (before.replace(day=1), before),
    }


class MonthForm(forms.Form):
    month = forms.DateField(required=False, input_formats=["%Y-%m"])

    def clean_month(self) -> date | None:
        month: date | None = self.cleaned_data["month"]
        if month and not FIRST <= month <= LAST.replace(month=1):
            raise forms.ValidationError("Not a month that can be shown.")
        return month


def month_of(day: date) -> tuple[date, date]:
    """First and last date of its month."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


# --- Corrections --------------------------------------------------------------------------


class WallTimeField(forms.DateTimeField):
    """What a clock on the wall shows: without a zone, which depends on the person."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(
            {**UnfoldAdminTextInputWidget().attrs, **_native("datetime-local", step="1")},
            format="%Y-%m-%dT%H:%M:%S",
        )
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):  # here no time is skipped, and none is there twice
            moment = super().to_python(value)
        return moment and moment.replace(tzinfo=None)

    def prepare_value(self, value: Any) -> Any:
        return value


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Whoever checks the hours reads it. It stays on record with your name.",
    )


class WhatForm(ReasonForm):
    direction = forms.ChoiceField(choices=Direction.choices, widget=UnfoldAdminSelectWidget())
    occurred_at = WallTimeField(label="When")


class ForgottenForm(WhatForm):
    person = forms.ModelChoiceField(Person.objects.all(), widget=PersonSelect())
    field_order = ("person", "direction", "occurred_at", "reason")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("person") and data.get("occurred_at"):
            data["occurred_at"] = later_of(data["occurred_at"], zone_of(data["person"]))
        return data


class ReplaceForm(WhatForm):
    field_order = ("direction", "occurred_at", "reason")

    def __init__(self, data: QueryDict | None, *, event: AttendanceEvent) -> None:
        self.event, self.zone = event, zone_of(event.person)
        self.before = event.occurred_at.astimezone(self.zone).replace(tzinfo=None, microsecond=0)
        initial = {"direction": event.direction, "occurred_at": self.before}
        super().__init__(data, initial=initial)
        self.fields["occurred_at"].help_text = f"Local time: {self.zone.key}."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        wall = data.get("occurred_at")
        if wall is None or "direction" not in data:
            return data
        is_same = wall == self.before
        if is_same and data["direction"] == self.event.direction and not self.event.is_void:
            raise forms.ValidationError("Nothing is changed: give another direction or time.")
        data["occurred_at"] = self.event.occurred_at if is_same else later_of(wall, self.zone)
        return data


def later_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The later of the two moments that a time can mean in the night the clocks change."""
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
