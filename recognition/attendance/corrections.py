"""Corrections: a new row that says who, when and why; the old one stays as it was."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from people.errors import Refusal
from people.models import Person
from recognition.attendance.signals import corrected
from recognition.models import AttendanceEvent, Device, Direction, EventSource

DERIVED = "What came before it in the day has changed, and nobody had given the direction"


class AlreadyCorrected(Refusal):
    code = "already_corrected"


class InTheFuture(Refusal):
    code = "correction_in_future"


def add_forgotten(
    *, person: Person, direction: Direction, occurred_at: datetime, reason: str, by: User
) -> AttendanceEvent:
    """Somebody came or went and did not clock."""
    return _record(
        person=person, direction=direction, occurred_at=occurred_at, reason=reason, by=by
    )


def replace(
    *,
    event: AttendanceEvent,
    direction: Direction,
    occurred_at: datetime,
    reason: str,
    by: User,
) -> AttendanceEvent:
    """It happened otherwise. Raises AlreadyCorrected: correct the correction then."""
    return _record(
        person=event.person,
        direction=direction,
        occurred_at=occurred_at,
        reason=reason,
        by=by,
        replaces=event,
    )


def void(
    *, event: AttendanceEvent, reason: str, by: User, device: Device | None = None
) -> AttendanceEvent:
    """It did not happen. device: where it was taken back. Raises AlreadyCorrected."""
    return _record(
        person=event.person,
        direction=Direction(event.direction),
        occurred_at=event.occurred_at,
        reason=reason,
        by=by,
        replaces=event,
        is_void=True,
        device=device,
    )


def derive(*, event: AttendanceEvent, direction: Direction, device: Device) -> AttendanceEvent:
    """Nobody gave its direction, and it is this one now. device: what changed it. Raises
    AlreadyCorrected."""
    return _record(
        person=event.person,
        direction=direction,
        occurred_at=event.occurred_at,
        reason=DERIVED,
        by=device.account,
        replaces=event,
        device=device,
        is_derived=True,
    )


def _record(
    *,
    person: Person | None,
    direction: Direction,
    occurred_at: datetime,
    reason: str,
    by: User,
    replaces: AttendanceEvent | None = None,
    is_void: bool = False,
    device: Device | None = None,
    is_derived: bool = False,
) -> AttendanceEvent:
    # A device's clock may be a little ahead, and what it recorded so can be taken away.
    if occurred_at > timezone.now() and not (is_void or is_derived):
        raise InTheFuture("What has not happened yet cannot be corrected.")
    try:
        with transaction.atomic():
            event = AttendanceEvent.objects.create(
                person=person,
                direction=direction,
                is_derived=is_derived,
                occurred_at=occurred_at,
                source=EventSource.CORRECTION,
                replaces=replaces,
                is_void=is_void,
                device=device,
                corrected_by=by,
                correction_reason=reason,
            )
            corrected.send(sender=AttendanceEvent, event=event)
    except IntegrityError as error:
        if replaces is not None and AttendanceEvent.objects.filter(replaces=replaces).exists():
            raise AlreadyCorrected(
                "This event has been corrected already. Correct the correction."
            ) from error
        raise
    return event
