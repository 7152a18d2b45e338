"""Somebody with a schedule, and what they clocked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from people.models import Gallery, Person
from recognition.attendance import days
from recognition.attendance.days import Day
from recognition.models import AttendanceEvent, EventSource, Shift, ShiftAssignment

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = date(2020, 1, 1)
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]

Works = Callable[..., Shift]


def at(local: str) -> datetime:
    """2025-03-03 08:00 in Berlin."""
    return datetime.fromisoformat(local).replace(tzinfo=BERLIN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def berlin(db: None) -> Gallery:
    return Gallery.objects.create(name="Berlin", time_zone="Europe/Berlin")


@pytest.fixture
def ann(berlin: Gallery) -> Person:
    return new_person("Ann", berlin)


def new_person(name: str, *galleries: Gallery, **more: object) -> Person:
    """Added long ago."""
    person = Person.objects.create(full_name=name, **more)
    person.galleries.set(galleries)
    Person.objects.filter(pk=person.pk).update(created_at=at("2020-01-01 00:00"))
    return person


@pytest.fixture
def works(berlin: Gallery) -> Works:
    """works("08:00", "17:00", break_minutes=60): the shift of the gallery, on every day."""

    def works(start: str, end: str, **more: object) -> Shift:
        shift = Shift.objects.create(
            name=f"{start} to {end}",
            start=time.fromisoformat(start),
            end=time.fromisoformat(end),
            **{"weekdays": EVERY_DAY, **more},
        )
        ShiftAssignment.objects.create(shift=shift, gallery=berlin, valid_from=LONG_AGO)
        return shift

    return works


def clocks(person: Person, *events: str) -> list[AttendanceEvent]:
    """clocks(ann, "in 2025-03-03 08:00", "out 2025-03-03 17:00"), in Berlin."""
    return AttendanceEvent.objects.bulk_create(
        AttendanceEvent(
            person=person,
            direction=direction,
            occurred_at=at(when),
            source=EventSource.CORRECTION,
            correction_reason="as it was",
        )
        for direction, _, when in (event.partition(" ") for event in events)
    )


def day_of(person: Person, day: str, now: str = "2026-01-01 00:00") -> Day:
    asked = days.Asked(date.fromisoformat(day), date.fromisoformat(day), person=person)
    [found] = days.each(asked=asked, now=at(now))
    return found
