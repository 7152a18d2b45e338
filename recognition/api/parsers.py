"""Bodies of bounded size: what is too large is refused by its length, before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser, MultiPartParser

MAX_BODY = 64 * 1024 * 1024  # bytes: sixteen large photos of a webcam, or two of a good camera


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "request_too_large"
    default_detail = f"The request has more than {MAX_BODY // 2**20} MB. Send less at once."


class BoundedJSON(JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        _check_length(parser_context)
        return super().parse(stream, media_type, parser_context)


class BoundedForm(MultiPartParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        _check_length(parser_context)
        return super().parse(stream, media_type, parser_context)


def _check_length(context: Mapping[str, Any]) -> None:
    try:
        length = int(context["request"].META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        raise BodyTooLarge
