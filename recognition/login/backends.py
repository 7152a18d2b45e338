"""Two ways to a session; which one it was stays in the session, as Django's own mark."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from recognition.login import brakes
from recognition.login.addresses import client_address
from recognition.login.brakes import Braked
from recognition.models import BrakeKind


class BrakedPassword(ModelBackend):
    """Passwords, wherever they are asked for: the two log-in pages, the API's tokens.

    While somebody has to wait nothing is looked at; `request.login_brake` says how long.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if request is None or username is None or password is None:  # nobody to count
            found = super().authenticate(request, username, password, **kwargs)
            return found if isinstance(found, User) else None
        try:
            ticket = brakes.enter(
                kind=BrakeKind.PASSWORD, name=username, address=client_address(request)
            )
            user = super().authenticate(request, username=username, password=password, **kwargs)
            if isinstance(user, User):
                brakes.succeed(ticket=ticket)
                return user
        except Braked as braked:
            request.login_brake = braked  # type: ignore[attr-defined]
            raise PermissionDenied from braked
        return None


class FaceAlone(BaseBackend):
    """Sessions that came from a face and no password.

    They are nobody's as soon as the account has admin rights: everywhere, at every request.
    """

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.filter(pk=user_id, is_active=True).first()
        return None if user is None or has_admin_rights(user) else user


def has_admin_rights(user: User) -> bool:
    return user.is_staff or user.is_superuser


def path_of(backend: type[BaseBackend]) -> str:
    return f"{backend.__module__}.{backend.__qualname__}"


PASSWORD = path_of(BrakedPassword)
FACE_ALONE = path_of(FaceAlone)
