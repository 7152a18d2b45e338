"""A ZIP from somebody else: checked before anything in it is read, and never unpacked to disk."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from people.errors import Refusal
from people.images import BadPhoto, read_bytes

MAX_ARCHIVE_BYTES = 8 * 2**30  # 5,000 people with 5 photos of 300 kB fit several times over
MAX_ENTRIES = 50_000
MAX_DIRECTORY_BYTES = 16 * 2**20  # the table of contents; it is read into memory as a whole
MAX_TOTAL_BYTES = 16 * 2**30  # of all files, unpacked
MAX_RATIO = 50  # unpacked to packed; photos hardly shrink, bombs by the thousand
_CHUNK = 2**20


class ArchiveRefused(Refusal):
    """Codes: archive_not_zip, archive_too_large, archive_empty, archive_too_many_files,
    archive_bomb, archive_unsafe, archive_encrypted."""


def copy_archive(file: IO[bytes], out: IO[bytes]) -> None:
    """Stream an upload to a file. Raises ArchiveRefused when it is too large."""
    written = 0
    while chunk := file.read(_CHUNK):
        written += len(chunk)
        if written > MAX_ARCHIVE_BYTES:
            raise ArchiveRefused(
                f"The archive has more than {MAX_ARCHIVE_BYTES // 2**30} GB. Split it in parts.",
                code="archive_too_large",
            )
        out.write(chunk)


def check_archive(path: Path) -> list[str]:
    """The names of the files in an archive that is safe to read. Raises ArchiveRefused."""
    if not _directory_is_bounded(path):
        raise _not_a_zip()
    try:
        with zipfile.ZipFile(path) as archive:
            # Not is_dir(): it fails on a file without a name.
            files = [info for info in archive.infolist() if not info.filename.endswith("/")]
    except (zipfile.BadZipFile, NotImplementedError, struct.error, OSError, ValueError) as error:
        raise _not_a_zip() from error
    if len(files) > MAX_ENTRIES:
        raise ArchiveRefused(
            f"The archive holds more than {MAX_ENTRIES:,} files. Split it in parts.",
            code="archive_too_many_files",
        )
    for info in files:
        _check_entry(info)
    _check_sizes(files, packed=path.stat().st_size)
    return list(by_name(files))


def by_name(files: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    return {readable_name(info): info for info in files}


def readable_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: several programs write UTF-8 without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of one file, at most what a photo may have. Raises BadPhoto."""
    try:
        with archive.open(info) as file:
            return read_bytes(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
            ValueError, struct.error) as error:  # fmt: skip
        # All that zipfile raises on damaged or unknown contents.
        raise BadPhoto(
            "The file is damaged inside the archive. Pack it again.", code="photo_damaged"
        ) from error


def _check_entry(info: zipfile.ZipInfo) -> None:
    if info.header_offset < 0:
        raise _not_a_zip()  # damaged; reading there would fail like a broken disk
    name = info.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts:
        raise _not_a_zip()
    if path.is_absolute() or ".." in path.parts or "\0" in name or path.parts[0].endswith(":"):
        raise ArchiveRefused(
            "The archive holds a file that points outside of it. Pack the folder again.",
            code="archive_unsafe",
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveRefused(
            "The archive holds a link instead of a file. Pack the photos themselves.",
            code="archive_unsafe",
        )
    if info.flag_bits & 0x1:
        raise ArchiveRefused(
            "The archive is protected by a password. Pack it without one.",
            code="archive_encrypted",
        )


def _check_sizes(files: list[zipfile.ZipInfo], *, packed: int) -> None:
    if not files:
        raise ArchiveRefused("The archive is empty.", code="archive_empty")
    unpacked = sum(info.file_size for info in files)
    if unpacked > MAX_TOTAL_BYTES or unpacked > packed * MAX_RATIO:
        raise ArchiveRefused(
            "The archive unpacks to far more than photos would. Pack only the photos.",
            code="archive_bomb",
        )


def _not_a_zip() -> ArchiveRefused:
    return ArchiveRefused(
        "The file is not a ZIP archive that can be read. Pack the folder again.",
        code="archive_not_zip",
    )


def _directory_is_bounded(path: Path) -> bool:
    """Whether the end record is there and the table of contents small enough to load.

    zipfile loads all of it before a count can be asked for. Source: PKWARE APPNOTE 4.3.14-16.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 22 - 65535 - 76))
        tail = file.read()
    at = len(tail) - 22
    if at < 0:
        return False
    if not (tail.startswith(b"PK\5\6", at) and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6", max(0, len(tail) - 22 - 65535))
    if at < 0 or at + 22 > len(tail):
        return False
    directory: int = struct.unpack_from("<L", tail, at + 12)[0]
    if at >= 76 and tail.startswith(b"PK\6\7", at - 20):
        directory = max(
            struct.unpack_from("<Q", tail, at - 76 + 40)[0],
            directory if directory != 0xFFFFFFFF else 0,
        )
    return directory <= MAX_DIRECTORY_BYTES
