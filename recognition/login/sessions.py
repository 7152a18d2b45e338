"""How a session came to be: Django keeps the path of the backend in it."""

from __future__ import annotations

from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest

# Spelt out: the backends need the models, and this is read before they are there.
_FACE_ALONE = "recognition.login.backends.FaceAlone"


def is_by_face_alone(request: HttpRequest) -> bool:
    return request.session.get(BACKEND_SESSION_KEY) == _FACE_ALONE


def had_password(request: HttpRequest) -> bool:
    """Whether somebody is logged in here, and gave the password for it."""
    return request.user.is_authenticated and not is_by_face_alone(request)
