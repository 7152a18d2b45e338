"""Where photos are kept."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, NoReturn

from django.apps import apps
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

MARKER = "photos-are-kept-here"


class StoreMissing(OSError):
    """PHOTOS_DIR is not where the photos are: not mounted, or a folder of another machine."""

    def __init__(self) -> None:
        super().__init__(
            f"The photos are not in {settings.PHOTOS_DIR}: mount the folder they are kept in, or"
            " set PHOTOS_DIR to it."
        )


class PrivateStorage(FileSystemStorage):
    """A folder without addresses: a photo leaves it only through a view that checks who asks."""

    def url(self, name: str | None) -> NoReturn:
        raise ValueError("This file is not accessible via a URL.")

    def save(
        self, name: str | None, content: File[Any] | IO[Any], max_length: int | None = None
    ) -> str:
        claim_store()
        return super().save(name, content, max_length)


def is_store_here() -> bool:
    """Whether PHOTOS_DIR is the folder of the photos: it is marked as that, or holds some."""
    folder: Path = settings.PHOTOS_DIR
    return (folder / MARKER).is_file() or any(folder.glob("??/*.jpg"))


def require_store() -> None:
    """A file that is not there is lost only where the others are. Raises StoreMissing."""
    if not is_store_here():
        raise StoreMissing


def claim_store() -> None:
    """Mark PHOTOS_DIR as the folder of the photos, before the first is written.

    Raises StoreMissing when there are photos already, in another folder.
    """
    marker: Path = settings.PHOTOS_DIR / MARKER
    if marker.is_file():
        return
    if has_photos() and not is_store_here():
        raise StoreMissing
    marker.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    marker.touch(mode=0o600)


def has_photos() -> bool:
    """Whether the database knows of any."""
    return bool(apps.get_model("people", "FaceImage").objects.exists())
