"""Form fields for photos: several at once, checked one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

# What the file dialog offers. The bytes decide, in `people.images`.
ACCEPT = "image/jpeg,image/png,image/webp,image/avif,image/heic,image/heif,.heic,.heif,.avif"


class PhotosInput(forms.FileInput):
    """A drop zone that is a plain file input: mouse, keyboard and no JavaScript needed."""

    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "face-drop", "accept": ACCEPT, "multiple": True} | (attrs or {}))


class PhotosField(forms.FileField):
    """Cleans to a list of uploaded files; at most `most` of them."""

    widget = PhotosInput

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def clean(
        self, data: Sequence[UploadedFile[bytes]] | None, initial: Any = None
    ) -> list[UploadedFile[bytes]]:
        files = list(data or [])
        if not files and self.required:
            raise forms.ValidationError("Choose at least one photo.", code="required")
        if len(files) > self.most:
            raise forms.ValidationError(
                f"These are {len(files)} photos. Choose at most {self.most} at once.",
                code="too_many",
            )
        return files
