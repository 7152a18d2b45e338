"""The OpenAPI schema: every operation documents its problems."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers

Problem = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "code": serializers.CharField(help_text="Stable, for programs."),
        "detail": serializers.CharField(help_text="A sentence for people."),
        "errors": serializers.JSONField(required=False, help_text="By field."),
    },
)


class Schema(AutoSchema):
    def get_response_serializers(self) -> Any:
        """Adds `default`: any status not listed is a problem."""
        found = super().get_response_serializers()
        answers = found if isinstance(found, dict) else {self._success(): found}
        return answers | {
            ("default", "application/problem+json"): OpenApiResponse(Problem, "A problem.")
        }

    def _success(self) -> str:
        if self.method == "DELETE":
            return "204"
        return "201" if self.method == "POST" and self._is_create() else "200"

    def _is_create(self) -> bool:
        return getattr(self.view, "action", "") == "create"
