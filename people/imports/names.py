"""The CSV of names: which folder is whom."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from people.errors import Refusal

COLUMNS = ("folder", "full_name", "staff_number", "gallery")
MAX_BYTES = 5 * 1024 * 1024  # a row has about 60 bytes: 80,000 people
MAX_LENGTHS = {"full_name": 200, "staff_number": 50, "gallery": 100}  # as in the database
_SHOWN = 5


class NamesRefused(Refusal):
    code = "names_bad"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the photos of a folder show. gallery: its name, or empty for the import's own."""

    full_name: str
    staff_number: str = ""
    gallery: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "full_name": self.full_name,
            "staff_number": self.staff_number,
            "gallery": self.gallery,
        }


def from_folder(folder: str) -> Identity:
    """`Ben_Affleck` is Ben Affleck."""
    return Identity(full_name=" ".join(folder.replace("_", " ").split()))


def read_names(data: bytes) -> dict[str, Identity]:
    """Folder → identity, from a CSV with the header `folder,full_name,staff_number,gallery`.

    The last two columns may be absent. UTF-8, with or without a byte order mark; separated by
    commas or semicolons. Raises NamesRefused naming the lines to correct.
    """
    if len(data) > MAX_BYTES:
        raise NamesRefused(f"The list of names has more than {MAX_BYTES // 2**20} MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NamesRefused(
            "The list of names is not UTF-8 text. Save it as “CSV UTF-8”."
        ) from error
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="surplus")
    try:
        _check_header([(name or "").strip().lower() for name in reader.fieldnames or ()])
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        return _identities((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise NamesRefused(
            f"Line {reader.line_num} of the list cannot be read: {error}."
        ) from error


def _check_header(header: list[str]) -> None:
    if "folder" not in header or "full_name" not in header:
        raise NamesRefused(
            f"The first line of the list must name its columns: {','.join(COLUMNS)}."
        )
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or len(set(header)) < len(header):
        raise NamesRefused(
            f"The list has columns that are unknown or named twice: {', '.join(unknown or header)}."
            f" Known are {', '.join(COLUMNS)}."
        )


def _identities(rows: Iterable[tuple[int, Mapping[str, str | None]]]) -> dict[str, Identity]:
    names: dict[str, Identity] = {}
    staff_numbers: dict[str, int] = {}
    faults: list[str] = []
    for line, row in rows:
        fault = _fault(row)
        folder = unicodedata.normalize("NFC", (row.get("folder") or "").strip())
        number = (row.get("staff_number") or "").strip()
        if fault is None and folder in names:
            fault = f"the folder “{folder}” is listed twice"
        if fault is None and number in staff_numbers:
            fault = f"staff number {number} is also on line {staff_numbers[number]}"
        if fault is not None:
            faults.append(f"line {line}: {fault}")
            continue
        names[folder] = Identity(
            full_name=" ".join((row["full_name"] or "").split()),
            staff_number=number,
            gallery=(row.get("gallery") or "").strip(),
        )
        if number:
            staff_numbers[number] = line
    if faults:
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise NamesRefused(f"Correct the list of names: {'; '.join(faults[:_SHOWN])}{more}.")
    return names


def _fault(row: Mapping[str, str | None]) -> str | None:
    if row.get("surplus"):
        return "more values than columns"
    if any("\0" in value for value in row.values() if value):
        return "a character that cannot be stored"
    for column in ("folder", "full_name"):
        if not (row.get(column) or "").strip():
            return f"{column} is empty"
    for column, limit in MAX_LENGTHS.items():
        if len(row.get(column) or "") > limit:
            return f"{column} has more than {limit} characters"
    return None
