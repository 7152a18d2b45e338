"""Working days and events in words, for pages: local times, h:mm, marks for what is odd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format

from people.models import Person
from recognition.attendance.days import Day


@dataclass(frozen=True, slots=True)
class Mark:
    """A word about a day. tone: ok, warn, bad, info or plain; the word says it without colour."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What may have to be added to a day. at: when the shift would have it, by the wall's clock."""

    direction: str
    at: str


@dataclass(frozen=True, slots=True)
class Row:
    """A working day as a table shows it. Durations are h:mm, and empty when there is none."""

    person_id: int
    name: str
    staff_number: str
    date: date
    zone: str
    shift: str
    hours: str
    came: str
    left: str
    worked: str
    breaks: str
    late: str
    early_leave: str
    overtime: str
    marks: tuple[Mark, ...]
    forgotten: Forgotten | None
    is_free: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Of some days. Durations in h:mm."""

    worked: str
    overtime: str
    breaks: str
    late: str
    early_leave: str
    days_worked: int
    days_late: int
    days_absent: int
    missing_clock_outs: int


def row(day: Day) -> Row:
    return Row(
        person_id=day.person_id,
        name=day.name,
        staff_number=day.staff_number,
        date=day.date,
        zone=day.zone,
        shift=day.shift,
        hours=_hours(day),
        came=clock_time(day, day.first_in),
        left=clock_time(day, day.last_out),
        worked=h_mm(day.worked) if day.first_in else "",
        breaks=_or_nothing(day.breaks),
        late=_or_nothing(day.late),
        early_leave=_or_nothing(day.early_leave),
        overtime=_or_nothing(day.overtime),
        marks=tuple(_marks(day)),
        forgotten=_forgotten(day),
        is_free=not day.shift,
    )


def totals(days: Iterable[Day]) -> Totals:
    days = list(days)
    return Totals(
        worked=h_mm(sum(day.worked for day in days)),
        overtime=h_mm(sum(day.overtime for day in days)),
        breaks=h_mm(sum(day.breaks for day in days)),
        late=h_mm(sum(day.late for day in days)),
        early_leave=h_mm(sum(day.early_leave for day in days)),
        days_worked=sum(day.first_in is not None for day in days),
        days_late=sum(day.late > 0 for day in days),
        days_absent=sum(day.is_absent for day in days),
        missing_clock_outs=sum(day.missing_clock_out for day in days),
    )


def h_mm(seconds: int) -> str:
    """7:05. Seconds are dropped, as everywhere in payroll's view of a day."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}"


def clock_time(day: Day, moment: datetime | None) -> str:
    """08:00, or 06:00 (next day)."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(day.zone))
    return f"{local:%H:%M}{_which_day(local.date(), day.date)}"


def _which_day(local: date, day: date) -> str:
    return {0: "", 1: " (next day)", -1: " (day before)"}.get(
        (local - day).days, f" ({date_format(local, 'j M')})"
    )


def zone_of(person: Person | None) -> ZoneInfo:
    """As `workdays.time_zone_of`, from galleries that were prefetched."""
    galleries = sorted(person.galleries.all(), key=lambda one: one.pk) if person else []
    return ZoneInfo(galleries[0].time_zone if galleries else settings.TIME_ZONE)


def moment_in(zone: ZoneInfo, moment: datetime) -> str:
    """3 Mar 2025, 08:00, with the zone where it is not the site's."""
    local = moment.astimezone(zone)
    shown = date_format(local, "D j M Y, H:i")
    return shown if zone.key == settings.TIME_ZONE else f"{shown} {local:%Z}"


def _or_nothing(seconds: int) -> str:
    return h_mm(seconds) if seconds else ""


def _forgotten(day: Day) -> Forgotten | None:
    if not (day.missing_clock_out or day.is_absent):
        return None
    # Absent is only who has a shift, and no clock-out is missing without a clock-in.
    expected = (day.shift_end or day.first_in) if day.missing_clock_out else day.shift_start
    local = expected and expected.astimezone(ZoneInfo(day.zone))
    at = f"{local:%Y-%m-%dT%H:%M:%S}" if local else ""
    return Forgotten("out" if day.missing_clock_out else "in", at)


def _hours(day: Day) -> str:
    if day.shift_start is None:
        return ""
    return f"{clock_time(day, day.shift_start)}–{clock_time(day, day.shift_end)}"


def _marks(day: Day) -> Iterable[Mark]:
    if day.is_absent:
        yield Mark("Absent", "bad")
    if day.missing_clock_out:
        yield Mark("No clock-out", "bad")
    if day.last_out is not None and day.first_in is None:
        yield Mark("No clock-in", "bad")
    if day.is_in:
        yield Mark("In now", "ok")
    if day.is_awaited:
        yield Mark("Not here yet", "warn")
    if day.late:
        yield Mark("Late", "warn")
    if day.early_leave:
        yield Mark("Left early", "warn")
    if day.is_holiday:
        yield Mark("Holiday", "info")
