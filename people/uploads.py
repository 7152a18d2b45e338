"""How much a request may upload.

Django writes uploads to disk before a view or a permission is asked: already the check against
forgery reads the whole form. Without a bound anybody who reaches the log-in page could fill the
disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from people.images import MAX_BYTES
from people.imports.archive import MAX_ARCHIVE_BYTES

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


MAX_OWN_BYTES = 2 * MAX_BYTES  # photos somebody adds of themselves at once


class Bounded(FileUploadHandler):
    """Refuses a form too large for whoever sends it before a byte of it is read."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803  the name Django gives it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if content_length > self._most():
            raise RequestDataTooBig("The upload is larger than this account may send.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        return None

    def _most(self) -> int:
        form: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        user = getattr(self.request, "user", None)
        # Strangers send a camera's frames at most, which fit into a form.
        if user is None or not user.is_authenticated:
            return form
        return form + (MAX_ARCHIVE_BYTES if user.is_staff else MAX_OWN_BYTES)
