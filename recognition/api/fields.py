"""What requests are made of."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from people.errors import Refusal
from people.images import MAX_BYTES, BadPhoto, read_bytes
from recognition.services import MAX_FRAMES

_MAX_BASE64 = MAX_BYTES * 4 // 3 + 4

# Codes of errors that a schema cannot express: the request is well-formed, and not possible.
SEMANTIC = frozenset({"unique", "does_not_exist", "time_zone_unknown", "impossible"})


class Flag(serializers.BooleanField):
    """A boolean that, left out of a form, is left out, and not false."""

    default_empty_html = empty


class Moment(serializers.DateTimeField):
    """A date and time with its offset (RFC 3339); without one nobody knows which hour is meant."""

    default_error_messages = {  # noqa: RUF012  as DRF has it
        "shape": "Use date, time and offset, as in 2026-01-31T08:00:00+01:00.",
        "impossible": "There is no such time.",
    }
    _SHAPE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not self._SHAPE.fullmatch(value):
            self.fail("shape")
        try:
            return super().to_internal_value(value.upper())
        except serializers.ValidationError:
            self.fail("impossible")  # a 31st of February, a second 60, a year 0


class Strict(serializers.Serializer[Any]):
    # Takes what its schema says and nothing else: a misspelt option must not be silence. DRF reads
    # 5 as "5" and "yes" as true: in JSON neither is promised; in a form everything is text.

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            problems = self._unknown(data) | self._misfits(data)
            if problems:
                raise serializers.ValidationError(problems)
        return super().to_internal_value(data)

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = {name for name, field in self.fields.items() if not field.read_only}
        unknown = sorted(str(name) for name in set(data) - known)
        return {name: [serializers.ErrorDetail("Unknown field.", "unknown")] for name in unknown}

    def _misfits(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name not in data:
                continue
            if isinstance(data, MultiValueDict):
                if len(data.getlist(name)) > 1 and not _takes_several(field):
                    found[name] = [serializers.ErrorDetail("Given more than once.", "repeated")]
                elif data[name] == "" and not getattr(field, "allow_blank", False):
                    found[name] = [serializers.ErrorDetail("This may not be blank.", "blank")]
            elif not _fits(field, data[name]):
                found[name] = [serializers.ErrorDetail("This is of the wrong type.", "kind")]
            if name not in found and _is_invisible(field, data[name]):
                found[name] = [serializers.ErrorDetail("This may not be blank.", "blank")]
        return found


_TEXTS = (
    serializers.CharField,
    serializers.ChoiceField,
    serializers.UUIDField,
    serializers.DateTimeField,
)
_NUMBERS = (serializers.IntegerField, serializers.PrimaryKeyRelatedField)
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


# Something that can be seen. Python and the patterns of schemas disagree about what a space is.
VISIBLE = r"[^\s\u0000-\u001f\u0085\ufeff]"
_VISIBLE = re.compile(VISIBLE)


def _is_invisible(field: Any, value: Any) -> bool:
    if not isinstance(field, serializers.CharField) or field.allow_blank:
        return False
    return isinstance(value, str) and not _VISIBLE.search(value)


def _takes_several(field: Any) -> bool:
    return isinstance(field, PhotosField | serializers.ListField | serializers.ManyRelatedField)


def _fits(field: Any, value: Any) -> bool:
    """Whether a JSON value is of the type that the schema gives. Null is the field's business."""
    if value is None:
        return True
    if isinstance(field, serializers.ManyRelatedField):
        return isinstance(value, list) and all(
            item is not None and _fits(field.child_relation, item) for item in value
        )
    if isinstance(field, serializers.ListField):
        return isinstance(value, list) and all(_fits(field.child, item) for item in value)
    if isinstance(field, serializers.BooleanField):
        return isinstance(value, bool)
    if isinstance(field, _NUMBERS):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    if isinstance(field, serializers.UUIDField):
        return isinstance(value, str) and bool(UUID_TEXT.fullmatch(value))
    return isinstance(value, str) if isinstance(field, _TEXTS) else True


_TEXT = {"type": "string", "contentEncoding": "base64"}
_FILE = {"type": "string", "format": "binary"}


def photos_schema(most: int, *, in_form: bool = False) -> dict[str, Any]:
    """Of JSON, or of a form; a form takes text too, but files are what it is for."""
    one = _FILE if in_form else _TEXT
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": most}
    return several if in_form else {"anyOf": [one, several]}


@extend_schema_field(photos_schema(MAX_FRAMES))
class PhotosField(serializers.Field):  # type: ignore[type-arg]
    """One or several photos: files of a form, or base64 in JSON (one text, or a list of them).

    Gives list[bytes]. Nothing is decoded here beyond base64, and no file is read beyond
    MAX_BYTES. Raises BadPhoto.
    """

    default_error_messages = {  # noqa: RUF012  as DRF has it
        "count": "Give 1 to {most} photos.",
        "kind": "A photo is a file of a form, or base64 text.",
    }

    def __init__(self, *, most: int = MAX_FRAMES, **options: Any) -> None:
        self.most = most
        super().__init__(**options)

    def get_value(self, dictionary: Any) -> Any:
        if isinstance(dictionary, MultiValueDict):
            return dictionary.getlist(self.field_name or "") or empty
        return dictionary.get(self.field_name, empty)

    def to_internal_value(self, data: Any) -> list[bytes]:
        given = data if isinstance(data, list) else [data]
        if not 1 <= len(given) <= self.most:
            self.fail("count", most=self.most)
        if not all(isinstance(item, str | UploadedFile) for item in given):
            self.fail("kind")
        return [_bytes(item) for item in given]

    def to_representation(self, value: Any) -> Any:
        raise NotImplementedError("photos are never sent back")


class StoredPhotosField(PhotosField):
    """Of one capture among many: what is wrong with its photos is this capture's answer alone.

    Gives list[bytes], or the BadPhoto.
    """

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except BadPhoto as refusal:
            return refusal


def _bytes(item: str | UploadedFile[Any]) -> bytes:
    if isinstance(item, UploadedFile):
        if (item.size or 0) > MAX_BYTES:
            raise _too_large()
        return read_bytes(item)
    if len(item) > _MAX_BASE64:
        raise _too_large()
    text = item.partition(",")[2] if item.startswith("data:") else item
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error, and what is not ASCII
        raise BadPhoto("The photo is not base64 text.", code="photo_not_base64") from error


def _too_large() -> Refusal:
    return BadPhoto(
        f"The file has more than {MAX_BYTES // 2**20} MB. Send the photo smaller.",
        code="photo_too_many_bytes",
    )
