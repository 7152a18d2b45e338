"""Which working day a moment belongs to, and which shift is worked on it.

Dates and shifts are in the local time of the person's first gallery (by id); without one, of the
site. The shift of a date is that of the person's own assignment which is valid then, or else of
the gallery's (the lowest gallery id first); of several the latest valid_from, then the latest
made. It is worked when the date's weekday is one of the shift's and the date is no holiday.

A working day begins at B(D) and ends where the next begins:

- a shift on D-1 and on D: halfway between the end of the one and the start of the other;
- otherwise at local midnight, but not within MARGIN after the end of the shift before, nor within
  MARGIN before the start of the shift to come. Of two shifts with a free date between them which
  are nearer than that to each other, again halfway.

Shifts that overlap are parted at the start of the later one. B never decreases; a date can be
left with no time at all, between two shifts.

A local time that the clock change skips, or has twice, is the later of the two moments it can be.
Both the clock and the day summaries read these boundaries from one statement, WORKDAYS.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from people import prepared
from people.models import Gallery, Person

MARGIN = 6  # hours
Values = dict[str, int | str | date | None]  # of a statement's parameters
# So many dates before and after the UTC date of a moment its working day can be: fourteen hours of
# zone, a night shift that ends at the next midnight, and MARGIN.
REACH = 3

# Common table expressions; `workday` is the last one. Values: those of `values()`.
# What belongs to a date of a person is looked up by index for each of them (LATERAL), not joined
# from a set: the planner cannot know how many rows such a set has, and a wrong guess would compare
# all with all.
# Moments are compared and added to in UTC: Django sets the session's time zone to it.
_WORKDAYS = """
WITH asked AS MATERIALIZED (
    SELECT p.id AS person_id, COALESCE(home.time_zone, %(zone)s) AS zone
    FROM people_person p
    LEFT JOIN LATERAL (
        SELECT g.time_zone
        FROM people_person_galleries m JOIN people_gallery g ON g.id = m.gallery_id
        WHERE m.person_id = p.id
        ORDER BY g.id
        LIMIT 1
    ) home ON true
    WHERE {who}
), grid AS (
    -- The boundaries of a date need the shifts of two dates before and after it.
    SELECT person_id, zone, %(first)s::date + n AS date
    FROM asked, generate_series(-2, %(last)s::date - %(first)s::date + 2) n
), planned AS (
    SELECT g.person_id, g.zone, g.date, free.is_holiday, own.shift_id IS NOT NULL AS has_schedule,
        s.id AS shift_id, g.date::timestamp AT TIME ZONE g.zone AS midnight,
        (g.date + s.start) AT TIME ZONE g.zone AS shift_start,
        -- Of a shift within the hour that is skipped no time is left, rather than less than none.
        GREATEST(
            (g.date + (s."end" <= s.start)::int + s."end") AT TIME ZONE g.zone,
            (g.date + s.start) AT TIME ZONE g.zone
        ) AS shift_end
    FROM grid g
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM recognition_holiday h
            WHERE h.date = g.date AND (h.gallery_id IS NULL OR EXISTS (
                SELECT FROM people_person_galleries m
                WHERE m.person_id = g.person_id AND m.gallery_id = h.gallery_id))
        ) AS is_holiday
    ) free
    LEFT JOIN LATERAL (
        SELECT a.shift_id
        FROM (
            SELECT a.* FROM recognition_shiftassignment a WHERE a.person_id = g.person_id
            UNION ALL
            SELECT a.* FROM people_person_galleries m
            JOIN recognition_shiftassignment a ON a.gallery_id = m.gallery_id
            WHERE m.person_id = g.person_id
        ) a
        WHERE a.valid_from <= g.date AND (a.valid_to IS NULL OR a.valid_to >= g.date)
        ORDER BY a.gallery_id NULLS FIRST, a.valid_from DESC, a.id DESC
        LIMIT 1
    ) own ON true
    LEFT JOIN recognition_shift s ON s.id = own.shift_id
        AND NOT free.is_holiday AND EXTRACT(ISODOW FROM g.date) = ANY(s.weekdays)
), neighbours AS (
    SELECT planned.*,
        lag(shift_end) OVER days IS NOT NULL AND shift_start IS NOT NULL AS in_a_row,
        COALESCE(lag(shift_end) OVER days, lag(shift_end, 2) OVER days) AS worked_till,
        COALESCE(shift_start, lead(shift_start) OVER days) AS worked_from
    FROM planned
    WINDOW days AS (PARTITION BY person_id ORDER BY date)
), begun AS (
    SELECT neighbours.*,
        CASE WHEN in_a_row OR worked_till + margin > worked_from - margin
            THEN LEAST(worked_from, worked_till + (worked_from - worked_till) / 2)
            -- What is NULL does not bound.
            ELSE LEAST(GREATEST(midnight, worked_till + margin), worked_from - margin)
        END AS begins
    FROM neighbours, make_interval(hours => %(margin)s) margin
), whole AS (
    SELECT begun.*, lead(begins) OVER (PARTITION BY person_id ORDER BY date) AS ends FROM begun
), workday AS (
    SELECT person_id, zone, date, is_holiday, has_schedule, shift_id, shift_start, shift_end,
        begins, ends
    FROM whole
    WHERE date BETWEEN %(first)s AND %(last)s
      AND {when}
)
"""
WORKDAYS = _WORKDAYS.format(
    who="""(%(person)s::bigint IS NULL OR p.id = %(person)s)
      AND (%(gallery)s::bigint IS NULL OR EXISTS (
          SELECT FROM people_person_galleries m
          WHERE m.person_id = p.id AND m.gallery_id = %(gallery)s))""",
    when="(%(at)s::timestamptz IS NULL OR (begins <= %(at)s AND %(at)s < ends))",
)
# The same about one person and one moment: planned once for all of them.
_WORKDAY = _WORKDAYS.format(
    who="p.id = %(person)s::bigint", when="begins <= %(at)s::timestamptz AND %(at)s < ends"
)
_BOUNDS = f"{_WORKDAY} SELECT begins, ends FROM workday"  # noqa: S608  of constants


def time_zone_of(person: Person) -> ZoneInfo:
    """Of the person's first gallery; without one, the site's."""
    gallery = person.galleries.order_by("id").first()
    return ZoneInfo(gallery.time_zone if gallery else settings.TIME_ZONE)


def values(
    *,
    first: date,
    last: date,
    at: datetime | None = None,
    person: Person | None = None,
    gallery: Gallery | None = None,
) -> Values:
    """What WORKDAYS is about: dates, inclusive; at: only the working days of this moment."""
    return {
        "first": first,
        "last": last,
        "at": at,
        "person": person.pk if person else None,
        "gallery": gallery.pk if gallery else None,
        "zone": settings.TIME_ZONE,
        "margin": MARGIN,
    }


def around(moment: datetime) -> tuple[date, date]:
    """First and last date whose working day this moment can be of, in any time zone."""
    day = moment.astimezone(ZoneInfo("UTC")).date()
    return day - timedelta(days=REACH), day + timedelta(days=REACH)


def bounds(person: Person, moment: datetime) -> tuple[datetime, datetime]:
    """Start (inclusive) and end (exclusive) of the working day of this moment."""
    first, last = around(moment)
    asked = values(first=first, last=last, at=moment, person=person)
    ((begins, ends),) = prepared.rows(_BOUNDS, asked)
    return begins, ends
