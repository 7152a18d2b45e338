"""Somebody on the way to a log-in: what the session remembers between two steps."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.utils.crypto import constant_time_compare

from recognition.login.accounts import Mode

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

_KEY = "face_login"
VALID_FOR_S = 300


@dataclass(frozen=True, slots=True)
class Pending:
    """mode: how this log-in goes. name: as typed. user_id, stamp: whose password was right, and
    of which password. goes_to: the page asked for."""

    mode: Mode
    since: float
    goes_to: str
    name: str = ""
    user_id: int | None = None
    stamp: str = ""

    def user(self) -> User | None:
        """Whose password was right; nobody when it was changed or the account closed since."""
        user = User.objects.filter(pk=self.user_id or 0, is_active=True).first()
        if user is None or not constant_time_compare(user.get_session_auth_hash(), self.stamp):
            return None
        return user


def begin_with_password(session: SessionBase, *, user: User, goes_to: str) -> None:
    _begin(
        session,
        Pending(
            mode=Mode.SECOND_FACTOR,
            since=time.time(),
            goes_to=goes_to,
            name=user.get_username(),
            user_id=user.pk,
            stamp=user.get_session_auth_hash(),
        ),
    )


def begin_with_name(session: SessionBase, *, name: str, goes_to: str) -> None:
    _begin(session, Pending(mode=Mode.CLAIMED, since=time.time(), goes_to=goes_to, name=name))


def begin_with_nothing(session: SessionBase, *, goes_to: str) -> None:
    _begin(session, Pending(mode=Mode.RECOGNIZE, since=time.time(), goes_to=goes_to))


def _begin(session: SessionBase, pending: Pending) -> None:
    # A session that somebody planted beforehand is not the one that goes on.
    session.cycle_key()
    session[_KEY] = asdict(pending)


def read(session: SessionBase) -> Pending | None:
    """None when nobody is on the way, or took too long."""
    kept = session.get(_KEY)
    if kept is None or time.time() - kept["since"] > VALID_FOR_S:
        return None
    return Pending(**{**kept, "mode": Mode(kept["mode"])})


def end(session: SessionBase) -> None:
    session.pop(_KEY, None)
