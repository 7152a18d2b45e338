"""Shifts, who works them, and holidays, as the API takes and gives them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ImpossibleShift
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from people.models import Person
from recognition.api.fields import Strict
from recognition.models import Holiday, Shift, ShiftAssignment


def _refused(name: str, why: str, code: str = "impossible") -> serializers.ValidationError:
    """What the schema cannot say."""
    return serializers.ValidationError({name: [why]}, code=code)


_TIME = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"


@extend_schema_field({"type": "string", "pattern": _TIME})
class LocalTime(serializers.TimeField):
    """Of a clock on the wall: an offset makes no sense, though the format `time` demands one."""

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(_TIME, value, re.ASCII):
            self.fail("invalid", format="hh:mm")
        return super().to_internal_value(value)


class ShiftSerializer(Strict, serializers.ModelSerializer[Shift]):
    start = LocalTime()
    end = LocalTime(help_text="At or before the start: it ends on the next day.")
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        min_length=1,
        max_length=7,
        help_text="Monday is 1, Sunday is 7; of the start.",
    )

    class Meta:
        model = Shift
        fields: ClassVar = [
            "id",
            "name",
            "start",
            "end",
            "weekdays",
            "break_minutes",
            "late_grace_minutes",
            "early_grace_minutes",
        ]

    def validate_weekdays(self, value: list[int]) -> list[int]:
        return sorted(set(value))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kept = {name: getattr(self.instance, name) for name in self.Meta.fields if self.instance}
        try:
            Shift(**{**kept, **attrs}).clean()
        except ImpossibleShift as error:
            raise serializers.ValidationError(error.message_dict, code="impossible") from error
        return attrs


class PersonField(serializers.UUIDField):
    """The id of a person. Gives Person."""

    def to_internal_value(self, data: Any) -> Any:
        person = Person.objects.filter(public_id=super().to_internal_value(data)).first()
        if person is None:
            raise serializers.ValidationError(
                "There is no person with this id.", code="does_not_exist"
            )
        return person

    def to_representation(self, value: Any) -> str:
        return str(value.public_id)


class ShiftAssignmentSerializer(Strict, serializers.ModelSerializer[ShiftAssignment]):
    """Of a person or of a gallery, one of the two."""

    person = PersonField(required=False, allow_null=True)

    class Meta:
        model = ShiftAssignment
        fields: ClassVar = ["id", "shift", "person", "gallery", "valid_from", "valid_to"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        def value(name: str) -> Any:
            return attrs.get(name, getattr(self.instance, name, None))

        if (value("person") is None) == (value("gallery") is None):
            raise _refused("person", "Give a person or a gallery, one of the two.")
        if value("valid_to") is not None and value("valid_to") < value("valid_from"):
            raise _refused("valid_to", "It is before `valid_from`.")
        return attrs


class HolidaySerializer(Strict, serializers.ModelSerializer[Holiday]):
    class Meta:
        model = Holiday
        fields: ClassVar = ["id", "date", "name", "gallery"]
        validators: ClassVar[list[Any]] = []  # the one of the model passes over an empty gallery

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        def value(name: str) -> Any:
            return attrs.get(name, getattr(self.instance, name, None))

        same = Holiday.objects.filter(date=value("date"), gallery=value("gallery"))
        if any(holiday != self.instance for holiday in same):
            raise _refused("date", "This is a holiday already.", code="unique")
        return attrs
