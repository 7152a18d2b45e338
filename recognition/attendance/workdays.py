"""Which working day a moment belongs to."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from people.models import Person


def time_zone_of(person: Person) -> ZoneInfo:
    """Of the person's first gallery; without one, the site's."""
    gallery = person.galleries.order_by("id").first()
    return ZoneInfo(gallery.time_zone if gallery else settings.TIME_ZONE)


def bounds(person: Person, moment: datetime) -> tuple[datetime, datetime]:
    """Start (inclusive) and end (exclusive) of the working day of this moment."""
    zone = time_zone_of(person)
    day = moment.astimezone(zone).date()
    start = datetime.combine(day, time.min, tzinfo=zone)
    return start, datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
