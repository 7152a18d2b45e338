"""Today's board as it is shown, and one line of it for the overview."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format

from people.models import Gallery
from recognition.attendance import days
from recognition.attendance.days import Day
from recognition.attendance.shown import Mark, h_mm

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
    lines = partial(_lines, several=several, now=now)
    return Shown(
        date=date_format(now.astimezone(ZoneInfo(own)), "l, j F Y"),
        zones=zones or (own,),
        parts=(
            _part("in", "In", "Nobody is in.", "ok", lines(board.in_now, _in, "warn")),
            _part("late", "Late", "Nobody is late.", "warn", lines(awaited_first, _late, "warn")),
            _part("absent", "Absent", "Nobody is absent.", "bad", lines(board.absent, _absent, "")),
        ),
    )


def _part(key: str, title: str, nobody: str, tone: str, lines: Sequence[Line]) -> Part:
    return Part(key, title, nobody, len(lines), tone, tuple(lines[:SHOWN]))


def _lines(
    found: Iterable[Day],
    describe: Callable[[Day], tuple[str, datetime | None, str]],
    tone: str,
    *,
    several: bool,
    now: datetime,
) -> list[Line]:
    """several: people of more than one time zone, so each time says which."""
    lines = []
    for day in found:
        verb, moment, mark = describe(day)
        text = f"{verb} {_moment(moment, day.zone, now)}" if moment else ""
        if text and several:
            text = f"{text} {day.zone}"
        marks = (Mark(mark, tone),) if mark else ()
        lines.append(Line(day.person_id, day.name, text, marks))
    return lines


def _moment(moment: datetime, zone: str, now: datetime) -> str:
    """08:00; of a night shift, also which day that was."""
    local, today = (one.astimezone(ZoneInfo(zone)) for one in (moment, now))
    days_ago = (today.date() - local.date()).days
    which = {0: "", 1: "yesterday ", -1: "tomorrow "}.get(days_ago, f"{local:%a} ")
    return f"{which}{local:%H:%M}"


def _in(day: Day) -> tuple[str, datetime | None, str]:
    return "came", day.first_in, f"Late {h_mm(day.late)}" if day.late else ""


def _late(day: Day) -> tuple[str, datetime | None, str]:
    if day.is_awaited:
        return "expected", day.shift_start, "Not here yet"
    return "came", day.first_in, f"Late {h_mm(day.late)}"


def _absent(day: Day) -> tuple[str, datetime | None, str]:
    return "expected", day.shift_start, ""
