"""How a session came to be: Django keeps the backend's path in it, we whether a face was given."""

from __future__ import annotations

from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

# Spelt out: the backends need the models, and this is read before they are there.
_FACE_ALONE = "recognition.login.backends.FaceAlone"
_SETTLED = "second_factor_settled"
_ENROLS = "enrols_own_face"


def is_by_face_alone(request: HttpRequest) -> bool:
    return request.session.get(BACKEND_SESSION_KEY) == _FACE_ALONE


def settle(request: HttpRequest) -> None:
    """The face was given beside the password, or the operator lets this account do without now."""
    request.session[_SETTLED] = True


def is_settled(request: HttpRequest) -> bool:
    return bool(request.session.get(_SETTLED))


def begin_to_enrol(request: HttpRequest) -> None:
    """The first photo of an account's face: the others need not wait for it to be asked for."""
    request.session[_ENROLS] = True


def is_enrolling(request: HttpRequest) -> bool:
    return bool(request.session.get(_ENROLS))


def had_password(request: HttpRequest) -> bool:
    """Whether somebody is logged in here, and gave the password for it."""
    return request.user.is_authenticated and not is_by_face_alone(request)


def bound_to(request: HttpRequest) -> str:
    """Whose challenges these are: told by the session, which they do not tell."""
    key = request.session.session_key or ""
    return salted_hmac("recognition.login.challenge", key, algorithm="sha256").hexdigest()
