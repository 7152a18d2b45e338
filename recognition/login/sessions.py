"""How a session came to be: Django keeps the backend's path in it, we whether a face was given."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

# Spelt out: the backends need the models, and this is read before they are there.
_FACE_ALONE = "recognition.login.backends.FaceAlone"
_SETTLED = "second_factor_settled"
_ADDED = "added_photos"
_MOST_ADDED = 100


def is_by_face_alone(request: HttpRequest) -> bool:
    return request.session.get(BACKEND_SESSION_KEY) == _FACE_ALONE


def settle(request: HttpRequest) -> None:
    """The face was given beside the password, or the operator lets this account do without now."""
    request.session[_SETTLED] = True


def unsettle(request: HttpRequest) -> None:
    request.session.pop(_SETTLED, None)


def is_settled(request: HttpRequest) -> bool:
    return bool(request.session.get(_SETTLED))


def note_added(request: HttpRequest, photos: Iterable[int]) -> None:
    """Photos of one's own face, by key, that were added in this session."""
    request.session[_ADDED] = [*added(request), *photos][-_MOST_ADDED:]


def added(request: HttpRequest) -> list[int]:
    return list(request.session.get(_ADDED, ()))


def had_password(request: HttpRequest) -> bool:
    """Whether somebody is logged in here, and gave the password for it."""
    return request.user.is_authenticated and not is_by_face_alone(request)


def bound_to(request: HttpRequest) -> str:
    """Whose challenges these are: told by the session, which they do not tell."""
    key = request.session.session_key or ""
    return salted_hmac("recognition.login.challenge", key, algorithm="sha256").hexdigest()
