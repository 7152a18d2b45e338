"""What a working day adds up to, worked out by the database.

Only events that count are looked at: not void, and not replaced by a correction. Durations are
elapsed time, so the night of a clock change has the hours it has. Whole seconds, rounded down.

- working day: see `workdays`. first_in: the first in; last_out: the last out.
- pair: an in with the next out of the same working day. A second in before an out changes
  nothing, and neither does an out without an in.
- breaks: from the out of a pair to the in of the next one.
- worked: the pairs, less what the shift's unpaid break has left over after the breaks clocked;
  only what was worked beyond half of the shift is reduced, so whoever leaves early has not yet
  had the break, and to stay longer never pays less. A working day still open has its pairs.
- late: from the shift's start to the first in, when that is more than the grace after it.
- early leave: from the last out to the shift's end, when that is more than the grace before it,
  the working day has ended, and an out is the last event. Neither exceeds the shift.
- overtime: worked beyond the shift less its unpaid break. Who has a schedule that is free that
  day (weekend, holiday): all that was worked. Who has no schedule has no overtime.
- missing clock-out: the working day has ended and an in is the last event.
- absent: a shift has ended, and there is no in.

Listed is who is active, from the date on which they were added; and whoever has an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import connection

from people.models import Gallery, Person
from recognition.attendance import workdays

MAX_DAYS = 92  # of one question: a quarter
_AT_ONCE = 5000  # rows of one query of an export

# Of a run of ins, or of outs, the first one turns work on, or off: it is a turn. Turns alternate
# and begin with an in. So the last event is an in when there is one on more than there are offs,
# and what is worked is the sum of the offs less that of the ons, each counted from the begin of
# the day; the last on, while it has no off, is taken out again.
_DAYS = """, added AS (
    SELECT w.*, e.events, e.first_in, e.last_out, e.ons > e.offs AS ends_in,
        w.ends <= %(now)s AS is_over, done.work, e.last_turn - e.first_turn - done.work AS breaks,
        s.name AS shift, w.shift_end - w.shift_start AS length,
        COALESCE(make_interval(mins => s.break_minutes), interval '0') AS unpaid,
        w.shift_start + make_interval(mins => s.late_grace_minutes) AS late_from,
        w.shift_end - make_interval(mins => s.early_grace_minutes) AS early_till
    FROM workday w
    LEFT JOIN recognition_shift s ON s.id = w.shift_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS events,
            min(at) FILTER (WHERE is_in) AS first_in,
            max(at) FILTER (WHERE NOT is_in) AS last_out,
            count(*) FILTER (WHERE is_turn AND is_in) AS ons,
            count(*) FILTER (WHERE is_turn AND NOT is_in) AS offs,
            min(since) FILTER (WHERE is_turn) AS first_turn,
            max(since) FILTER (WHERE is_turn) AS last_turn,
            sum(CASE WHEN is_in THEN -since ELSE since END) FILTER (WHERE is_turn) AS balance
        FROM (
            SELECT e.occurred_at AS at, e.occurred_at - w.begins AS since,
                e.direction = 'in' AS is_in,
                e.direction <> COALESCE(lag(e.direction) OVER day, 'out') AS is_turn
            FROM recognition_attendanceevent e
            WHERE e.person_id = w.person_id
                AND e.occurred_at >= w.begins AND e.occurred_at < w.ends
                AND NOT e.is_void AND NOT EXISTS (
                    SELECT FROM recognition_attendanceevent r WHERE r.replaces_id = e.id)
            WINDOW day AS (ORDER BY e.occurred_at, e.id)
        ) e
    ) e
    CROSS JOIN LATERAL (
        SELECT e.balance + CASE WHEN e.ons > e.offs THEN e.last_turn ELSE interval '0' END AS work
    ) done
), counted AS (
    SELECT added.*, CASE
        WHEN work IS NULL THEN interval '0'  -- no in
        WHEN length IS NULL THEN work
        ELSE work - LEAST(
            GREATEST(unpaid - breaks, interval '0'), GREATEST(work - length / 2, interval '0'))
        END AS worked
    FROM added
)
SELECT p.id, p.public_id, p.full_name, COALESCE(p.staff_number, ''), c.zone, c.date,
    COALESCE(c.shift, ''), c.shift_start, c.shift_end, c.first_in, c.last_out,
    FLOOR(EXTRACT(EPOCH FROM c.worked))::int,
    FLOOR(EXTRACT(EPOCH FROM COALESCE(c.breaks, interval '0')))::int,
    FLOOR(EXTRACT(EPOCH FROM CASE WHEN c.first_in > c.late_from
        THEN LEAST(c.first_in, c.shift_end) - c.shift_start ELSE interval '0' END))::int,
    FLOOR(EXTRACT(EPOCH FROM CASE WHEN c.is_over AND NOT c.ends_in AND c.last_out < c.early_till
        THEN c.shift_end - GREATEST(c.last_out, c.shift_start) ELSE interval '0' END))::int,
    FLOOR(EXTRACT(EPOCH FROM CASE WHEN c.has_schedule
        THEN GREATEST(c.worked - GREATEST(COALESCE(c.length, interval '0') - c.unpaid,
            interval '0'), interval '0') ELSE interval '0' END))::int,
    c.ends_in AND c.is_over, c.first_in IS NULL AND COALESCE(c.shift_end <= %(now)s, false),
    c.is_holiday, c.ends_in AND NOT c.is_over,
    c.first_in IS NULL AND COALESCE(c.late_from < %(now)s AND %(now)s < c.shift_end, false),
    c.events
