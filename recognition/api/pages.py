"""Pages by cursor: stable while rows are added, and as fast on page 10,000 as on the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

_MOST_DIGITS = 18  # of an id; more does not fit its column
_NEWEST_FIRST = "-id"
# What a cursor of ours says: the order it was made for, after which row a page begins, and what
# that row had then: it may have been renamed or erased since.
_POSITION = re.compile(
    rf"(?P<ordering>-?[a-z_]+):(?P<id>[0-9]{{1,{_MOST_DIGITS}}})(:(?P<value>[^\0]{{0,300}}))?"
)


@dataclass(frozen=True, slots=True)
class Order:
    """A field that a list may be in the order of; an index serves it, or there are few rows.

    read: what stands in a cursor → its value; raises ValueError. folds: in small letters.
    """

    field: str
    read: Callable[[str], object] = str
    folds: bool = False

    @property
    def key(self) -> Any:
        return Lower(self.field) if self.folds else F(self.field)

    def at(self, text: str) -> Any:
        """The key of a row that had this. Raises ValueError."""
        value = Value(self.read(text))
        return Lower(value) if self.folds else value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("nobody knows which hour is meant")
    return moment


BY_ID = Order("id", int)


def by_name(field: str) -> Order:
    return Order(field, folds=True)


def by_date(field: str) -> Order:
    return Order(field, date.fromisoformat)


def by_moment(field: str) -> Order:
    return Order(field, _moment)


@dataclass(frozen=True, slots=True)
class _Place:
    """The row before or after which a page is, also as `text` in a cursor."""

    id: int
    key: Any
    text: str


class Pages(CursorPagination):
    """Rows with one value are in the order of their ids: each has a place of its own.

    A view's `orders` are those it has besides the one by id.
    """

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.base_url = request, request.build_absolute_uri()
        self.page_size = self.get_page_size(request)
        self.orders = _orders(view)
        self.asked = _asked(request, self.orders)
        self.order = self.orders[self.asked]
        self.cursor: Any = self.decode_cursor(request)
        backwards = self.cursor is not None and self.cursor.reverse
        found = list(self._rows(queryset, backwards=backwards)[: self.page_size + 1])
        has_more = len(found) > self.page_size
        self.page = found[: self.page_size]
        if backwards:
            self.page.reverse()
        self.has_next = backwards or has_more
        self.has_previous = has_more if backwards else self.cursor is not None
        return self.page

    def _rows(self, queryset: Any, *, backwards: bool) -> Any:
        descends = self.asked.startswith("-") != backwards
        key = F("_key")
        rows = queryset.alias(_key=self.order.key).order_by(
            key.desc() if descends else key.asc(), "-id" if descends else "id"
        )
        if self.cursor is None:
            return rows
        place: _Place = self.cursor.position
        side = "lt" if descends else "gt"
        # The first condition is the one an index understands.
        return rows.filter(
            Q((f"_key__{side}e", place.key)),
            Q((f"_key__{side}", place.key)) | Q((f"id__{side}", place.id)),
        )

    def get_page_size(self, request: Request) -> int:
        """Raises ValidationError, where DRF would take its default in silence."""
        asked = request.query_params.get("page_size", str(Pages.page_size))
        is_number = asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
        if not is_number or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({"page_size": [f"Use 1 to {self.max_page_size}."]})
        return int(asked)

    def get_next_link(self) -> str | None:
        return self._link(reverse=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        return self._link(reverse=True) if self.has_previous else None

    def _link(self, *, reverse: bool) -> str:
        """After the last row of this page, or before its first."""
        if self.page:
            position = self._position_of(self.page[0 if reverse else -1])
        else:  # they are gone meanwhile: back to where it came from
            position = self.cursor.position.text
        cursor: Any = Cursor(0, reverse, None)
        return str(self.encode_cursor(cursor._replace(position=position)))

    def _position_of(self, row: Any) -> str:
        position = f"{self.asked}:{row.pk}"
        if self.order is BY_ID:
            return position
        value = getattr(row, self.order.field)
        return f"{position}:{value if isinstance(value, str) else value.isoformat()}"

    def decode_cursor(self, request: Request) -> Any:
        """With a _Place as its position.

        Raises NotFound for what is no cursor of ours, for it goes into a query, and
        ValidationError for one of another order: its rows would be others than it promised.
        """
        cursor: Any = super().decode_cursor(request)
        if cursor is None:
            return None
        found = _POSITION.fullmatch(cursor.position or "")
        order = self.orders.get(found["ordering"]) if found else None
        if found is None or order is None or (found["value"] is None) != (order is BY_ID):
            raise NotFound(self.invalid_cursor_message)
        if found["ordering"] != self.asked:
            raise ValidationError({"cursor": ["This is of another `ordering`."]})
        try:
            key = order.at(found["id"] if order is BY_ID else found["value"])
        except ValueError as error:
            raise NotFound(self.invalid_cursor_message) from error
        return cursor._replace(position=_Place(int(found["id"]), key, cursor.position))

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
            "description": (
                "`-id`: what was added last comes first. Rows with one value are in the order of"
                " their ids; names as if in small letters. A cursor keeps its order."
            ),
            "schema": {"type": "string", "enum": [*_orders(view)], "default": _NEWEST_FIRST},
        }
        return [*parameters, ordering]


def _orders(view: Any) -> dict[str, Order]:
    """By what `ordering` is to be."""
    orders = (BY_ID, *getattr(view, "orders", ()))
    return {f"{sign}{order.field}": order for order in orders for sign in ("", "-")}


def _asked(request: Request, orders: Collection[str]) -> str:
    """Raises ValidationError."""
    asked = request.query_params.get("ordering", _NEWEST_FIRST)
    if asked not in orders:
        raise ValidationError({"ordering": [f"Use {' or '.join(orders)}."]})
    return asked
