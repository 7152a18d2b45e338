"""Day summaries as files for a spreadsheet, in the local time of each person's gallery."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from typing import IO
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from people.errors import Refusal
from people.spreadsheets import harmless
from recognition.attendance.days import Asked, Day, people

Cell = str | int | bool | date | datetime | timedelta | None

MAX_ROWS = 2**20 - 1  # of a sheet, below its heading; the library drops what is beyond
_BOM = "\ufeff"  # without it Excel reads UTF-8 as something else
_CHUNK = 64 * 1024  # bytes


class TooManyRows(Refusal):
    code = "export_too_large"


def _local(day: Day, moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(ZoneInfo(day.zone)).replace(tzinfo=None)


COLUMNS: dict[str, Callable[[Day], Cell]] = {
    "Date": lambda day: day.date,
    "Name": lambda day: day.name,
    "Staff number": lambda day: day.staff_number,
    "Shift": lambda day: day.shift,
    "Shift start": lambda day: _local(day, day.shift_start),
    "Shift end": lambda day: _local(day, day.shift_end),
    "First in": lambda day: _local(day, day.first_in),
    "Last out": lambda day: _local(day, day.last_out),
    "Worked": lambda day: timedelta(seconds=day.worked),
    "Breaks": lambda day: timedelta(seconds=day.breaks),
    "Late": lambda day: timedelta(seconds=day.late),
    "Early leave": lambda day: timedelta(seconds=day.early_leave),
    "Overtime": lambda day: timedelta(seconds=day.overtime),
    "Missing clock-out": lambda day: day.missing_clock_out,
    "Absent": lambda day: day.is_absent,
    "Holiday": lambda day: day.is_holiday,
    "Events": lambda day: day.events,
    "Time zone": lambda day: day.zone,
    "Person": lambda day: str(day.person),
}


def file_name(asked: Asked, suffix: str) -> str:
    return f"attendance-{asked.first}-{asked.last}.{suffix}"


def as_csv(days: Iterable[Day]) -> Iterator[str]:
    """Line by line, the byte order mark first."""
    yield _BOM
    line = io.StringIO()
    writer = csv.writer(line)
    rows = ([_as_text(value(day)) for value in COLUMNS.values()] for day in days)
    for row in chain([list(COLUMNS)], rows):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _as_text(cell: Cell) -> str:
    if isinstance(cell, str):
        return harmless(cell)
    if isinstance(cell, bool):
        return "yes" if cell else ""
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(cell // timedelta(seconds=1), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return "" if cell is None else str(cell)


def check_rows(asked: Asked) -> None:
    """Raises TooManyRows when a sheet may not hold them all."""
    dates = (asked.last - asked.first).days + 1
    if people(asked) * dates > MAX_ROWS:
        raise TooManyRows(
            "These are more rows than a sheet can hold. Ask for fewer days, or take the CSV."
        )


def as_xlsx(days: Iterable[Day]) -> IO[bytes]:
    """A temporary file, at its start; it is gone when closed. Row by row, so memory is bounded."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever gets it closes it
    try:
        with Workbook(file, {"constant_memory": True}) as book:
            _write(book, days)
    except BaseException:  # whatever it is, a reader that went away too: no file stays open
        file.close()
        raise
    file.seek(0)
    return file


class Chunks:
    """What is in a file; closes it at the end, or when it is not wanted to the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        with self._file:
            while chunk := self._file.read(_CHUNK):
                yield chunk

    def close(self) -> None:
        self._file.close()


def _write(book: Workbook, days: Iterable[Day]) -> None:
    sheet = book.add_worksheet("Attendance")
    sheet.freeze_panes(1, 2)
    sheet.set_column(0, len(COLUMNS) - 1, 18)
    formats = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
    }
    for column, title in enumerate(COLUMNS):
        sheet.write_string(0, column, title, book.add_format({"bold": True}))
    for row, day in enumerate(days, start=1):
        for column, value in enumerate(COLUMNS.values()):
            _write_cell(sheet, row, column, value(day), formats)


def _write_cell(
    sheet: Worksheet, row: int, column: int, cell: Cell, formats: dict[type, object]
) -> None:
    """Each kind by its own method: the general one would make formulas and links of texts."""
    if isinstance(cell, bool):
        sheet.write_string(row, column, _as_text(cell))
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, str):
        sheet.write_string(row, column, harmless(cell))
    elif cell is not None:
        sheet.write_datetime(row, column, cell, formats[type(cell)])
