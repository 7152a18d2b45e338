"""Filters that know their words: a parameter nobody knows is an error, not silence."""

from __future__ import annotations

import re
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from recognition.api.fields import Moment

PAGING = {"cursor", "page_size", "ordering"}
_TEXT = {"type": "string", "pattern": r"^[^\u0000]*$", "minLength": 1}


class StrictFilters(DjangoFilterBackend):
    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: Any) -> Any:
        if view.action == "list":
            filterset = self.get_filterset_class(view, queryset)
            known = {*(filterset.base_filters if filterset else ()), *PAGING}
            refuse_unknown(request, known)
        return super().filter_queryset(request, queryset, view)


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raises ValidationError for query parameters that are not known, empty, or there twice."""
    wrong = {
        name: ["Unknown parameter." if name not in known else "Give one value."]
        for name, values in request.query_params.lists()
        if name not in known or len(values) > 1 or not values[0]
    }
    if wrong:
        raise ValidationError(wrong, code="unknown")


class _Id(forms.IntegerField):
    def to_python(self, value: Any) -> int | None:
        """An id too large for its column is nobody's, and 0 is too: neither reaches SQL."""
        number = super().to_python(value)
        return number if number is None or 0 < number < 2**63 else 0


@extend_schema_field({"type": "integer"})
class IdFilter(django_filters.Filter):
    """By the id of a row; one that is not there gives an empty list."""

    field_class = _Id


class _YesNo(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError("Use true or false.", code="invalid")
        return bool(value == "true")


@extend_schema_field({"type": "boolean"})
class YesNoFilter(django_filters.Filter):
    """Where django-filter's takes anything else for “not given”."""

    field_class = _YesNo


class _MomentField(forms.Field):
    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return None
        try:
            return Moment().run_validation(value)
        except ValidationError as error:
            raise forms.ValidationError("Use a time with its offset.", code="invalid") from error


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentFilter(django_filters.Filter):
    field_class = _MomentField


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class _UUIDText(forms.UUIDField):
    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value and not _UUID.fullmatch(value):
            raise forms.ValidationError("Use a UUID.", code="invalid")
        return super().to_python(value)


@extend_schema_field({"type": "string", "format": "uuid"})
class UUIDFilter(django_filters.UUIDFilter):
    field_class = _UUIDText


@extend_schema_field(_TEXT)
class TextFilter(django_filters.CharFilter):
    pass
