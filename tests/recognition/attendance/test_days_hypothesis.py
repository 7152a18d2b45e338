"""The summaries of the database against those of plain Python, whatever happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from people.models import Gallery, Person
from recognition.attendance import days, workdays
from recognition.models import (
    AttendanceEvent,
    EventSource,
    Holiday,
    Shift,
    ShiftAssignment,
)
from tests.recognition.attendance import reference

# Zone and the dates on which its clocks change in 2025.
CLOCK_CHANGES = {
    "Europe/Berlin": [date(2025, 3, 30), date(2025, 10, 26)],
    "America/New_York": [date(2025, 3, 9), date(2025, 11, 2)],
    "Australia/Lord_Howe": [date(2025, 4, 6), date(2025, 10, 5)],
    "Asia/Kolkata": [date(2025, 1, 1), date(2024, 2, 29)],  # never; two other dates
}
DAYS = 4
REASON = "as it was"

zones = st.sampled_from(list(CLOCK_CHANGES))
times = st.one_of(
    st.sampled_from([time(hour) for hour in (0, 2, 3, 6, 8, 14, 16, 22, 23)]),
    st.sampled_from([time(1, 30), time(2, 15), time(2, 30), time(23, 59)]),
    st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15)),
)
minutes = st.sampled_from([0, 0, 5, 15, 30, 60])
weekdays = st.one_of(
    st.just([1, 2, 3, 4, 5, 6, 7]),
    st.just([1, 2, 3, 4, 5]),
    st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True),
)
offsets = st.integers(-3, DAYS + 2)
owners = st.sampled_from(["ann", "bob", "north", "south"])


@dataclass(frozen=True)
class Hours:
    start: time
    end: time
    weekdays: list[int]
    break_minutes: int
    late_grace_minutes: int
    early_grace_minutes: int


@dataclass(frozen=True)
class Event:
    """at: since the midnight before the first date, in UTC. corrected: taken away, or moved."""

    is_of_ann: bool
    at: timedelta
    direction: str
    corrected: str
    moved: timedelta


@dataclass(frozen=True)
class Site:
    zones: tuple[str, str]
    first: date
    hours: list[Hours]
    assigned: list[tuple[str, int, int, int | None]]
    holidays: set[tuple[int, str]]
    galleries: tuple[set[str], set[str]]
    is_active: bool
    added: int
    events: list[Event]
    now: timedelta


# Any; a night; and one so long that it reaches into the day after the next.
spans = st.one_of(
    st.tuples(times, times),
    st.just((time(22), time(6))),
    st.just((time(23), time(22))),
)


def hours_of(span: tuple[time, time], weekdays: list[int], *parts: int) -> Hours:
    """Break and grace are shorter than the shift."""
    start, end = (clock.hour * 60 + clock.minute for clock in span)
    length = end - start + (24 * 60 if end <= start else 0)
    return Hours(*span, weekdays, *(min(part, length - 1) for part in parts))


hours = st.builds(hours_of, spans, weekdays, minutes, minutes, minutes)
moments = st.builds(
    lambda minutes, seconds: timedelta(minutes=minutes, seconds=seconds),
    st.integers(-24 * 60, (DAYS + 1) * 24 * 60),
    st.sampled_from([0, 0, 30, 0.25]),
)
events = st.builds(
    Event,
    st.booleans(),
    moments,
    st.sampled_from(["in", "out"]),
    st.sampled_from(["", "", "", "void", "moved", "turned", "moved and void"]),
    st.integers(-300, 300).map(lambda minutes: timedelta(minutes=minutes)),
)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    zone = draw(zones)
    change = draw(st.sampled_from(CLOCK_CHANGES[zone]))
    some = draw(st.lists(hours, min_size=1, max_size=3))
    assigned = st.tuples(
        owners,
        st.integers(0, len(some) - 1),
        st.sampled_from([-3, -3, 0, 1, 2]),  # often the same: then the latest made counts
        st.none() | st.integers(0, 4),
    )
    of_gallery = st.sets(st.sampled_from(["north", "south"]))
    return Site(
        zones=(zone, draw(zones)),
        first=change - timedelta(days=draw(st.integers(0, DAYS - 1))),
        hours=some,
        assigned=draw(st.lists(assigned, max_size=6)),
        holidays=draw(st.sets(st.tuples(offsets, st.sampled_from(["", "north", "south"])),
                              max_size=2)),
        galleries=(draw(of_gallery), draw(of_gallery)),
        is_active=draw(st.booleans()),
        added=draw(st.sampled_from([-100, -100, 1])),
        events=draw(st.lists(events, max_size=16)),
        now=draw(moments),
    )  # fmt: skip


def build(site: Site) -> datetime:
    """Everything in the database; returns what is now."""
    first = datetime.combine(site.first, time.min, tzinfo=UTC)
    galleries = {
        name: Gallery.objects.create(name=name, time_zone=zone)
        for name, zone in zip(("north", "south"), site.zones, strict=True)
    }
    people = [
        Person.objects.create(full_name="Ann", staff_number="7"),
        Person.objects.create(full_name="Bob", is_active=site.is_active),
    ]
    for person, names in zip(people, site.galleries, strict=True):
        person.galleries.set([galleries[name] for name in names])
    Person.objects.update(created_at=first + timedelta(days=site.added))
    plan(site, galleries, dict(zip(("ann", "bob"), people, strict=True)))
    record(site, first, people)
    return first + site.now


def plan(site: Site, galleries: dict[str, Gallery], people: dict[str, Person]) -> None:
    shifts = Shift.objects.bulk_create(
        Shift(name=f"Shift {number}", **vars(one)) for number, one in enumerate(site.hours)
    )
    for owner, shift, start, length in site.assigned:
        valid_from = site.first + timedelta(days=start)
        ShiftAssignment.objects.create(
            shift=shifts[shift],
            person=people.get(owner),
            gallery=galleries.get(owner),
            valid_from=valid_from,
            valid_to=None if length is None else valid_from + timedelta(days=length),
        )
    Holiday.objects.bulk_create(
        Holiday(date=site.first + timedelta(days=offset), name="x", gallery=galleries.get(name))
        for offset, name in site.holidays
    )


def record(site: Site, first: datetime, people: list[Person]) -> None:
    originals = AttendanceEvent.objects.bulk_create(
        correction(people[not one.is_of_ann], first + one.at, one.direction) for one in site.events
    )
    for asked, event in zip(site.events, originals, strict=True):
        corrected = event
        if "moved" in asked.corrected or "turned" in asked.corrected:
            turned = {"in": "out", "out": "in"}[asked.direction]
            direction = turned if asked.corrected == "turned" else asked.direction
            corrected = correction(event.person, event.occurred_at + asked.moved, direction)
            corrected.replaces = event
            corrected.save()
        if "void" in asked.corrected:
            void = correction(event.person, event.occurred_at, event.direction)
            void.replaces, void.is_void = corrected, True
            void.save()


def correction(person: Person | None, at: datetime, direction: str) -> AttendanceEvent:
    return AttendanceEvent(
        person=person,
        occurred_at=at,
        direction=direction,
        source=EventSource.CORRECTION,
        correction_reason=REASON,
    )


bounded = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@bounded
@given(site=sites())
@pytest.mark.django_db
def test_the_database_and_plain_python_agree(site: Site) -> None:
    last = site.first + timedelta(days=DAYS - 1)
    with transaction.atomic():
        now = build(site)
        asked = days.Asked(site.first, last)
        expected = list(reference.days(site.first, last, now))
        assert list(days.each(asked=asked, now=now)) == expected
        today = days.today(gallery=None, now=now)
        assert_of_this_moment(today, now)
        transaction.set_rollback(True)


def assert_of_this_moment(board: days.Board, now: datetime) -> None:
    for person in Person.objects.all():
        calendar = reference.Calendar(person)
        day = calendar.day_of(now)
        shown = {one.date for one in [*board.in_now, *board.late, *board.absent]
                 if one.person_id == person.pk}  # fmt: skip
        assert shown <= {day}


@bounded
@given(site=sites(), at=moments)
@pytest.mark.django_db
def test_the_clock_and_plain_python_agree_on_the_working_day(site: Site, at: timedelta) -> None:
    with transaction.atomic():
        build(site)
        moment = datetime.combine(site.first, time.min, tzinfo=UTC) + at
        for person in Person.objects.all():
            calendar = reference.Calendar(person)
            day = calendar.day_of(moment)
            expected = (calendar.begin(day), calendar.begin(day + timedelta(days=1)))
            assert workdays.bounds(person, moment) == expected
        transaction.set_rollback(True)


@bounded
@given(site=sites())
@pytest.mark.django_db
def test_working_days_follow_each_other(site: Site) -> None:
    with transaction.atomic():
        build(site)
        for person in Person.objects.all():
            begin = reference.Calendar(person).begin
            begins = [begin(site.first + timedelta(days=n)) for n in range(-4, DAYS + 4)]
            assert begins == sorted(begins)
        transaction.set_rollback(True)
