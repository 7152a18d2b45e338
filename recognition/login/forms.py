"""What is typed to log in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.http import HttpRequest
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm

from recognition.login.brakes import Braked


class SaysTheBrake(AuthenticationForm):
    """Tells somebody who has to wait how long, instead of that the password is wrong."""

    @property
    def braked(self) -> Braked | None:
        return getattr(self.request, "login_brake", None)

    def get_invalid_login_error(self) -> forms.ValidationError:
        if self.braked is not None:
            return forms.ValidationError(self.braked.message, code=self.braked.code)
        return super().get_invalid_login_error()


class PasswordForm(SaysTheBrake):
    error_messages = {  # noqa: RUF012  Django's own way
        **AuthenticationForm.error_messages,
        "invalid_login": "User name or password is wrong. Both are case-sensitive.",
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.label_suffix = ""
        self.fields["username"].label = "User name"
        self.fields["username"].widget.attrs.pop("autofocus", None)


class AdminPasswordForm(SaysTheBrake, UnfoldAuthenticationForm):  # type: ignore[misc]
    """The admin's own, in its look."""


class ClaimForm(forms.Form):
    """A name, before the face. Whether somebody has it is never said."""

    name = UsernameField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
