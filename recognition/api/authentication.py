"""Who calls: a device or a user by key, or staff by their browser session."""

from __future__ import annotations

import binascii
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from recognition.api import callers
from recognition.devices import note_seen
from recognition.login.accounts import missing_beside_password
from recognition.models import Device


class KeyExpired(AuthenticationFailed):
    default_code = "key_expired"
    default_detail = "This token has expired. Log in for a new one."


class KeyRevoked(AuthenticationFailed):
    default_code = "key_revoked"
    default_detail = "This key was revoked or replaced. Give the device a new one."


class SecondFactorRequired(PermissionDenied):
    default_code = "second_factor_required"
    default_detail = (
        "This account logs in with password and face, so a password alone gives no token, and one"
        " of before does not count. Use an account that has neither face nor admin"
        " rights, or a device."
    )


class KeyAuthentication(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer KEY`. Keys are kept as hashes; a revoked or expired one is a 401."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Knox would ask twice, and sweep expired keys of the account meanwhile: `tidy` does.

        Any key costs one look-up by its hash, so the time tells nothing of keys near to it. What
        is wrong with a key that is found is told to nobody but who sent the whole of it.
        """
        try:
            digest = hash_token(token.decode("ascii"))
        except (UnicodeDecodeError, binascii.Error) as error:
            raise AuthenticationFailed("Invalid token.") from error
        auth_token = callers.by_digest(digest)
        if auth_token is None:
            raise AuthenticationFailed("Invalid token.")
        device = device_of(auth_token.user)
        is_over = auth_token.expiry is not None and auth_token.expiry <= timezone.now()
        if device is not None and (is_over or not device.is_active):
            raise KeyRevoked  # a device's key ends in no other way
        if is_over:
            raise KeyExpired
        user, _token = self.validate_user(auth_token)
        # A token is a password's worth, and a face may have been enrolled since.
        if device is None and missing_beside_password(user):
            raise SecondFactorRequired
        if device is not None:
            note_seen(device=device)
        return user, auth_token


class BrowserSession(SessionAuthentication):
    """Of staff, for the documentation pages; asks for a CSRF token as any form does.

    Only where the admin is open as well: not to a face alone, nor to a password that owes the face.
    """

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        return found if found is not None and admin.site.has_permission(request._request) else None


def device_of(user: Any) -> Device | None:
    """The device whose service account this is; None for people and for nobody."""
    if not isinstance(user, User):
        return None
    try:
        return user.device  # Django keeps it with the user, which is asked several times
    except Device.DoesNotExist:
        return None


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recognition.api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The key of a device, or a token from `POST /api/v1/tokens/`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recognition.api.authentication.BrowserSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
