"""When somebody is expected."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q


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

    def __str__(self) -> str:
        return f"{self.name} ({self.start:%H:%M}–{self.end:%H:%M})"


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
        if (self.person is None) == (self.gallery is None):
            raise ValidationError("Choose a person or a gallery, one of the two.")


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
