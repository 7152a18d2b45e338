"""A face at the door becomes an event payroll can rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from people import prepared
from people.errors import Refusal
from people.images import Pixels
from people.models import Person
from recognition import barred
from recognition.attendance import directions, workdays
from recognition.attendance.signals import clocked
from recognition.liveness import Live, not_shown
from recognition.models import (
    AttemptSource,
    AttendanceEvent,
    Device,
    Direction,
    EventSource,
)
from recognition.services import ErasedMeanwhile, Probe, Result, recognize, verify

_REPLACED_BY = AttendanceEvent._meta.get_field("replaced_by")


class InTheFuture(Refusal):
    code = "clock_in_future"


class TooOld(Refusal):
    code = "capture_too_old"


class ClockDrift(Refusal):
    code = "clock_drift"


class NoGallery(Refusal):
    code = "gallery_not_allowed"


@dataclass(frozen=True, slots=True)
class Capture:
    """What a device saw. photos: frames of one face, each (h, w, 3) uint8 RGB, or a challenge that
    was answered; nothing less for a device that requires it.

    occurred_at: by the device's clock; now when None. staff_number: the person claims to be this
    one, so it is 1:1. direction: derived when None.
    """

    photos: Sequence[Pixels] | Live
    occurred_at: datetime | None = None
    staff_number: str = ""
    direction: Direction | None = None

    @property
    def probe(self) -> Sequence[Pixels] | Probe:
        return self.photos.probe if isinstance(self.photos, Live) else self.photos


@dataclass(frozen=True, slots=True)
class Clocked:
    """event is None when nobody was recognized. is_repeat: the event was there already."""

    result: Result
    event: AttendanceEvent | None = None
    is_repeat: bool = False


@transaction.atomic
def clock(*, capture: Capture, device: Device, was_stored: bool = False) -> Clocked:
    """Decide who it is and record that they came or went, in one transaction.

    was_stored: the capture waited on the device. Raises InTheFuture, TooOld, ClockDrift,
    NoFrames, WeightsMissing, ErasedMeanwhile; then nothing is stored.
    """
    now = timezone.now()
    occurred_at = capture.occurred_at or now
    check_time(occurred_at, now)
    if isinstance(capture.photos, Live):  # who moves now has not moved yesterday
        check_drift(occurred_at, now)
    result = _who(capture, device)
    if result.person is None:
        return Clocked(result=result)
    person = _alone_with(result.person.pk)
    around = _around(person, occurred_at, device, capture.direction)
    if around.seen is not None:
        event = AttendanceEvent.objects.select_related("person", "device").get(pk=around.seen)
        return Clocked(result=result, event=event, is_repeat=True)
    event = AttendanceEvent(
        person=person,
        direction=capture.direction or directions.next_after(around.last),
        is_derived=capture.direction is None,
        occurred_at=occurred_at,
        source=EventSource.BATCH if was_stored else EventSource.CLOCK,
        is_late_arriving=was_stored or now - occurred_at > settings.CLOCK_LATE_AFTER,
        device=device,
        attempt=result.attempt,
    )
    prepared.insert(event)
    _REPLACED_BY.set_cached_value(event, None)  # nobody can have corrected it yet
    clocked.send(sender=AttendanceEvent, event=event)
    if around.changes_later:
        directions.derive_again(person=person, since=occurred_at, device=device)
    return Clocked(result=result, event=event)


def settings_of(device: Device) -> dict[str, object]:
    """What the device has to know before it clocks, as the API names it."""
    gallery = device.galleries.order_by("id").first()
    return {
        "id": device.public_id,
        "name": device.name,
        "time_zone": gallery.time_zone if gallery else settings.TIME_ZONE,
        "now": timezone.now(),
        "drift_seconds": settings.CLOCK_DRIFT.total_seconds(),
        "oldest_hours": settings.CLOCK_OLDEST / timedelta(hours=1),
        "undo_seconds": settings.CLOCK_UNDO.total_seconds(),
        "requires_liveness": device.requires_liveness,
    }


def check_time(occurred_at: datetime, now: datetime) -> None:
    """Raises InTheFuture, TooOld."""
    if occurred_at > now + settings.CLOCK_DRIFT:
        raise InTheFuture("The time of this capture is in the future. Set the device's clock.")
    if occurred_at < now - settings.CLOCK_OLDEST:
        hours = round(settings.CLOCK_OLDEST / timedelta(hours=1))
        raise TooOld(
            f"This capture is older than {hours} hours. Somebody permitted has to enter it."
        )


def check_drift(sent_at: datetime, now: datetime) -> None:
    """The device says what time it is; raises ClockDrift when it is wrong by too much."""
    if abs(now - sent_at) > settings.CLOCK_DRIFT:
        raise ClockDrift("The device's clock is wrong, and so are its captures. Set it first.")


def _who(capture: Capture, device: Device) -> Result:
    galleries = device.where
    if not galleries:  # to a search, none would mean everybody
        raise NoGallery("This device has no gallery, so it knows nobody. Give it one.")
    if device.requires_liveness and not isinstance(capture.photos, Live):
        return not_shown(
            frames=len(capture.photos), source=AttemptSource.DEVICE, actor=device.account
        )
    if not capture.staff_number:
        return recognize(
            probe=capture.probe,
            galleries=galleries,
            source=AttemptSource.DEVICE,
            actor=device.account,
            says_why=settings.CLOCK_SAYS_WHY,
        )
    claimed, barred_by = barred.find(Q(staff_number=capture.staff_number), galleries)
    if barred_by is not None and not settings.CLOCK_SAYS_WHY:
        claimed = barred_by = None
    return verify(
        probe=capture.probe,
        person=claimed,
        source=AttemptSource.DEVICE,
        actor=device.account,
        barred_by=barred_by,
    )


_LOCKED = f"""
    SELECT {prepared.columns(Person, "p")} FROM people_person p WHERE p.id = %s FOR NO KEY UPDATE
