"""What a working day adds up to, by examples; 2025-03-03 is a Monday."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.models import Gallery, Person
from recognition.attendance import corrections, days
from recognition.models import Direction, Holiday, Shift, ShiftAssignment
from tests.recognition.attendance.conftest import Works, at, clocks, day_of, new_person, utc

MINUTE, HOUR = 60, 3600
MONDAY, SATURDAY = "2025-03-03", "2025-03-08"
WORKING_WEEK = [1, 2, 3, 4, 5]


def test_a_plain_day_is_its_pair_less_the_unpaid_break(ann: Person, works: Works) -> None:
    works("08:00", "17:00", break_minutes=60)
    clocks(ann, "in 2025-03-03 08:00", "out 2025-03-03 17:00")
    day = day_of(ann, MONDAY)
    assert (day.worked, day.breaks, day.overtime) == (8 * HOUR, 0, 0)
    assert (day.late, day.early_leave, day.missing_clock_out, day.is_absent) == (0, 0, False, False)


@pytest.mark.parametrize(
    ("stays", "breaks", "worked"),
    [
        (["08:00 17:00"], 0, 8),
        (["08:00 12:00", "12:40 17:00"], 2 / 3, 8),
        (["08:00 12:00", "13:30 17:00"], 1.5, 7.5),
        (["08:00 12:00"], 0, 4),
        (["08:00 12:45"], 0, 4.5),
    ],
)
def test_the_table_of_the_manual_is_right(
    ann: Person, works: Works, stays: list[str], breaks: float, worked: float
) -> None:
    works("08:00", "17:00", break_minutes=60)
    for came, left in (stay.split() for stay in stays):
        clocks(ann, f"in {MONDAY} {came}", f"out {MONDAY} {left}")
    day = day_of(ann, MONDAY)
    assert (day.breaks, day.worked) == (breaks * HOUR, worked * HOUR)


def test_a_second_in_and_a_second_out_change_nothing(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    clocks(ann, "in 2025-03-03 08:00", "in 2025-03-03 10:00")
    clocks(ann, "out 2025-03-03 16:00", "out 2025-03-03 16:30")
    day = day_of(ann, MONDAY)
    assert (day.worked, day.events) == (8 * HOUR, 4)
    assert (day.first_in, day.last_out) == (at("2025-03-03 08:00"), at("2025-03-03 16:30"))


def test_an_out_without_an_in_is_no_work(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    clocks(ann, "out 2025-03-03 16:00")
    day = day_of(ann, MONDAY)
    assert (day.worked, day.last_out, day.is_absent) == (0, at("2025-03-03 16:00"), True)


def test_lateness_counts_from_the_start_once_it_is_beyond_the_grace(
    ann: Person, works: Works
) -> None:
    works("08:00", "16:00", late_grace_minutes=5)
    clocks(ann, "in 2025-03-03 08:05", "in 2025-03-04 08:06")
    assert day_of(ann, MONDAY).late == 0
    assert day_of(ann, "2025-03-04").late == 6 * MINUTE


def test_leaving_early_counts_once_the_day_is_over(ann: Person, works: Works) -> None:
    works("08:00", "16:00", early_grace_minutes=10)
    clocks(ann, "in 2025-03-03 08:00", "out 2025-03-03 15:00")
    assert day_of(ann, MONDAY, now="2025-03-03 17:00").early_leave == 0
    assert day_of(ann, MONDAY).early_leave == HOUR


def test_neither_late_nor_early_exceeds_the_shift(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    clocks(ann, "in 2025-03-03 17:00", "in 2025-03-04 05:00", "out 2025-03-04 06:00")
    assert day_of(ann, MONDAY).late == 8 * HOUR
    assert day_of(ann, "2025-03-04").early_leave == 8 * HOUR


def test_overtime_is_what_exceeds_the_shift_less_its_break(ann: Person, works: Works) -> None:
    works("08:00", "17:00", break_minutes=60)
    clocks(ann, "in 2025-03-03 07:30", "out 2025-03-03 18:00")
    assert day_of(ann, MONDAY).overtime == 1.5 * HOUR


def test_a_free_day_is_overtime_and_without_a_schedule_there_is_none(
    ann: Person, works: Works
) -> None:
    works("08:00", "17:00", weekdays=WORKING_WEEK, break_minutes=60)
    bob = new_person("Bob")
    for person in (ann, bob):
        clocks(person, "in 2025-03-08 09:00", "out 2025-03-08 12:00")
    assert day_of(ann, SATURDAY).overtime == 3 * HOUR
    assert (day_of(bob, SATURDAY).worked, day_of(bob, SATURDAY).overtime) == (3 * HOUR, 0)


def test_a_forgotten_out_is_missing_once_the_day_is_over(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    clocks(ann, "in 2025-03-03 08:00")
    during, after = day_of(ann, MONDAY, now="2025-03-03 20:00"), day_of(ann, MONDAY)
    assert (during.is_in, during.missing_clock_out) == (True, False)
    assert (after.is_in, after.missing_clock_out, after.worked) == (False, True, 0)


def test_absent_is_who_did_not_come_by_the_end_of_the_shift(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    before, after = (day_of(ann, MONDAY, now=f"2025-03-03 {hour}:00") for hour in (15, 16))
    assert (before.is_absent, before.is_awaited) == (False, True)
    assert (after.is_absent, after.is_awaited) == (True, False)


def test_nobody_is_absent_on_a_holiday_nor_on_a_free_day(
    ann: Person, works: Works, berlin: Gallery
) -> None:
    works("08:00", "16:00", weekdays=WORKING_WEEK)
    Holiday.objects.create(date=date(2025, 3, 3), name="Here", gallery=berlin)
    Holiday.objects.create(date=date(2025, 3, 4), name="Everywhere")
    for day in (MONDAY, "2025-03-04"):
        assert (day_of(ann, day).is_absent, day_of(ann, day).is_holiday) == (False, True)
    assert not day_of(ann, SATURDAY).is_absent


def test_a_holiday_of_another_gallery_is_a_working_day(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    south = Gallery.objects.create(name="South")
    Holiday.objects.create(date=date(2025, 3, 3), name="There", gallery=south)
    assert day_of(ann, MONDAY).is_absent


def test_a_night_is_of_the_date_on_which_it_began(ann: Person, works: Works) -> None:
    works("22:00", "06:00", break_minutes=30)
    clocks(ann, "in 2025-03-03 21:50", "out 2025-03-04 06:05", "in 2025-03-04 22:20")
    day = day_of(ann, MONDAY)
    assert (day.worked, day.last_out) == (7.75 * HOUR, at("2025-03-04 06:05"))
    assert day_of(ann, "2025-03-04").late == 20 * MINUTE


def test_the_night_before_a_free_weekend_is_whole(ann: Person, works: Works) -> None:
    works("22:00", "06:00", weekdays=WORKING_WEEK)
    clocks(ann, "in 2025-03-07 22:00", "out 2025-03-08 06:30")
    assert day_of(ann, "2025-03-07").worked == 8.5 * HOUR
    assert day_of(ann, SATURDAY).events == 0


def test_an_early_start_after_a_free_day_is_of_its_own_date(ann: Person, works: Works) -> None:
    works("04:00", "12:00", weekdays=[1])
    clocks(ann, "in 2025-03-02 23:30", "out 2025-03-03 12:00")
    assert day_of(ann, MONDAY).worked == 12.5 * HOUR


def test_of_two_assignments_of_one_date_the_later_made_counts(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    works("09:00", "17:00")
    assert day_of(ann, MONDAY).shift == "09:00 to 17:00"


@pytest.mark.parametrize(
    ("evening", "hours"), [("2025-03-29", 7), ("2025-03-30", 8), ("2025-10-25", 9)]
)
def test_the_night_of_a_clock_change_has_the_hours_it_has(
    ann: Person, works: Works, evening: str, hours: int
) -> None:
    works("22:00", "06:00")
    morning = date.fromordinal(date.fromisoformat(evening).toordinal() + 1)
    clocks(ann, f"in {evening} 22:00", f"out {morning} 06:00")
    day = day_of(ann, evening)
    assert (day.worked, day.overtime, day.early_leave) == (hours * HOUR, 0, 0)


def test_a_time_that_the_clocks_skip_is_the_later_one(ann: Person, works: Works) -> None:
    works("02:30", "10:00")
    assert day_of(ann, "2025-03-30").shift_start == at("2025-03-30 03:30")


def test_a_time_that_is_there_twice_is_the_second_one(ann: Person, works: Works) -> None:
    works("02:30", "10:00")
    assert day_of(ann, "2025-10-26").shift_start == utc("2025-10-26 01:30")


def test_the_own_shift_goes_before_that_of_the_gallery(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    own = Shift.objects.create(name="Own", start="10:00", end="18:00", weekdays=[1])
    ShiftAssignment.objects.create(shift=own, person=ann, valid_from=date(2025, 3, 1))
    assert day_of(ann, MONDAY).shift == "Own"
    assert day_of(ann, "2025-03-04").shift == ""
    assert day_of(ann, "2025-02-28").shift == "08:00 to 16:00"


def test_only_what_stands_after_corrections_counts(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    by = User.objects.create_user("boss")
    came, left, wrong = clocks(
        ann, "in 2025-03-03 08:30", "out 2025-03-03 16:00", "in 2025-03-03 16:01"
    )
    corrections.replace(
        event=came, direction=Direction.IN, occurred_at=at("2025-03-03 08:00"), reason="Door", by=by
    )
    corrections.void(event=wrong, reason="By mistake", by=by)
    day = day_of(ann, MONDAY)
    assert (day.worked, day.late, day.events) == (8 * HOUR, 0, 2)
    assert day.last_out == left.occurred_at


def test_listed_is_who_is_active_from_the_date_of_being_added(ann: Person, works: Works) -> None:
    works("08:00", "16:00")
    Person.objects.update(created_at=at("2025-03-04 12:00"))
    week = days.Asked(date(2025, 3, 3), date(2025, 3, 5))
    now = at("2026-01-01 00:00")
    assert [day.date.day for day in days.each(asked=week, now=now)] == [4, 5]
    Person.objects.update(is_active=False)
    clocks(ann, "in 2025-03-05 08:00")
    assert [day.date.day for day in days.each(asked=week, now=now)] == [5]


def test_pages_are_together_what_all_are(ann: Person, berlin: Gallery) -> None:
    for name in ("Bob", "Cleo"):
        new_person(name, berlin)
    asked, now = days.Asked(date(2025, 3, 1), date(2025, 3, 9)), at("2025-03-05 12:00")
    everything = list(days.each(asked=asked, now=now))
    paged: list[days.Day] = []
    while True:
        after = days.Place(paged[-1].date, paged[-1].person_id) if paged else None
        page = days.page(asked=asked, now=now, size=4, after=after)
        paged += page
        if len(page) < 4:
            break
    assert paged == everything
    assert len(everything) == 27


def test_a_quarter_of_one_person_is_one_statement(ann: Person) -> None:
    asked = days.Asked(date(2025, 1, 1), date(2025, 4, 2), person=ann)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(list(days.each(asked=asked, now=at("2026-01-01 00:00")))) == 92
    assert len(queries) == 1


def test_the_board_shows_who_is_in_late_and_absent(
    ann: Person, works: Works, berlin: Gallery
) -> None:
    works("08:00", "16:00")
    bob, _cleo = new_person("Bob", berlin), new_person("Cleo", berlin)
    new_person("Of no gallery")
    clocks(ann, "in 2025-03-03 08:00")
    clocks(bob, "in 2025-03-03 09:00", "out 2025-03-03 11:00")

    def shown(now: str) -> list[list[str]]:
        board = days.today(gallery=berlin, now=at(now))
        return [[day.name for day in part] for part in (board.in_now, board.late, board.absent)]

    assert shown("2025-03-03 12:00") == [["Ann"], ["Bob", "Cleo"], []]
    assert shown("2025-03-03 16:30") == [["Ann"], ["Bob"], ["Cleo"]]


def test_the_board_of_the_night_goes_on_after_midnight(ann: Person, works: Works) -> None:
    works("22:00", "06:00")
    clocks(ann, "in 2025-03-03 22:00")
    [day] = days.today(gallery=None, now=at("2025-03-04 03:00")).in_now
    assert day.date == date(2025, 3, 3)
