"""What requests are made of."""

from __future__ import annotations

import base64
import binascii
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
_FILE = {"type": "string", "format": "binary"}
_TEXT = {"type": "string", "contentEncoding": "base64"}


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know: a misspelt option must not be silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: ["Unknown field."] for name in unknown}, code="unknown"
                )
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """A boolean that, left out of a form, is left out, and not false."""

    default_empty_html = empty


@extend_schema_field(
    {"oneOf": [_FILE, _TEXT, {"type": "array", "items": {"oneOf": [_FILE, _TEXT]}}]}
)
class PhotosField(serializers.Field):  # type: ignore[type-arg]
    """One or several photos: files of a form, or base64 in JSON (one text, or a list of them).

    Gives list[bytes]. Nothing is decoded here beyond base64, and no file is read beyond
    MAX_BYTES. Raises BadPhoto.
    """

    default_error_messages = {  # noqa: RUF012  as DRF has it
        "count": "Give 1 to {most} photos.",
        "kind": "A photo is a file of a form, or base64 text.",
        "base64": "This is not base64.",
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
        return [self._bytes(item) for item in given]

    def to_representation(self, value: Any) -> Any:
        raise NotImplementedError("photos are never sent back")

    def _bytes(self, item: Any) -> bytes:
        if isinstance(item, UploadedFile):
            if (item.size or 0) > MAX_BYTES:
                raise _too_large()
            return read_bytes(item)
        if not isinstance(item, str):
            self.fail("kind")
        if len(item) > _MAX_BASE64:
            raise _too_large()
        text = item.partition(",")[2] if item.startswith("data:") else item
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")


def _too_large() -> Refusal:
    return BadPhoto(
        f"The file has more than {MAX_BYTES // 2**20} MB. Send the photo smaller.",
        code="photo_too_many_bytes",
    )
