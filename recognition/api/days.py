"""What is asked about day summaries, and what is given."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from people.models import Gallery, Person
from recognition.api.fields import Strict
from recognition.attendance.days import MAX_DAYS, Asked, Place

# Dates that every part of the way can add a few days to.
_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)


def _impossible(name: str, why: str) -> serializers.ValidationError:
    """What the schema cannot say."""
    return serializers.ValidationError({name: [why]}, code="impossible")


class PeriodQuery(Strict):
    """`from` and `to`, inclusive, in the local time of each person's gallery."""

    is_required = True

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Here, for `from` is a word of Python."""
        period = {
            "from": serializers.DateField(required=self.is_required, help_text="First date."),
            "to": serializers.DateField(
                required=self.is_required, help_text=f"Last date; at most {MAX_DAYS} in all."
            ),
        }
        return {**period, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("from", "to"):
            if name in attrs and not _FIRST <= attrs[name] <= _LAST:
                raise _impossible(name, f"Not from {_FIRST} to {_LAST}.")
        if {"from", "to"} <= set(attrs):
            length = (attrs["to"] - attrs["from"]).days + 1
            if length < 1:
                raise _impossible("to", "It is before `from`.")
            if length > MAX_DAYS:
                raise _impossible("to", f"At most {MAX_DAYS} days at once.")
        return attrs


class ExportQuery(PeriodQuery):
    gallery = serializers.PrimaryKeyRelatedField(
        queryset=Gallery.objects.all(), required=False, help_text="Its id. Left out: everybody."
    )
    person = serializers.UUIDField(required=False, help_text="Left out: everybody.")

    def validate_person(self, value: Any) -> Person:
        person = Person.objects.filter(public_id=value).first()
        if person is None:
            raise serializers.ValidationError(
                "There is no person with this id.", code="does_not_exist"
            )
        return person

    @property
    def asked(self) -> Asked:
        query = self.validated_data
        return Asked(query["from"], query["to"], query.get("gallery"), query.get("person"))


_PLACE = r"^\d{4}-\d\d-\d\d\.\d{1,18}$"


@extend_schema_field({"type": "string", "pattern": _PLACE})
class CursorField(serializers.Field[Place, str, str, Place]):
    """After which row a page begins, as the page before says in `next`."""

    default_error_messages = {  # noqa: RUF012  as DRF has it
        "shape": "Take `next` of the page before as it is.",
        "impossible": "There is no such date.",
    }

    def to_internal_value(self, data: Any) -> Place:
        if not re.fullmatch(_PLACE, str(data), re.ASCII):
            self.fail("shape")
        day, _, person = str(data).partition(".")
        try:
            return Place(date.fromisoformat(day), int(person))
        except ValueError:
            self.fail("impossible")

    def to_representation(self, value: Place) -> str:
        return f"{value.date}.{value.person_id}"


class DaysQuery(ExportQuery):
    cursor = CursorField(required=False, help_text="As in `next` of the page before.")
    page_size = serializers.IntegerField(min_value=1, max_value=500, default=50)


class MyQuery(PeriodQuery):
    """Without `from` and `to` it is this month; with one of them, the month of that one."""

    is_required = False

    def asked(self, person: Person, today: date) -> Asked:
        first, last = self.validated_data.get("from"), self.validated_data.get("to")
        month = first or last or today
        length = calendar.monthrange(month.year, month.month)[1]
        return Asked(
            first or month.replace(day=1), last or month.replace(day=length), person=person
        )


class DaySerializer(serializers.Serializer[Any]):
    """One person's working day. Durations are in seconds, moments in UTC."""

    person = serializers.UUIDField()
    name = serializers.CharField()
    staff_number = serializers.CharField(allow_blank=True)
    date = serializers.DateField(help_text="In the local time of `time_zone`.")
    time_zone = serializers.CharField(source="zone")
    shift = serializers.CharField(allow_blank=True, help_text="Its name; empty on a free day.")
    shift_start = serializers.DateTimeField(allow_null=True, default_timezone=UTC)
    shift_end = serializers.DateTimeField(allow_null=True, default_timezone=UTC)
    first_in = serializers.DateTimeField(allow_null=True, default_timezone=UTC)
    last_out = serializers.DateTimeField(allow_null=True, default_timezone=UTC)
    worked = serializers.IntegerField()
    breaks = serializers.IntegerField()
    late = serializers.IntegerField()
    early_leave = serializers.IntegerField()
    overtime = serializers.IntegerField()
    missing_clock_out = serializers.BooleanField()
    is_absent = serializers.BooleanField()
    is_holiday = serializers.BooleanField()
    is_in = serializers.BooleanField(help_text="In now: the working day is not over.")
    events = serializers.IntegerField(help_text="How many count.")


class DayPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last one.")
    results = DaySerializer(many=True)
