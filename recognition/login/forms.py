"""What is typed, and what the camera saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm

from people.images import Pixels, decode, read_bytes
from recognition.liveness import StepFrame
from recognition.liveness.refusals import BadFrames
from recognition.login.brakes import Braked
from recognition.login.faces import Sent

MOST_FRAMES = 18  # three of each of the most steps a challenge can have
LATEST_MS = 10**13  # a browser's clock, in ms since 1970, has fewer


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


def read_frames(request: HttpRequest) -> Sent:
    """What was sent as an answer: `nonce`, and for each frame a file, its step and its time.

    Raises BadFrames, BadPhoto.
    """
    files = request.FILES.getlist("frame")
    steps, times = request.POST.getlist("step"), request.POST.getlist("taken_ms")
    if not 1 <= len(files) <= MOST_FRAMES:
        raise BadFrames(f"Send 1 to {MOST_FRAMES} frames.")
    if not len(files) == len(steps) == len(times):
        raise BadFrames("Each frame needs its step and its time.")
    if not all(_is_time(text) for text in times):
        raise BadFrames("A time is a whole number of milliseconds.")
    pixels = _decode(files)
    frames = [
        StepFrame(seen, step[:20], int(taken))
        for seen, step, taken in zip(pixels, steps, times, strict=True)
    ]
    return Sent(nonce=request.POST.get("nonce", ""), frames=frames)


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 15 and int(text) < LATEST_MS


def _decode(files: Sequence[UploadedFile[bytes]]) -> list[Pixels]:
    return [decode(read_bytes(file)).pixels for file in files]
