"""Where photos are kept."""

from typing import NoReturn

from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """A folder without addresses: a photo leaves it only through a view that checks who asks."""

    def url(self, name: str | None) -> NoReturn:
        raise ValueError("This file is not accessible via a URL.")
