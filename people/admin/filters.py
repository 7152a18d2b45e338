"""Filters of the list of people that ask what needs somebody's attention."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from people.models import Person
from people.querysets import PersonQuerySet


class PhotosFilter(admin.SimpleListFilter):
    title = "photos"
    parameter_name = "photos"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("ready", "Has ready photos"),
            ("pending", "Has pending photos"),
            ("rejected", "Has rejected photos"),
            ("none_ready", "Has no ready photo"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> QuerySet[Person]:
        if not isinstance(queryset, PersonQuerySet):
            raise TypeError("the people admin uses the queryset of people")
        if self.value() == "none_ready":
            return queryset.without_photos_in("ready")
        if self.value() in ("ready", "pending", "rejected"):
            return queryset.with_photos_in(str(self.value()))
        return queryset
