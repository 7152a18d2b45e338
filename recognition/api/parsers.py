"""Bodies of bounded size: what is too large is refused by its length, before it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

MAX_BODY = 64 * 1024 * 1024  # bytes: sixteen large photos of a webcam, or two of a good camera


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "request_too_large"
    default_detail = f"The request has more than {MAX_BODY // 2**20} MB. Send less at once."


class BoundedJSON(BaseParser):
    """JSON with room for photos in base64, for which the site's bound of a form is too small.

    Not a subclass of DRF's parser: its like are given a body that has that bound.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        _check_length(parser_context)
        try:
            return json.loads(stream.read(MAX_BODY), parse_constant=_refuse_constant)
        except ValueError as error:  # also what is no UTF-8
            raise ParseError("The body is not JSON.") from error
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


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
