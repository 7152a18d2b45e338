"""Today's board as it is shown, and one line of it for the overview."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format

from people.models import Gallery
from recognition.attendance import days
from recognition.attendance.days import Day
from recognition.attendance.shown import Mark, clock_time, h_mm

SHOWN = 200  # names in a part; the numbers count all
NAMED = 5  # on the overview


@dataclass(frozen=True, slots=True)
class Line:
    """One name on the board."""

    person_id: int
    name: str
    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """key: in, late or absent. more: names beyond those that are shown."""

    key: str
    title: str
    nobody: str
    count: int
    tone: str
    lines: tuple[Line, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True, slots=True)
class Shown:
    date: str
    zones: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def summary(self) -> str:
        return ", ".join(f"{part.count} {part.key}" for part in self.parts)

    @property
    def fingerprint(self) -> str:
        """The same while nothing that is shown has changed."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Here:
    """Who is in: how many, and the first few by name."""

    count: int
    names: tuple[str, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.names)


def here(*, now: datetime) -> Here:
    found = days.today(gallery=None, now=now).in_now
    return Here(len(found), tuple(day.name for day in found[:NAMED]))


def show(*, gallery: Gallery | None, now: datetime) -> Shown:
    board = days.today(gallery=gallery, now=now)
    listed = [*board.in_now, *board.late, *board.absent]
    zones = tuple(sorted({day.zone for day in listed}))
    own = gallery.time_zone if gallery else settings.TIME_ZONE
    several = len(zones) > 1
    awaited_first = sorted(board.late, key=lambda day: not day.is_awaited)
    return Shown(
        date=date_format(now.astimezone(ZoneInfo(own)), "l, j F Y"),
        zones=zones or (own,),
        parts=(
            _part("in", "In", "Nobody is in.", "ok", _lines(board.in_now, _in, several=several)),
            _part("late", "Late", "Nobody is late.", "warn",
                  _lines(awaited_first, _late, several=several)),
            _part("absent", "Absent", "Nobody is absent.", "bad",
                  _lines(board.absent, _absent, several=several)),
        ),
    )  # fmt: skip


def _part(key: str, title: str, nobody: str, tone: str, lines: Sequence[Line]) -> Part:
    return Part(key, title, nobody, len(lines), tone, tuple(lines[:SHOWN]))


def _lines(found: Iterable[Day], describe: Callable[[Day], Line], *, several: bool) -> list[Line]:
    """several: people of more than one time zone, so each time says which."""
    lines = []
    for day in found:
        line = describe(day)
        text = f"{line.text} {day.zone}" if several and line.text else line.text
        lines.append(Line(line.person_id, line.name, text, line.marks))
    return lines


def _in(day: Day) -> Line:
    marks = (Mark(f"Late {h_mm(day.late)}", "warn"),) if day.late else ()
    return Line(day.person_id, day.name, f"since {clock_time(day, day.first_in)}", marks)


def _late(day: Day) -> Line:
    if day.is_awaited:
        expected = f"expected {clock_time(day, day.shift_start)}"
        return Line(day.person_id, day.name, expected, (Mark("Not here yet", "warn"),))
    came = f"came {clock_time(day, day.first_in)}"
    return Line(day.person_id, day.name, came, (Mark(f"Late {h_mm(day.late)}", "plain"),))


def _absent(day: Day) -> Line:
    start, end = (clock_time(day, moment) for moment in (day.shift_start, day.shift_end))
    return Line(day.person_id, day.name, f"{day.shift}, {start}–{end}")
