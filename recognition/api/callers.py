"""Key, account, device and its galleries, in one statement.

Each request of each kiosk begins with it. The models' own queries would be three, and putting them
together would take longer than their answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from knox.models import AuthToken

from people.models import Gallery
from recognition.models import Device

Row = TypeVar("Row", bound=Model)


def _columns(kind: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in kind._meta.concrete_fields)


_CALLER = f"""
    SELECT {_columns(AuthToken, "t")}, {_columns(User, "u")},
        ARRAY(
            SELECT g.gallery_id FROM recognition_device_galleries g
            WHERE g.device_id = d.id ORDER BY g.gallery_id
        ),
        {_columns(Device, "d")}
    FROM knox_authtoken t
    JOIN auth_user u ON u.id = t.user_id
    LEFT JOIN recognition_device d ON d.account_id = u.id
    WHERE t.digest = %s
"""  # noqa: S608  of column names


def by_digest(digest: str) -> AuthToken | None:
    """The key with this hash, expired or not, its `user`, and the user's `device` if it is one."""
    with connection.cursor() as cursor:
        cursor.execute(_CALLER, [digest])
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    token, user = _next(AuthToken, values), _next(User, values)
    token.user = user
    galleries: Sequence[int] = next(values)
    device = _next(Device, values)
    if device.pk is None:
        User._meta.get_field("device").set_cached_value(user, None)
    else:
        device.account = user  # and the other way round
        device.where = [_next(Gallery, iter([pk]), ["id"]) for pk in galleries]
    return token


def _next(kind: type[Row], values: Iterator[Any], names: Sequence[str] = ()) -> Row:
    """The next row's worth of values, as the model would read them. names: others are left out."""
    names = names or [field.attname for field in kind._meta.concrete_fields]
    return kind.from_db(DEFAULT_DB_ALIAS, names, list(islice(values, len(names))))
