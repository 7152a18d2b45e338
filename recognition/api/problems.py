"""Every error as problem details (RFC 9457): a stable `code`, a sentence, always JSON.

{"type": "about:blank", "title": "Unprocessable Entity", "status": 422,
 "code": "no_face", "detail": "No face found. …"}
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.template import loader
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from people.errors import Refusal
from people.storage import StoreMissing
from recognition.api.fields import SEMANTIC
from recognition.record import Undecided

CONTENT_TYPE = "application/problem+json"

# What a refusal of ours is in HTTP; every other one is 422: understood, and not possible so.
_STATUS = {
    "photo_too_many_bytes": 413,
    "photo_wrong_type": 415,
    "gallery_not_allowed": 403,
    "face_guarded": 403,
    "gallery_outgrown": 403,
    "sample_too_small": 403,
    "no_person": 404,
    "weights_missing": 503,
    "head_missing": 503,
    "pad_unavailable": 503,
    "not_calibrated": 503,
    "key_used_otherwise": 409,
    "too_many_challenges": 429,
    "too_many_attempts": 429,
}


# What the framework or the database says, and what it is to the one who asked. First fit.
_FAULTS: tuple[tuple[tuple[type[Exception], ...], int, str, str], ...] = (
    (
        (OperationalError, InterfaceError),
        503,
        "database_unavailable",
        "The database cannot be reached. Try again.",
    ),
    (
        (StoreMissing,),
        503,
        "storage_unavailable",
        "The photos cannot be reached, and nothing was stored. Tell an administrator.",
    ),
    # Two requests at once, each allowed when it was checked.
    ((IntegrityError, ProtectedError), 409, "conflict", "It contradicts what is there already."),
    ((DataError,), 422, "unprocessable", "Some value cannot be stored."),
    ((RequestDataTooBig,), 413, "request_too_large", "The fields of the form are too large."),
    ((SuspiciousOperation, UnreadablePostError), 400, "malformed", "The request is malformed."),
)


def problem(status: int, code: str, detail: str, **more: object) -> dict[str, object]:
    """The body of a problem. more: members of its own, such as `errors` by field."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }


def of_refusal(refusal: Refusal) -> dict[str, object]:
    """With `box` and `quality`, where it is about one face that was seen."""
    seen: dict[str, object] = {}
    if isinstance(refusal, Undecided) and refusal.result.face is not None:
        seen = refusal.result.face_as_json()
    return problem(_STATUS.get(refusal.code, 422), refusal.code, refusal.message, **seen)


def of_validation(error: exceptions.ValidationError) -> dict[str, object]:
    detail = "Some fields are missing or wrong; `errors` says which."
    status, code = (422, "unprocessable") if _fits_schema(error) else (400, "invalid")
    return problem(status, code, detail, errors=error.detail)


def code_of(error: Refusal | exceptions.ValidationError) -> str:
    """As the problem says it."""
    if isinstance(error, Refusal):
        return error.code
    return "unprocessable" if _fits_schema(error) else "invalid"


def as_problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None lets an unforeseen error through, to be a logged 500."""
    response = _as_problem(error)
    if response is not None:  # pages and the schema have renderers of their own
        context["request"].accepted_renderer = JSONRenderer()
        context["request"].accepted_media_type = JSONRenderer.media_type
    return response


def _as_problem(error: Exception) -> Response | None:
    if isinstance(error, Refusal):
        return _response(of_refusal(error), _wait_for(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    for kinds, status, code, detail in _FAULTS:
        if isinstance(error, kinds):
            headers = {"Retry-After": "5"} if status == 503 else None
            return _response(problem(status, code, detail), headers)
    if not isinstance(error, exceptions.APIException):
        return None
    return _of_api_exception(error)


def _of_api_exception(error: exceptions.APIException) -> Response:
    headers = _wait_for(error)
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(error, exceptions.ValidationError):
        body = of_validation(error)
    else:
        body = problem(error.status_code, _code_of(error), str(error.detail))
    return _response(body, headers)


def _wait_for(error: Exception) -> dict[str, str]:
    """Of Throttled and its like."""
    wait = getattr(error, "wait", None)
    return {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}


def _fits_schema(error: exceptions.ValidationError) -> bool:
    """Whether every complaint is about what no schema can say: then it is 422 and not 400."""
    return all(code in SEMANTIC for code in _leaves(error.get_codes()))


def _leaves(codes: Any) -> Iterator[str]:
    if isinstance(codes, str):
        yield codes
    else:
        for inner in codes.values() if isinstance(codes, dict) else codes:
            yield from _leaves(inner)


def _code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _response(body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(
        body, status=int(str(body["status"])), headers=headers, content_type=CONTENT_TYPE
    )


# --- What fails outside of a view of the API: as a problem there, as a page elsewhere -----------


@csrf_exempt  # there is nothing to protect, and the refusal would be a page
def not_found(request: HttpRequest, *_args: object, **_kwargs: object) -> JsonResponse:
    """For addresses below /api/ that no view answers."""
    return _plain(problem(404, "not_found", "There is nothing at this address."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_of_api(request):
        return _plain(problem(400, "malformed", "The request is malformed."))
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Says nothing of what happened: that is in the log."""
    if _is_of_api(request):
        return _plain(problem(500, "server_error", "Something went wrong here. It is noted."))
    if isinstance(sys.exc_info()[1], StoreMissing):
        return HttpResponse(loader.render_to_string("503.html"), status=503)
    return defaults.server_error(request)


def _is_of_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _plain(body: dict[str, object]) -> JsonResponse:
    return JsonResponse(body, status=int(str(body["status"])), content_type=CONTENT_TYPE)
