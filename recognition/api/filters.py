"""Filters that know their words: a parameter nobody knows is an error, not silence."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = {"cursor", "page_size"}


class StrictFilters(DjangoFilterBackend):
    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: Any) -> Any:
        if view.action == "list":
            filterset = self.get_filterset_class(view, queryset)
            known = {*(filterset.base_filters if filterset else ()), *PAGING}
            refuse_unknown(request, known)
        return super().filter_queryset(request, queryset, view)


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raises ValidationError for query parameters that are not known."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise ValidationError({name: ["Unknown parameter."] for name in unknown}, code="unknown")
