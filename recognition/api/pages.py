"""Pages by cursor: stable while rows are added, and as fast on page 10,000 as on the first."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

_MOST_DIGITS = 18  # of an id; more does not fit its column
_NEWEST_FIRST = "-id"
ORDERINGS = ("id", _NEWEST_FIRST)
# What a cursor of ours says: the order it was made for, and after which id a page begins.
_POSITION = re.compile(rf"(?P<ordering>-?id):(?P<id>[0-9]{{1,{_MOST_DIGITS}}})")


class Pages(CursorPagination):
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = _NEWEST_FIRST

    def get_page_size(self, request: Request) -> int:
        """Raises ValidationError, where DRF would take its default in silence."""
        asked = request.query_params.get("page_size", str(self.page_size))
        is_number = asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
        if not is_number or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({"page_size": [f"Use 1 to {self.max_page_size}."]})
        return int(asked)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str]:
        asked = request.query_params.get("ordering", _NEWEST_FIRST)
        if asked not in ORDERINGS:
            raise ValidationError({"ordering": [f"Use {' or '.join(ORDERINGS)}."]})
        return (asked,)

    def decode_cursor(self, request: Request) -> Any:
        """Raises NotFound for what is no cursor of ours, for its position goes into a query, and
        ValidationError for one of the other order: its rows would be others than it promised."""
        cursor: Any = super().decode_cursor(request)
        if cursor is None:
            return None
        position = _POSITION.fullmatch(cursor.position or "")
        if position is None:
            raise NotFound(self.invalid_cursor_message)
        if position["ordering"] != self.ordering[0]:
            raise ValidationError({"cursor": ["This is of the other `ordering`."]})
        return cursor._replace(position=position["id"])

    def encode_cursor(self, cursor: Any) -> str:
        position = f"{self.ordering[0]}:{cursor.position}"
        return str(super().encode_cursor(cursor._replace(position=position)))

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        """Where DRF says `nullable`, which OpenAPI 3.1 does not know."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"] |= (
                {"minimum": 1, "maximum": self.max_page_size}
                if parameter["name"] == "page_size"
                else {"minLength": 1}
            )
        ordering = {
            "name": "ordering",
            "required": False,
            "in": "query",
            "description": "`-id`: what was added last comes first. A cursor keeps its order.",
            "schema": {"type": "string", "enum": list(ORDERINGS), "default": _NEWEST_FIRST},
        }
        return [*parameters, ordering]