FROM counted c JOIN people_person p ON p.id = c.person_id
WHERE (c.events > 0
        OR (p.is_active AND c.date >= (p.created_at AT TIME ZONE c.zone)::date))
    AND (%(after_date)s::date IS NULL OR (c.date, p.id) > (%(after_date)s, %(after_person)s))
ORDER BY c.date, p.id
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One person's working day. Durations in seconds; the other fields: see the module.

    zone: whose dates and shifts these are. is_in: in now. is_awaited: should have come by now.
    """

    person_id: int
    person: UUID
    name: str
    staff_number: str
    zone: str
    date: date
    shift: str
    shift_start: datetime | None
    shift_end: datetime | None
    first_in: datetime | None
    last_out: datetime | None
    worked: int
    breaks: int
    late: int
    early_leave: int
    overtime: int
    missing_clock_out: bool
    is_absent: bool
    is_holiday: bool
    is_in: bool
    is_awaited: bool
    events: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days: first to last, inclusive; of a gallery, of a person, or of everybody."""

    first: date
    last: date
    gallery: Gallery | None = None
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """After which row a page goes on: rows are in order of date and person."""

    date: date
    person_id: int


@dataclass(frozen=True, slots=True)
class Board:
    """Today, or the night that is being worked. late: came late, or should be here by now."""

    in_now: list[Day]
    late: list[Day]
    absent: list[Day]


def each(
    *, asked: Asked, now: datetime, after: Place | None = None, at_once: int = _AT_ONCE
) -> Iterator[Day]:
    """All of them in order, of so many dates at a time as have about `at_once` rows.

    Memory is bounded, and the first page of a quarter costs no more than its own dates.
    """
    step = timedelta(days=at_once // max(people(asked), 1))
    first = max(asked.first, after.date) if after else asked.first
    while first <= asked.last:
        last = min(first + step, asked.last)
        yield from _query(
            workdays.values(first=first, last=last, person=asked.person, gallery=asked.gallery),
            now,
            after,
        )
        first, after = last + timedelta(days=1), None


def page(*, asked: Asked, now: datetime, size: int, after: Place | None = None) -> list[Day]:
    """The first `size` of them, after a place."""
    return list(islice(each(asked=asked, now=now, after=after, at_once=size), size))


def today(*, gallery: Gallery | None, now: datetime) -> Board:
    """Everybody's working day of this moment, by name."""
    first, last = workdays.around(now)
    found = _query(workdays.values(first=first, last=last, at=now, gallery=gallery), now)
    days = sorted(found, key=lambda day: (day.name, day.person_id))
    return Board(
        in_now=[day for day in days if day.is_in],
        late=[day for day in days if day.late or day.is_awaited],
        absent=[day for day in days if day.is_absent],
    )


def people(asked: Asked) -> int:
    """How many people these days can be of."""
    return 1 if asked.person else Person.objects.in_gallery(asked.gallery).count()


def most(asked: Asked) -> int:
    """How many rows they can be."""
    return people(asked) * ((asked.last - asked.first).days + 1)


def _query(about: workdays.Values, now: datetime, after: Place | None = None) -> list[Day]:
    place: workdays.Values = {
        "after_date": after.date if after else None,
        "after_person": after.person_id if after else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(workdays.WORKDAYS + _DAYS, {**about, **place, "now": now})
        return [Day(*row) for row in cursor.fetchall()]
