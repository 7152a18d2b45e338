"""Pages by cursor: stable while rows are added, and as fast on page 10,000 as on the first."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

_MOST_DIGITS = 18  # of an id; more does not fit its column


class Pages(CursorPagination):
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        """Raises ValidationError, where DRF would take its default in silence."""
        asked = request.query_params.get("page_size", str(self.page_size))
        is_number = asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
        if not is_number or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({"page_size": [f"Use 1 to {self.max_page_size}."]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Any:
        """Raises NotFound for what is no cursor of ours; its position goes into a query."""
        cursor = super().decode_cursor(request)
        position = str(cursor.position or 0) if cursor is not None else "0"
        if not (position.isascii() and position.isdigit() and len(position) <= _MOST_DIGITS):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"] |= (
                {"minimum": 1, "maximum": self.max_page_size}
                if parameter["name"] == "page_size"
                else {"minLength": 1}
            )
        return parameters
