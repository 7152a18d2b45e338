"""When somebody is expected."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import ExtractHour, ExtractMinute

# Of a shift in minutes, by the clock on the wall.
_LENGTH = (
    ExtractHour("end") * 60
    + ExtractMinute("end")
    - ExtractHour("start") * 60
    - ExtractMinute("start")
    + Case(When(end__lte=F("start"), then=24 * 60), default=0)
)


class Shift(models.Model):
    """Working hours, in the local time of the person's gallery.

    An end at or before the start is on the next day. weekdays: ISO, Monday is 1, of the start.
    """

    name = models.CharField(max_length=100, unique=True)
    start = models.TimeField()
    end = models.TimeField(help_text="At or before the start: it ends on the next day.")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        size=7,
        help_text="Monday is 1, Sunday is 7.",
    )
    break_minutes = models.PositiveSmallIntegerField(default=0, help_text="Unpaid.")
    late_grace_minutes = models.PositiveSmallIntegerField(default=0)
    early_grace_minutes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    break_minutes__lt=_LENGTH,
                    late_grace_minutes__lt=_LENGTH,
                    early_grace_minutes__lt=_LENGTH,
                ),
                name="shift_longer_than_break_and_grace",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.hours}"

    def clean(self) -> None:
        minutes = self._minutes
        if minutes is None:
            return
        for field, what in (
            ("break_minutes", "The break"),
            ("late_grace_minutes", "The grace"),
            ("early_grace_minutes", "The grace"),
        ):
            if (getattr(self, field) or 0) >= minutes:
                raise ValidationError({field: f"{what} is as long as the shift, or longer."})

    @property
    def is_overnight(self) -> bool:
        return self.end <= self.start

    @property
    def hours(self) -> str:
        """08:00–17:00, or 22:00–06:00 (next day)."""
        return f"{self.start:%H:%M}–{self.end:%H:%M}" + (" (next day)" if self.is_overnight else "")

    @property
    def _minutes(self) -> int | None:
        """How long it is by the clock on the wall; None before both times are given."""
        if self.start is None or self.end is None:
            return None
        start, end = (time.hour * 60 + time.minute for time in (self.start, self.end))
        return end - start + (24 * 60 if self.is_overnight else 0)


class ShiftAssignment(models.Model):
    """Who works a shift, from a date on. A person's own assignment goes before the gallery's."""

    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, null=True, blank=True, related_name="shifts"
    )
    gallery = models.ForeignKey(
        "people.Gallery", on_delete=models.CASCADE, null=True, blank=True, related_name="shifts"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="Inclusive. Empty: until further.")

    class Meta:
        ordering: ClassVar = ["valid_from", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person=None, gallery__isnull=False)
                | Q(person__isnull=False, gallery=None),
                name="shiftassignment_person_or_gallery",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="shiftassignment_dates_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shift} from {self.valid_from}"

    def clean(self) -> None:
        """Names the fields: a form says it beside them, and not once more as a constraint."""
        if (self.person is None) == (self.gallery is None):
            one = "Choose a person or a gallery, one of the two."
            raise ValidationError({"person": one})
        if self.valid_to and self.valid_from and self.valid_to < self.valid_from:
            raise ValidationError({"valid_to": "This is before the first date."})


class Holiday(models.Model):
    """A day on which nobody is expected, everywhere or in one gallery."""

    date = models.DateField()
    name = models.CharField(max_length=100)
    gallery = models.ForeignKey(
        "people.Gallery", on_delete=models.CASCADE, null=True, blank=True, related_name="holidays"
    )

    class Meta:
        ordering: ClassVar = ["date"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["date", "gallery"], nulls_distinct=False, name="holiday_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.date}"
