"""Key, account, device and its galleries, in one statement.

Each request of each kiosk begins with it. The models' own queries would be three, and putting them
together would take longer than their answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from knox.models import AuthToken

from people import prepared
from people.models import Gallery
from recognition.models import Device

_CALLER = f"""
    SELECT {prepared.columns(AuthToken, "t")}, {prepared.columns(User, "u")},
        ARRAY(
            SELECT g.gallery_id FROM recognition_device_galleries g
            WHERE g.device_id = d.id ORDER BY g.gallery_id
        ),
        {prepared.columns(Device, "d")}
    FROM knox_authtoken t
    JOIN auth_user u ON u.id = t.user_id
    LEFT JOIN recognition_device d ON d.account_id = u.id
    WHERE t.digest = %s
"""  # noqa: S608  of column names


def by_digest(digest: str) -> AuthToken | None:
    """The key with this hash, expired or not, its `user`, and the user's `device` if it is one."""
    found = prepared.rows(_CALLER, [digest])
    if not found:
        return None
    values = iter(found[0])
    token, user = prepared.next_of(AuthToken, values), prepared.next_of(User, values)
    token.user = user
    galleries: Sequence[int] = next(values)
    device = prepared.next_of(Device, values)
    if device.pk is None:
        User._meta.get_field("device").set_cached_value(user, None)
    else:
        device.account = user  # and the other way round
        device.where = [prepared.next_of(Gallery, iter([pk]), ["id"]) for pk in galleries]
    return token
