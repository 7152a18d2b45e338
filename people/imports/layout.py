"""Which file is whose photo: the tree `Name/photo.jpg`, in a folder or in an archive."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from people.errors import Refusal
from people.imports.names import MAX_LENGTHS, Identity, NamesRefused, from_folder

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif",
            ".tiff"}  # fmt: skip
MAX_FILES = 200_000
_JUNK = {"__macosx", "thumbs.db", "desktop.ini"}


class FolderRefused(Refusal):
    """Codes: folder_missing, folder_unreadable, folder_empty, folder_too_large,
    folder_without_people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo and whom it shows. name: as in the tree, with `/`, for opening and reports."""

    name: str
    who: Identity


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not enrolled, and why."""

    name: str
    code: str
    reason: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "code": self.code, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything of a tree that may be a photo, in an order that is the same every time.

    Hidden files and what operating systems leave behind are not in it.
    """

    files: list[Entry | RefusedFile]

    @property
    def entries(self) -> list[Entry]:
        return [file for file in self.files if isinstance(file, Entry)]

    @property
    def refused(self) -> list[RefusedFile]:
        return [file for file in self.files if isinstance(file, RefusedFile)]

    @property
    def people(self) -> list[Identity]:
        return list(dict.fromkeys(entry.who for entry in self.entries))


@dataclass(frozen=True, slots=True)
class Scan(Listing):
    """A listing of a folder on disk."""

    folder: Path

    def path_of(self, entry: Entry) -> Path:
        return self.folder / entry.name


def scan(folder: Path, names: Mapping[str, Identity] | None = None) -> Scan:
    """List the photos below a folder. Raises FolderRefused, NamesRefused."""
    if not folder.is_dir():
        raise FolderRefused(f"There is no folder {folder}.", code="folder_missing")
    listing = arrange(_files_below(folder), names or {}, source=f"The folder {folder}")
    return Scan(files=listing.files, folder=folder)


def _files_below(folder: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise FolderRefused(
            f"{error.filename} cannot be read: {error.strerror}.", code="folder_unreadable"
        ) from error

    found = 0
    for root, folders, files in os.walk(folder, onerror=fail):
        here = Path(root).relative_to(folder)
        deepest = len(here.parts) >= 2  # files there are still named in the report
        folders[:] = [] if deepest else [name for name in folders if not is_junk(name)]
        found += len(files)
        if found > MAX_FILES:
            raise FolderRefused(
                f"The folder {folder} holds more than {MAX_FILES:,} files. Is it the right one?",
                code="folder_too_large",
            )
        yield from ((here / name).as_posix() for name in files)


def arrange(
    names_of_files: Iterable[str],
    names: Mapping[str, Identity],
    *,
    source: str,
    unwrap: bool = False,
) -> Listing:
    """Say whose photo each file is. source: what to call the whole in a refusal.

    unwrap: one folder around everything is looked through, as archives often have it.
    Raises FolderRefused when there is nothing to import; NamesRefused when the list of names
    knows none of the folders.
    """
    kept = sorted(name for name in names_of_files if not any(map(is_junk, _parts(name))))
    depth = 1 if unwrap and _is_wrapped(kept) else 0
    placed = (_place(name, depth, names) for name in kept)
    listing = Listing(files=[file for file in placed if file is not None])
    if not listing.files:
        raise FolderRefused(f"{source} holds no photos. {_EXPECTED}", code="folder_empty")
    if not listing.entries:
        raise FolderRefused(
            f"{source} holds no folders of people. {_EXPECTED}", code="folder_without_people"
        )
    if names and not any(_folder(entry.name, depth) in names for entry in listing.entries):
        raise NamesRefused("The list of names knows none of the folders. Check its folder column.")
    return listing


_EXPECTED = "Expected is one folder for each person, named like the person: Name/photo.jpg."


def is_junk(name: str) -> bool:
    return name.startswith(".") or name.lower() in _JUNK


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _folder(name: str, depth: int) -> str:
    """macOS writes letters and their accents apart; here they are one."""
    return unicodedata.normalize("NFC", _parts(name)[depth])


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PICTURES


def _is_wrapped(names: Sequence[str]) -> bool:
    pictures = [_parts(name) for name in names if _is_picture(name)]
    return (
        bool(pictures)
        and len({parts[0] for parts in pictures}) == 1
        and all(len(parts) > 2 for parts in pictures)
    )


def _place(name: str, depth: int, names: Mapping[str, Identity]) -> Entry | RefusedFile | None:
    below = _parts(name)[depth:]
    if len(below) < 2:
        if not _is_picture(name):
            return None  # a list of names, a note: nothing anybody expects to be enrolled
        return RefusedFile(
            name, "no_person_folder", "The photo is in no person's folder. Move it into one."
        )
    if len(below) > 2:
        return RefusedFile(
            name, "nested_too_deep", "The photo is in a folder inside the person's. Move it up."
        )
    folder = _folder(name, depth)
    who = names.get(folder) or from_folder(folder)
    if not who.full_name or len(who.full_name) > MAX_LENGTHS["full_name"]:
        return RefusedFile(
            name, "name_unusable", "The folder's name is empty or too long for a person's name."
        )
    return Entry(name, who)
