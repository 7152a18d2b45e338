"""Bodies of bounded size: what is too large is refused by its length, before it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser

MAX_BODY = 64 * 1024 * 1024  # bytes: sixteen large photos of a webcam, or two of a good camera


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "request_too_large"
    default_detail = "The request is too large. Send less at once."


class LengthRequired(APIException):
    status_code = 411
    default_code = "length_required"
    default_detail = "Say how long the body is, in Content-Length; it is not taken in chunks."


class BoundedJSON(BaseParser):
    """JSON with room for photos in base64, for which the site's bound of a form is too small.

    Not a subclass of DRF's parser: its like are given a body that has that bound.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        _check_length(parser_context)
        try:
            text = stream.read(MAX_BODY).decode()  # json.loads would let half a pair through
            data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_each_once)
            if "\\u" in text:
                _refuse_half_pairs(data)
        except ValueError as error:
            raise ParseError("The body is not JSON.") from error
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice: which value is meant?")
    return found


def _refuse_half_pairs(data: Any) -> None:
    """Raises UnicodeEncodeError, a ValueError, for text that is none: no answer could repeat it."""
    if isinstance(data, str):
        data.encode()
    elif isinstance(data, dict):
        for name, value in data.items():
            name.encode()
            _refuse_half_pairs(value)
    elif isinstance(data, list):
        for value in data:
            _refuse_half_pairs(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Negotiation(DefaultContentNegotiation):
    """Comes first of all: a body or a query in another encoding than UTF-8 is not read, nor a body
    that does not say how long it is. DRF would take that for an empty one."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        refuse_chunks(request)
        charset = request._request.content_params.get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(request.content_type, detail="Use UTF-8.")
        return super().select_renderer(request, renderers, format_suffix)


class BoundedForm(MultiPartParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        _check_length(parser_context)
        # The site's bound is one of pages, by session; who calls here has been let in by a key.
        request = parser_context["request"]._request
        request.upload_handlers = [
            MemoryFileUploadHandler(request),
            TemporaryFileUploadHandler(request),
        ]
        return super().parse(stream, media_type, parser_context)


def refuse_chunks(request: Any) -> None:
    """Raises LengthRequired: a limit by length holds only where there is one."""
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired


def _check_length(context: Mapping[str, Any]) -> None:
    try:
        length = int(context["request"].META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    # A view that anybody may ask takes less.
    if length > getattr(context["view"], "max_body", MAX_BODY):
        raise BodyTooLarge
