"""What pages with a camera share: leave to use it, bodies of bounded size, answers as JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt
from django_permissions_policy.decorators import permissions_policy_override

from people.errors import Refusal
from recognition.liveness.challenges import LASTS
from recognition.models import LivenessSession, LivenessStep

MOST_BYTES_OF_ANSWER = 2 * 1024 * 1024  # eighteen frames of a camera
STATUS = {
    "request_too_large": 413,
    "malformed": 400,
    "forged": 403,
    "frames_malformed": 400,
    "not_started": 409,
    "too_many_attempts": 429,
    "too_many_challenges": 429,
    "face_login_off": 403,
    "password_required": 403,
    "consent_missing": 403,
    "weights_missing": 503,
    "head_missing": 503,
    "not_calibrated": 503,
    "pad_unavailable": 503,
}
_TOO_OFTEN = "Too many requests from here. Wait a minute."

_log = logging.getLogger("django.security.csrf")  # where Django itself says so

View = Callable[..., HttpResponseBase]
Refuse = Callable[[HttpRequest, Refusal], HttpResponse]


class BodyTooLarge(Refusal):
    code = "request_too_large"

    def __init__(self) -> None:
        super().__init__("The pictures are too large to be sent. Start again.")


class BodyMalformed(Refusal):
    code = "malformed"

    def __init__(self) -> None:
        super().__init__("What was sent cannot be read. Load the page again.")


class Forged(Refusal):
    """No page of this site sent it, or one that is out of date."""

    code = "forged"

    def __init__(self) -> None:
        super().__init__("This page is out of date. Load it again.")


class _AgainstForgery(CsrfViewMiddleware):
    """Django's own check. Raises Forged, so that whoever keeps the record is told."""

    def _reject(self, request: HttpRequest, reason: str) -> NoReturn:
        _log.warning("Forbidden (%s): %s", reason, request.path, extra={"request": request})
        raise Forged


def with_camera(view: View) -> View:
    """This page, and no other, may ask for the camera."""
    policy: dict[str, str | list[str] | tuple[str]] = {
        **settings.PERMISSIONS_POLICY,
        "camera": ["self"],
    }
    return permissions_policy_override(policy)(view)


def bounded(*, most: int, refuse: Refuse) -> Callable[[View], View]:
    """What is too large, cannot be read or is forged does not come to the view: `refuse` is told.

    The size comes before the check against forgery, which would read all of it.
    """

    def decorate(view: View) -> View:
        protected = decorator_from_middleware(_AgainstForgery)(view)

        @wraps(view)
        def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if (fault := _fault(request, most)) is not None:
                return refuse(request, fault)
            try:
                return protected(request, *args, **kwargs)
            except Forged as refusal:
                return refuse(request, refusal)

        return csrf_exempt(check)

    return decorate


def _fault(request: HttpRequest, most: int) -> Refusal | None:
    if request.method != "POST":
        return None
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > most:
            return BodyTooLarge()
        request.POST  # noqa: B018  reads it
    except RequestDataTooBig:
        return BodyTooLarge()
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError, ValueError):
        return BodyMalformed()
    return None


def as_json(code: str, message: str, *, status: int, **more: Any) -> JsonResponse:
    """code: for scripts. message: for people. Nothing here is to be kept by anybody."""
    response = JsonResponse({"code": code, "message": message, **more}, status=status)
    response["Cache-Control"] = "no-store"
    return response


def refused(refusal: Refusal) -> JsonResponse:
    return as_json(refusal.code, refusal.message, status=STATUS.get(refusal.code, 422))


def too_often(*, wait: int = 60) -> JsonResponse:
    return as_json("throttled", _TOO_OFTEN, status=429, wait=wait)


def started(challenge: LivenessSession | None) -> JsonResponse:
    """What to do before the camera. None: one picture and no moves."""
    steps = challenge.steps if challenge else [LivenessStep.LOOK_STRAIGHT.value]
    return as_json(
        "started",
        "",
        status=200,
        nonce=challenge.nonce if challenge else "",
        seconds=LASTS.seconds,
        steps=[{"step": step, "sentence": LivenessStep(step).label} for step in steps],
    )
