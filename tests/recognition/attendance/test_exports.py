from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest

from people.models import Gallery, Person
from recognition.attendance import days, exports
from recognition.attendance.days import Asked, Day
from tests.recognition.attendance.conftest import Works, at, clocks, new_person

MARCH = Asked(date(2025, 3, 3), date(2025, 3, 4))
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def found() -> Iterator[Day]:
    return days.each(asked=MARCH, now=at("2026-01-01 00:00"))


def csv_rows() -> list[dict[str, str]]:
    text = "".join(exports.as_csv(found()))
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def sheet() -> Any:
    with exports.as_xlsx(found()) as file, zipfile.ZipFile(file) as book:
        return ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  ours


@pytest.fixture
def worked(ann: Person, works: Works) -> Person:
    works("22:00", "06:00", break_minutes=30)
    clocks(ann, "in 2025-03-03 22:10", "out 2025-03-04 06:00")
    return ann


@pytest.mark.usefixtures("worked")
def test_a_csv_has_local_times_and_durations() -> None:
    first, second = csv_rows()
    assert (first["Date"], first["First in"]) == ("2025-03-03", "2025-03-03 22:10:00")
    assert (first["Worked"], first["Late"]) == ("7:20:00", "0:10:00")
    assert (first["Absent"], second["Absent"]) == ("", "yes")
    assert first["Time zone"] == "Europe/Berlin"


@pytest.mark.usefixtures("worked")
def test_a_csv_begins_with_a_byte_order_mark() -> None:
    assert next(exports.as_csv(found())).encode() == b"\xef\xbb\xbf"


def test_a_csv_asks_for_no_more_than_is_taken() -> None:
    def endless() -> Iterator[Day]:
        raise AssertionError("asked for")
        yield

    lines = exports.as_csv(endless())
    assert [next(lines)[:4] for _ in range(2)] == ["\ufeff", "Date"]
    with pytest.raises(AssertionError, match="asked for"):
        next(lines)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " ＝", "x;=", "x\t@", "x\r\n-"])
def test_no_text_is_taken_for_a_formula(start: str, berlin: Gallery) -> None:
    name = f'{start}HYPERLINK("http://example.org";"me")'
    new_person(name, berlin, staff_number=f"{start}A1")
    safe = f"{start[:-1]}'{start[-1]}"
    row = csv_rows()[0]
    assert row["Name"] == f'{safe}HYPERLINK("http://example.org";"me")'
    assert row["Staff number"] == f"{safe}A1"
    root = sheet()
    assert not root.findall(f".//{_SHEET}f")
    assert not root.findall(f".//{_SHEET}hyperlink")
    texts = [text.text or "" for text in root.iter(f"{_SHEET}t")]
    assert f"{safe}A1".split() in [text.replace("_x000D_", "").split() for text in texts]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("separator", ",;\t|")
def test_no_country_s_separator_makes_a_formula(separator: str, berlin: Gallery) -> None:
    """A semicolon separates where a comma is the decimal point."""
    new_person(f"x{separator} =1+1", berlin, staff_number=f'x{separator}""=cmd|2')
    lines = "".join(exports.as_csv(found())).splitlines()
    for cells in csv.reader(lines, delimiter=separator):
        assert not [cell for cell in cells if cell.strip(' "').startswith("=")]


@pytest.mark.usefixtures("worked")
def test_a_workbook_has_dates_and_durations_as_numbers() -> None:
    rows = sheet().findall(f".//{_SHEET}row")
    assert len(rows) == 3
    cells = rows[1].findall(f"{_SHEET}c")
    values = dict(zip(exports.COLUMNS, cells, strict=True))
    worked = values["Worked"].findtext(f"{_SHEET}v")
    assert float(worked) * 24 == pytest.approx(7 + 1 / 3)
    day = float(values["Date"].findtext(f"{_SHEET}v"))
    assert day == (date(2025, 3, 3) - date(1899, 12, 30)).days
    came = float(values["First in"].findtext(f"{_SHEET}v"))
    assert came - day == pytest.approx((22 + 1 / 6) / 24)


@pytest.mark.usefixtures("worked")
def test_what_a_sheet_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    exports.check_rows(MARCH)
    monkeypatch.setattr(exports, "MAX_ROWS", 1)
    with pytest.raises(exports.TooManyRows):
        exports.check_rows(MARCH)


def test_a_file_is_named_for_its_dates() -> None:
    assert exports.file_name(MARCH, "csv") == "attendance-2025-03-03-2025-03-04.csv"