"""  # noqa: S608  of column names


def _alone_with(person_id: int) -> Person:
    """One at a time for each person: of two shows at once, the second sees the first.

    Raises ErasedMeanwhile.
    """
    found = prepared.rows(_LOCKED, [person_id])
    if not found:
        raise ErasedMeanwhile("This person was erased meanwhile.")
    return prepared.next_of(Person, iter(found[0]))


# What counts: not void, and not replaced by a correction.
_EVENTS = """
    FROM recognition_attendanceevent e
    WHERE e.person_id = %(person)s::bigint AND NOT e.is_void
        AND NOT EXISTS (SELECT FROM recognition_attendanceevent r WHERE r.replaces_id = e.id)
"""
# What this device recorded at that very moment is there, whatever it was corrected to: a capture
# that is sent again must not bring back what somebody took away. Whoever passes the reader of the
# way out soon after that of the way in has left: the other direction, when said, is no repeat.
_AROUND = f"""
    SELECT
        COALESCE(
            (SELECT e.id FROM recognition_attendanceevent e
                WHERE e.person_id = %(person)s::bigint AND e.occurred_at = %(at)s::timestamptz
                AND e.device_id = %(device)s::bigint AND e.source <> 'correction' LIMIT 1),
            (SELECT near.id FROM (SELECT e.id, e.direction {_EVENTS}
                AND e.occurred_at > %(at)s::timestamptz - %(interval)s::interval
                AND e.occurred_at < %(at)s::timestamptz + %(interval)s::interval
                ORDER BY e.occurred_at > %(at)s::timestamptz,
                    abs(extract(epoch FROM e.occurred_at - %(at)s::timestamptz)) LIMIT 1) near
                WHERE %(said)s::text IS NULL OR near.direction = %(said)s::text)
        ),
        (SELECT e.direction {_EVENTS}
            AND e.occurred_at >= %(begins)s::timestamptz AND e.occurred_at < %(at)s::timestamptz
            ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1),
        EXISTS (SELECT {_EVENTS} AND e.is_derived
            AND e.occurred_at > %(at)s::timestamptz AND e.occurred_at < %(ends)s::timestamptz)
"""  # noqa: S608  of constants


@dataclass(frozen=True, slots=True)
class _Around:
    """Of a moment of somebody's working day; what was forgotten on an earlier one does not count.

    seen: an event that is this one already, or the one before (else after) it, so near that the
    same face was only shown again.
    last: the direction before. changes_later: directions after it were derived.
    """

    seen: int | None
    last: str | None
    changes_later: bool


def _around(person: Person, moment: datetime, device: Device, said: Direction | None) -> _Around:
    begins, ends = workdays.bounds(person, moment)
    asked = {
        "person": person.pk,
        "device": device.pk,
        "at": moment,
        "begins": begins,
        "ends": ends,
        "interval": settings.CLOCK_REPEAT,
        "said": said,
    }
    return _Around(*prepared.rows(_AROUND, asked)[0])
