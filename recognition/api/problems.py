"""Every error as problem details (RFC 9457): a stable `code`, a sentence, always JSON.

{"type": "about:blank", "title": "Unprocessable Entity", "status": 422,
 "code": "no_face", "detail": "No face found. …"}
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from people.errors import Refusal

CONTENT_TYPE = "application/problem+json"

# What a refusal of ours is in HTTP; every other one is 422: understood, and not possible so.
_STATUS = {
    "photo_too_many_bytes": 413,
    "photo_wrong_type": 415,
    "person_unknown": 404,
    "gallery_unknown": 404,
    "no_person": 404,
    "weights_missing": 503,
    "key_used_otherwise": 409,
}


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
    return problem(_STATUS.get(refusal.code, 422), refusal.code, refusal.message)


def as_problem(error: Exception, _context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None lets an unforeseen error through, to be a logged 500."""
    if isinstance(error, Refusal):
        return _response(of_refusal(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, OperationalError):
        body = problem(503, "database_unavailable", "The database cannot be reached. Try again.")
        return _response(body, {"Retry-After": "5"})
    elif isinstance(error, RequestDataTooBig):
        return _response(problem(413, "request_too_large", "The fields of the form are too large."))
    elif isinstance(error, SuspiciousOperation):
        return _response(problem(400, "malformed", "The request is malformed."))
    if not isinstance(error, exceptions.APIException):
        return None
    return _of_api_exception(error)


def _of_api_exception(error: exceptions.APIException) -> Response:
    headers = {}
    if (wait := getattr(error, "wait", None)) is not None:  # of Throttled
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(error, exceptions.ValidationError):
        detail = "Some fields are missing or wrong; `errors` says which."
        body = problem(error.status_code, "invalid", detail, errors=error.detail)
    else:
        body = problem(error.status_code, _code_of(error), str(error.detail))
    return _response(body, headers)


def _code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _response(body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(
        body, status=int(str(body["status"])), headers=headers, content_type=CONTENT_TYPE
    )


def not_found(request: HttpRequest, *_args: object, **_kwargs: object) -> JsonResponse:
    """For addresses below /api/ that no view answers."""
    body = problem(404, "not_found", "There is nothing at this address.")
    return JsonResponse(body, status=404, content_type=CONTENT_TYPE)
