"""When somebody is expected: shifts, who works them from when on, and holidays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from people.admin.base import ModelAdmin
from recognition.models import Holiday, Shift, ShiftAssignment

WEEKDAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 7: "Sun"}

if TYPE_CHECKING:
    Form = forms.ModelForm[Shift]
else:
    Form = forms.ModelForm


class ShiftForm(Form):
    weekdays = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=list(WEEKDAYS.items()),
        initial=[1, 2, 3, 4, 5],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="On which days it starts.",
        error_messages={"required": "Choose at least one day."},
    )

    class Meta:
        model = Shift
        fields = ("name", "start", "end", "weekdays", "break_minutes",
                  "late_grace_minutes", "early_grace_minutes")  # fmt: skip
        help_texts: ClassVar = {
            "break_minutes": "Minutes, unpaid. What was clocked as a break is not taken off again.",
            "late_grace_minutes": "Minutes after the start that are not yet late.",
            "early_grace_minutes": "Minutes before the end that are not yet early.",
        }
        labels: ClassVar = {
            "break_minutes": "Break",
            "late_grace_minutes": "Grace for coming late",
            "early_grace_minutes": "Grace for leaving early",
        }

    def clean_weekdays(self) -> list[int]:
        return sorted(self.cleaned_data["weekdays"])


@admin.register(Shift)
class ShiftAdmin(ModelAdmin[Shift]):
    form = ShiftForm
    list_display = ("name", "hours", "days", "unpaid", "grace")
    search_fields: ClassVar = ["name"]
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": ["name", ("start", "end"), "weekdays"],
                "description": "A change counts for past days too. For new hours from a date on,"
                " make a new shift and assign it from that date.",
            },
        ),
        (
            "Minutes",
            {"fields": ["break_minutes", ("late_grace_minutes", "early_grace_minutes")]},
        ),
    ]

    @admin.display(description="hours", ordering="start")
    def hours(self, shift: Shift) -> str:
        return shift.hours

    @admin.display(description="days")
    def days(self, shift: Shift) -> str:
        return weekdays_in_words(shift.weekdays)

    @admin.display(description="unpaid break", ordering="break_minutes")
    def unpaid(self, shift: Shift) -> str:
        return f"{shift.break_minutes} min" if shift.break_minutes else "–"

    @admin.display(description="grace, late / early")
    def grace(self, shift: Shift) -> str:
        return f"{shift.late_grace_minutes} / {shift.early_grace_minutes} min"


@admin.register(ShiftAssignment)
class ShiftAssignmentAdmin(ModelAdmin[ShiftAssignment]):
    list_display = ("whose", "shift", "valid_from", "valid_until")
    list_filter: ClassVar = ["shift", "gallery"]
    list_select_related = ("shift", "person", "gallery")
    search_fields: ClassVar = ["person__full_name", "person__staff_number", "gallery__name"]
    search_help_text = "Search by person or gallery"
    autocomplete_fields = ("person", "gallery")
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": [("person", "gallery"), "shift", ("valid_from", "valid_to")],
                "description": "For one person or for a gallery. Somebody’s own goes before that"
                " of the gallery; of several, the one with the latest date counts.",
            },
        )
    ]

    @admin.display(description="who")
    def whose(self, assignment: ShiftAssignment) -> str:
        if assignment.person is not None:
            return assignment.person.full_name
        return f"Everybody in {assignment.gallery}"

    @admin.display(description="valid to", ordering="valid_to", empty_value="Until further notice")
    def valid_until(self, assignment: ShiftAssignment) -> Any:
        return assignment.valid_to


@admin.register(Holiday)
class HolidayAdmin(ModelAdmin[Holiday]):
    list_display = ("date", "name", "where")
    list_filter: ClassVar = ["gallery"]
    list_select_related = ("gallery",)
    date_hierarchy = "date"
    search_fields: ClassVar = ["name"]
    autocomplete_fields = ("gallery",)
    fields = ("date", "name", "gallery")

    @admin.display(description="where", ordering="gallery__name")
    def where(self, holiday: Holiday) -> str:
        return str(holiday.gallery) if holiday.gallery else "Everywhere"


def weekdays_in_words(weekdays: list[int]) -> str:
    """Mon–Fri, or Mon, Wed."""
    chosen = sorted(set(weekdays))
    if len(chosen) == 7:
        return "Every day"
    if len(chosen) > 2 and chosen[-1] - chosen[0] == len(chosen) - 1:
        return f"{WEEKDAYS[chosen[0]]}–{WEEKDAYS[chosen[-1]]}"
    return ", ".join(WEEKDAYS[day] for day in chosen)
