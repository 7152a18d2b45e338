"""When somebody is expected, for users with the permissions of the models."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.db.models import ProtectedError
from rest_framework import viewsets

from people.errors import Refusal
from recognition.api.access import Rule
from recognition.api.filters import IdFilter, UUIDFilter
from recognition.api.pages import by_date, by_name
from recognition.api.schedules import (
    HolidaySerializer,
    ShiftAssignmentSerializer,
    ShiftSerializer,
)
from recognition.models import Holiday, Shift, ShiftAssignment

METHODS = ("get", "post", "patch", "delete", "head", "options")


class ShiftInUse(Refusal):
    code = "shift_in_use"


def _rules(model: str) -> dict[str, Rule]:
    view = Rule(f"recognition.view_{model}")
    return {
        "list": view,
        "retrieve": view,
        "create": Rule(f"recognition.add_{model}"),
        "partial_update": Rule(f"recognition.change_{model}"),
        "destroy": Rule(f"recognition.delete_{model}"),
    }


class ShiftViewSet(viewsets.ModelViewSet[Shift]):
    """Working hours. A change counts for the past too: make another shift instead."""

    queryset = Shift.objects.all()
    serializer_class = ShiftSerializer
    orders = (by_name("name"),)
    lookup_value_converter = "int"
    http_method_names = METHODS
    rules: ClassVar = _rules("shift")

    def perform_destroy(self, instance: Shift) -> None:
        try:
            instance.delete()
        except ProtectedError as error:
            raise ShiftInUse("This shift is assigned. End the assignments instead.") from error


class ShiftAssignmentFilter(django_filters.FilterSet):
    person = UUIDFilter(field_name="person__public_id")
    gallery = IdFilter()
    shift = IdFilter()


class ShiftAssignmentViewSet(viewsets.ModelViewSet[ShiftAssignment]):
    """Who works a shift, from a date on."""

    queryset = ShiftAssignment.objects.select_related("person", "gallery", "shift")
    serializer_class = ShiftAssignmentSerializer
    filterset_class = ShiftAssignmentFilter
    orders = (by_date("valid_from"),)
    lookup_value_converter = "int"
    http_method_names = METHODS
    rules: ClassVar = _rules("shiftassignment")


class HolidayFilter(django_filters.FilterSet):
    date = django_filters.DateFilter(input_formats=["%Y-%m-%d"])
    gallery = IdFilter()


class HolidayViewSet(viewsets.ModelViewSet[Holiday]):
    """Days on which nobody is expected."""

    queryset = Holiday.objects.all()
    serializer_class = HolidaySerializer
    filterset_class = HolidayFilter
    orders = (by_date("date"),)
    lookup_value_converter = "int"
    http_method_names = METHODS
    rules: ClassVar = _rules("holiday")
