"""Whether a face alone may log in: only while strangers are as rare as the operator allows."""

from __future__ import annotations

from django.conf import settings

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition.calibration.promise import NOT_CALIBRATED, OUTGROWN, promise_for

# What somebody at the page is told; the operator reads the rest on the page of the calibration.
_WHY = {
    NOT_CALIBRATED: "nobody has measured how often strangers match.",
    OUTGROWN: "with so many people enrolled, strangers would match more often than is allowed.",
}


class PromiseBroken(Refusal):
    code = "promise_broken"


def require() -> None:
    """Raises PromiseBroken with what to do."""
    frames = 1 if settings.FACE_LOGIN_LIVENESS == "off" else 2
    promise = promise_for(EmbeddingModel.objects.current(), frames=frames)
    if not promise.holds:
        why = _WHY.get(promise.code, "strangers might match more often than is allowed.")
        raise PromiseBroken(f"Logging in by face alone is off: {why} Use your password.")
