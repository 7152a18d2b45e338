"""The OpenAPI schema: what requests must be, and every problem an operation may answer with."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from recognition.api.access import rule_of
from recognition.api.fields import VISIBLE, PhotosField, Strict, photos_schema

_FORM = "multipart/form-data"
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "Stable, for programs."},
        "detail": {"type": "string", "description": "A sentence for people."},
        "errors": {"description": "By field."},
        "box": {
            "$ref": "#/components/schemas/Box",
            "description": "Of the face it is about, where one was seen.",
        },
        "quality": {
            "$ref": "#/components/schemas/Quality",
            "description": "Of this face; there whenever `box` is.",
        },
    },
    "examples": [
        {
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "code": "no_face",
            "detail": "No face found. Face the camera, in good light.",
        },
        {
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "code": "too_dark",
            "detail": "The face is too dark. Turn towards the light.",
            "box": {"x": 412, "y": 180, "width": 210, "height": 260},
            "quality": {
                "size": 210.0,
                "sharpness": 0.11,
                "brightness": 0.05,
                "yaw": -4.1,
                "pitch": 2.0,
                "roll": 0.6,
            },
        },
    ],
}
_REASONS = {
    "400": "The request does not fit this schema.",
    "401": "No key or token, or one that is wrong, expired or revoked.",
    "403": "Whoever asks may not do this.",
    "404": "There is nothing at this address.",
    "405": "This address does not know the method.",
    "406": "The answer can only be JSON.",
    "409": "It contradicts what is there, or the key was used for another request.",
    "413": "A photo, or the whole request, is too large.",
    "415": "The body or a photo is of a type that is not read.",
    "422": "It fits this schema, and cannot be done; `code` says why.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "503": "Something the answer needs is down; `Retry-After` says when to try again.",
    "default": "A problem.",
}
# Blank text, NUL and half a surrogate pair are refused everywhere.
_TEXT = r"^[^\u0000]*$"
_TEXT_WITH_SOMETHING = rf"^[^\u0000]*{VISIBLE}[^\u0000]*$"


class Schema(AutoSchema):
    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """Adds the problems this operation may answer with, and `default` for any other."""
        answers = super()._get_response_bodies(direction)
        for status in self._problems():
            answers.setdefault(status, {"$ref": f"#/components/responses/{_name(status)}"})
        return answers

    def _problems(self) -> list[str]:
        found = ["400", "405", "406", "415", "429", "503", "default"]
        rule = rule_of(self.view, self.method)
        if self.method == "POST" or (rule is not None and not rule.public):
            found.append("401")
        if rule is not None and not rule.public:
            found.append("403")
        if "{" in self.path or self._is_list_view():
            found.append("404")
        if self.method in ("POST", "PATCH", "DELETE"):
            found += ["409", "413", "422"]
        found += getattr(self.view, "also_answers", ())  # what its method does not tell
        return sorted({*found})

    def _get_request_body(self, direction: Any = "request") -> Any:
        """A form differs from JSON: photos are files in it, and it has no null."""
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        form = body["content"].get(_FORM) if body is not None else None
        if form is None:
            return body
        name = form["schema"]["$ref"].rpartition("/")[2]
        component = self.registry[(name, ResolvedComponent.SCHEMA)]
        fields = _instance(component.object).fields
        properties = component.schema["properties"]
        form["schema"] = component.schema | {
            "properties": {key: _in_form(fields[key], properties[key]) for key in properties}
        }
        return body

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        kind = type(_instance(serializer))
        if direction == "request" and issubclass(kind, Strict):
            schema["additionalProperties"] = False
            for name, field in _instance(serializer).fields.items():
                if name in schema["properties"]:
                    _tell_bounds(field, schema["properties"][name])
        if not kind.__doc__:
            schema.pop("description", None)  # it would be of a class that it is made from
        return schema


def _instance(serializer: Any) -> Any:
    return serializer() if isinstance(serializer, type) else serializer


def _in_form(field: Any, schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(field, PhotosField):
        return photos_schema(field.most, in_form=True)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return schema | {"type": [kind for kind in kinds if kind != "null"]}
    return schema


def _tell_bounds(field: Any, schema: dict[str, Any]) -> None:
    """What DRF checks and does not say."""
    if isinstance(field, PhotosField):
        schema.clear()
        schema.update(photos_schema(field.most))
    elif isinstance(field, serializers.CharField):
        schema["pattern"] = _TEXT if field.allow_blank else _TEXT_WITH_SOMETHING
    elif isinstance(field, serializers.ManyRelatedField):
        schema["items"]["minimum"] = 1
    elif isinstance(field, serializers.PrimaryKeyRelatedField):
        schema["minimum"] = 1


def _name(status: str) -> str:
    return f"Problem{status.title()}"


def add_problems(result: dict[str, Any], **_given: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: the problems that operations refer to."""
    body = {"schema": {"$ref": "#/components/schemas/Problem"}}
    result["components"]["schemas"]["Problem"] = _PROBLEM
    result["components"]["responses"] = {
        _name(status): {"description": why, "content": {"application/problem+json": body}}
        for status, why in _REASONS.items()
    }
    return result
