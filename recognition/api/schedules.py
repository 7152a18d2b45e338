"""Shifts, who works them, and holidays, as the API takes and gives them."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from people.models import Person
from recognition.api.fields import Strict
from recognition.models import Holiday, Shift, ShiftAssignment


class ShiftSerializer(Strict, serializers.ModelSerializer[Shift]):
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


class PersonField(serializers.UUIDField):
    """The id of a person. Gives Person."""

    def to_internal_value(self, data: Any) -> Any:
        person = Person.objects.filter(public_id=super().to_internal_value(data)).first()
        if person is None:
            raise serializers.ValidationError("There is no person with this id.")
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
            raise serializers.ValidationError({"person": ["Give a person or a gallery."]})
        if value("valid_to") is not None and value("valid_to") < value("valid_from"):
            raise serializers.ValidationError({"valid_to": ["It is before `valid_from`."]})
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
            raise serializers.ValidationError({"date": ["This is a holiday already."]})
        return attrs
