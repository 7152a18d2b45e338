"""Whose face only few may change: that of an account with admin rights opens the admin.

Whoever could put other photos in its place, or take them away, would get round the second factor
of an account with more rights than their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from people.errors import Refusal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from people.models import Person


class FaceGuarded(Refusal):
    code = "face_guarded"

    def __init__(self) -> None:
        super().__init__(
            "An account with admin rights belongs to this face. Only a superuser, or the person,"
            " may change it."
        )


class SwitchGuarded(FaceGuarded):
    def __init__(self) -> None:
        Refusal.__init__(
            self,
            "An account with admin rights belongs to this person. Only a superuser may switch them"
            " off or on.",
        )


def may_change_face(*, person: Person, by: User | None) -> bool:
    """by: who wants to; None for whoever has the machine, or acts for themselves."""
    return person.user is None or may_link(account=person.user, by=by)


def may_link(*, account: User, by: User | None) -> bool:
    """Whether they may say whose face opens this account."""
    return _outranks(account, by=by) or (by is not None and by.pk == account.pk)


def may_switch(*, person: Person, by: User | None) -> bool:
    """Whether they may say that this person is active. Off, the account cannot show its face."""
    return person.user is None or _outranks(person.user, by=by)


def _outranks(account: User, *, by: User | None) -> bool:
    has_rights = account.is_staff or account.is_superuser
    return by is None or not has_rights or by.is_superuser


def require_may_switch(*, person: Person, by: User | None) -> None:
    """Raises SwitchGuarded."""
    if not may_switch(person=person, by=by):
        raise SwitchGuarded


def require_may_change_face(*, person: Person, by: User | None) -> None:
    """Raises FaceGuarded."""
    if not may_change_face(person=person, by=by):
        raise FaceGuarded
