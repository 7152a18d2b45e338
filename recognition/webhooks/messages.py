"""What a message says: ids and times, and no name.

Receivers are other systems, often of other companies, and their logs are not ours. They know
people by staff number; whoever needs more asks the API with the id, and permission, for it. The
reason of a correction stays here too: it may say why somebody was ill.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from recognition.models import AttendanceEvent, EventSource

CLOCKED = "attendance.clocked"
CORRECTED = "attendance.corrected"


def body_of(event: AttendanceEvent) -> str:
    """The same for each try, since events never change; of a person erased since, nothing is left.

    event: with person, device and replaces.
    """
    is_correction = event.source == EventSource.CORRECTION
    message = {
        "type": CORRECTED if is_correction else CLOCKED,
        "timestamp": _utc(event.received_at),
        "data": {
            "id": str(event.public_id),
            "person": str(event.person.public_id) if event.person else None,
            "staff_number": event.person.staff_number if event.person else None,
            "direction": event.direction,
            "occurred_at": _utc(event.occurred_at),
            "device": event.device.name if event.device else None,
            "is_late_arriving": event.is_late_arriving,
            "replaces": str(event.replaces.public_id) if event.replaces else None,
            "is_void": event.is_void,
        },
    }
    return json.dumps(message, separators=(",", ":"))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
