"""Directions that nobody gave: in and out in turn, from the first event of the working day on."""

from __future__ import annotations

from datetime import datetime

from people.models import Person
from recognition.attendance import corrections, workdays
from recognition.attendance.corrections import AlreadyCorrected
from recognition.models import AttendanceEvent, Device, Direction


def next_after(last: str | None) -> Direction:
    """last: of the event before it in the same working day; None: it is the first."""
    return Direction.OUT if last == Direction.IN else Direction.IN


def derive_again(*, person: Person, since: datetime, device: Device) -> None:
    """Correct the derived directions after a moment, as what is before them has changed.

    A direction that somebody gave, or corrected, stands, and so does what follows from it. person:
    locked, so that nothing else changes the day meanwhile. device: whose doing it is.
    """
    begins, ends = workdays.bounds(person, since)
    day = AttendanceEvent.objects.filter(
        person=person,
        is_void=False,
        replaced_by=None,
        occurred_at__gte=begins,
        occurred_at__lt=ends,
    )
    last = None
    for event in day.order_by("occurred_at", "id"):
        if event.occurred_at > since:
            due = next_after(last)
            if not event.is_derived or event.direction == due:
                return
            try:
                event = corrections.derive(event=event, direction=due, device=device)
            except AlreadyCorrected:  # by somebody, meanwhile
                return
        last = event.direction
