"""Taking back, at the device, what was clocked there a moment ago."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from people.errors import Refusal
from people.models import Person
from recognition.attendance import corrections, directions
from recognition.attendance.corrections import AlreadyCorrected
from recognition.models import AttendanceEvent, Device

REASON = "Taken back at the device"


class UndoTooLate(Refusal):
    code = "undo_too_late"


@dataclass(frozen=True, slots=True)
class Undone:
    """event: the correction. is_repeat: it was there already, as after a second click."""

    event: AttendanceEvent
    is_repeat: bool = False


@transaction.atomic
def undo(*, event: AttendanceEvent, device: Device) -> Undone:
    """A correction that takes the event away. event: of this device, and no correction itself.

    Raises UndoTooLate once CLOCK_UNDO has passed since the server had the event, and
    AlreadyCorrected when somebody else corrected it.
    """
    # Of two clicks at once, the second waits here and finds what the first one made.
    event = AttendanceEvent.objects.select_for_update(no_key=True).get(pk=event.pk)
    counts = event
    while correction := AttendanceEvent.objects.filter(replaces=counts).first():
        if correction.is_void and correction.device_id == device.pk:
            return Undone(event=correction, is_repeat=True)
        if not correction.is_derived:
            raise AlreadyCorrected("Somebody has corrected this meanwhile.")
        counts = correction  # a late arrival only turned its direction
    if timezone.now() - event.received_at > settings.CLOCK_UNDO:
        raise UndoTooLate("It is too late to undo this. Ask somebody who may correct it.")
    return Undone(event=_take_back(counts, device))


def _take_back(event: AttendanceEvent, device: Device) -> AttendanceEvent:
    everybody = Person.objects.select_for_update(no_key=True)
    person = event.person and everybody.filter(pk=event.person.pk).first()
    gone = corrections.void(event=event, reason=REASON, by=device.account, device=device)
    if person is not None:
        directions.derive_again(person=person, since=event.occurred_at, device=device)
    return gone
