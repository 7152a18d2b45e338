"""API tokens of people: seen and deleted here. The API makes them, and shows each once."""

from __future__ import annotations

from typing import ClassVar

import knox.admin  # noqa: F401  registers the page that this one replaces
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from knox.models import AuthToken

from people.admin.base import ModelAdmin

admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class TokenAdmin(ModelAdmin[AuthToken]):
    list_display = ("user", "begins_with", "created", "expiry")
    list_select_related = ("user",)
    search_fields: ClassVar = ["user__username", "token_key"]
    search_help_text = "Search by user name, or by how the token begins"
    fields = ("user", "begins_with", "created", "expiry")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        return False

    @admin.display(description="begins with")
    def begins_with(self, token: AuthToken) -> str:
        return str(token.token_key)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuthToken]:
        """Of people only: the keys of devices are the devices' own affair."""
        tokens: QuerySet[AuthToken] = super().get_queryset(request).filter(user__device=None)
        return tokens
