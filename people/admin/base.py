"""What every admin page of the project shares."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
Column = TypeVar("Column", bound=Callable[..., object])

if TYPE_CHECKING:
    # Unfold ships no types; its class is Django's with another look.
    from django.contrib.admin import ModelAdmin as Themed
else:
    from unfold.admin import ModelAdmin as _Themed

    class Themed(_Themed):
        def __class_getitem__(cls, _model):
            return cls


class ModelAdmin(Themed[M]):
    """Unfold's look."""

    list_per_page = 50


class ReadOnly(ModelAdmin[M]):
    """A log: nobody adds, changes or deletes, superusers included."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


def as_state(colours: Mapping[str, str]) -> Callable[[Column], Column]:
    """Shows a column `state` as Unfold's coloured labels; colours: word shown → Unfold's name."""

    def mark(column: Column) -> Column:
        for name, value in {
            "short_description": "state",
            "admin_order_field": "state",
            "label": dict(colours),
        }.items():
            setattr(column, name, value)
        return column

    return mark


def staff(request: HttpRequest) -> User:
    """Whoever is logged in; admin views let nobody else through."""
    if isinstance(request.user, AnonymousUser):
        raise TypeError("an admin view was reached without a log-in")
    return request.user


__all__ = ["ModelAdmin", "ReadOnly", "as_state", "staff"]
