"""Day summaries in plain Python, written from the definitions and not from the SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.conf import settings

from people.models import Person
from recognition.attendance.days import Day
from recognition.models import AttendanceEvent, Holiday, Shift, ShiftAssignment

ONE = timedelta(days=1)
ZERO = timedelta(0)
MARGIN = timedelta(hours=6)


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """In UTC; of the two readings of a time that is skipped or there twice, the later."""
    local = datetime.combine(day, clock, tzinfo=zone)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


@dataclass
class Work:
    shift: Shift
    start: datetime
    end: datetime


class Calendar:
    """The working days of one person."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.galleries = sorted(person.galleries.all(), key=lambda gallery: gallery.pk)
        zone = self.galleries[0].time_zone if self.galleries else settings.TIME_ZONE
        self.zone = ZoneInfo(zone)
        self.assignments = list(ShiftAssignment.objects.select_related("shift"))
        self.free = list(Holiday.objects.all())

    def is_holiday(self, day: date) -> bool:
        return any(
            free.date == day and (free.gallery is None or free.gallery in self.galleries)
            for free in self.free
        )

    def assigned(self, day: date) -> Shift | None:
        """The person's own before that of a gallery."""
        valid = [
            one
            for one in self.assignments
            if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)
        ]
        groups = [[one for one in valid if one.person == self.person]]
        groups += [[one for one in valid if one.gallery == mine] for mine in self.galleries]
        for group in groups:
            if group:
                return max(group, key=lambda one: (one.valid_from, one.pk)).shift
        return None

    def work(self, day: date) -> Work | None:
        shift = self.assigned(day)
        if shift is None or self.is_holiday(day) or day.isoweekday() not in shift.weekdays:
            return None
        start = moment(day, shift.start, self.zone)
        last = day + ONE if shift.end <= shift.start else day
        return Work(shift, start, max(start, moment(last, shift.end, self.zone)))

    def begin(self, day: date) -> datetime:
        before, now = self.work(day - ONE), self.work(day)
        if before and now:
            return halfway(before, now)
        last = before or self.work(day - 2 * ONE)
        following = now or self.work(day + ONE)
        if last and following and following.start - last.end < 2 * MARGIN:
            return halfway(last, following)
        begin = moment(day, time.min, self.zone)
        if last and begin < last.end + MARGIN:
            begin = last.end + MARGIN
        if following and begin > following.start - MARGIN:
            begin = following.start - MARGIN
        return begin

    def day_of(self, when: datetime) -> date:
        about = when.astimezone(self.zone).date()
        for back in range(-3, 4):
            day = about + back * ONE
            if self.begin(day) <= when < self.begin(day + ONE):
                return day
        raise AssertionError(f"{when} is of no day")


def halfway(before: Work, after: Work) -> datetime:
    if before.end > after.start:
        return after.start
    return before.end + (after.start - before.end) / 2


def counted(person: Person) -> list[AttendanceEvent]:
    events = list(AttendanceEvent.objects.filter(person=person))
    replaced = {event.replaces_id for event in AttendanceEvent.objects.all()}
    kept = [event for event in events if not event.is_void and event.pk not in replaced]
    return sorted(kept, key=lambda event: (event.occurred_at, event.pk))


def stays(events: Iterable[AttendanceEvent]) -> list[tuple[datetime, datetime | None]]:
    """In and out; the last one may be open."""
    found: list[tuple[datetime, datetime | None]] = []
    came = None
    for event in events:
        if event.direction == "in" and came is None:
            came = event.occurred_at
        elif event.direction == "out" and came is not None:
            found.append((came, event.occurred_at))
            came = None
    return [*found, (came, None)] if came else found


def breaks_between(stays: list[tuple[datetime, datetime | None]]) -> timedelta:
    return sum((there[0] - here[1] for here, there in pairwise(stays) if here[1]), ZERO)


def less_break(worked: timedelta, work: Work, breaks: timedelta) -> timedelta:
    half = (work.end - work.start) / 2
    left = max(timedelta(minutes=work.shift.break_minutes) - breaks, ZERO)
    return max(worked - left, half) if worked > half else worked


def lateness(work: Work, came: datetime | None) -> timedelta:
    grace = timedelta(minutes=work.shift.late_grace_minutes)
    if came is None or came <= work.start + grace:
        return ZERO
    return min(came, work.end) - work.start


def left_early(work: Work, left: datetime | None) -> timedelta:
    grace = timedelta(minutes=work.shift.early_grace_minutes)
    if left is None or left >= work.end - grace:
        return ZERO
    return work.end - max(left, work.start)


def amounts(
    calendar: Calendar, day: date, events: list[AttendanceEvent], *, is_done: bool
) -> dict[str, int]:
    """The durations, in seconds. is_done: the day is over, and an in is not its last event."""
    work, there = calendar.work(day), stays(events)
    breaks = breaks_between(there)
    worked = sum((out - came for came, out in there if out), ZERO)
    late = early = net = ZERO
    if work:
        worked = less_break(worked, work, breaks)
        net = max(work.end - work.start - timedelta(minutes=work.shift.break_minutes), ZERO)
        late = lateness(work, first_in(events))
        early = left_early(work, last_out(events)) if is_done else ZERO
    found = {
        "worked": worked,
        "breaks": breaks,
        "late": late,
        "early_leave": early,
        "overtime": max(worked - net, ZERO) if calendar.assigned(day) else ZERO,
    }
    return {name: value // timedelta(seconds=1) for name, value in found.items()}


def first_in(events: list[AttendanceEvent]) -> datetime | None:
    return next((one.occurred_at for one in events if one.direction == "in"), None)


def last_out(events: list[AttendanceEvent]) -> datetime | None:
    return next((one.occurred_at for one in reversed(events) if one.direction == "out"), None)


def summary(calendar: Calendar, day: date, events: list[AttendanceEvent], now: datetime) -> Day:
    work, came, person = calendar.work(day), first_in(events), calendar.person
    is_over = calendar.begin(day + ONE) <= now
    is_last_in = bool(events) and events[-1].direction == "in"
    return Day(
        person_id=person.pk,
        person=person.public_id,
        name=person.full_name,
        staff_number=person.staff_number or "",
        zone=str(calendar.zone),
        date=day,
        shift=work.shift.name if work else "",
        shift_start=work.start if work else None,
        shift_end=work.end if work else None,
        first_in=came,
        last_out=last_out(events),
        **amounts(calendar, day, events, is_done=is_over and not is_last_in),
        missing_clock_out=is_last_in and is_over,
        is_absent=work is not None and came is None and work.end <= now,
        is_holiday=calendar.is_holiday(day),
        is_in=is_last_in and not is_over,
        is_awaited=is_awaited(work, now) and came is None,
        events=len(events),
    )


def is_awaited(work: Work | None, now: datetime) -> bool:
    if work is None:
        return False
    return work.start + timedelta(minutes=work.shift.late_grace_minutes) < now < work.end


def days(first: date, last: date, now: datetime) -> Iterator[Day]:
    """Everybody's, in order of date and person."""
    people = [(Calendar(person), counted(person)) for person in Person.objects.order_by("pk")]
    for number in range((last - first).days + 1):
        day = first + number * ONE
        for calendar, events in people:
            mine = [one for one in events if calendar.day_of(one.occurred_at) == day]
            added = calendar.person.created_at.astimezone(calendar.zone).date()
            if mine or (calendar.person.is_active and added <= day):
                yield summary(calendar, day, mine, now)
