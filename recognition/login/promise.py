"""Whether a face may log in: only while strangers are as rare as the operator allows."""

from __future__ import annotations

from django.conf import settings

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition.calibration.promise import (
    BY_HAND,
    NOT_CALIBRATED,
    OUTGROWN,
    promise_for,
    promise_to_verify,
)
from recognition.login.accounts import Mode

# What somebody at the page is told; the operator reads the rest on the page of the calibration.
_WHY = {
    NOT_CALIBRATED: "nobody has measured how often strangers match.",
    OUTGROWN: "with so many people enrolled, strangers would match more often than is allowed.",
}


class PromiseBroken(Refusal):
    code = "promise_broken"


def require(mode: Mode) -> None:
    """Raises PromiseBroken with what to do.

    Beside a password the face is refused only where a threshold set by hand makes nothing of it.
    """
    model, frames = EmbeddingModel.objects.current(), 1 if is_one_frame() else 2
    if mode == Mode.RECOGNIZE:
        promise = promise_for(model, frames=frames)
    else:
        promise = promise_to_verify(model, frames=frames)
    if promise.holds or (mode == Mode.SECOND_FACTOR and promise.code != BY_HAND):
        return
    why = _WHY.get(promise.code, "strangers might match more often than is allowed.")
    raise PromiseBroken(f"Logging in by face is off: {why} Use your password.")


def is_one_frame() -> bool:
    return bool(settings.FACE_LOGIN_LIVENESS == "off")
