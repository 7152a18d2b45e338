"""Where a working day begins and ends, by examples; 2025-03-03 is a Monday."""

from __future__ import annotations

from datetime import date

from people.models import Person
from recognition.attendance import workdays
from recognition.models import Shift, ShiftAssignment
from tests.recognition.attendance.conftest import Works, at


def test_a_shift_that_ends_late_on_a_free_day_keeps_the_night_after(
    ann: Person, works: Works
) -> None:
    works("23:00", "22:00", weekdays=[1])
    begins, ends = workdays.bounds(ann, at("2025-03-05 03:00"))
    assert (begins, ends) == (at("2025-03-03 00:00"), at("2025-03-05 04:00"))
    assert workdays.bounds(ann, at("2025-03-05 04:00"))[1] == at("2025-03-06 00:00")


def test_a_free_day_between_two_shifts_close_together_is_parted_halfway(
    ann: Person, works: Works
) -> None:
    works("23:00", "22:00", weekdays=[1])
    early = Shift.objects.create(name="Early", start="01:00", end="09:00", weekdays=[3])
    ShiftAssignment.objects.create(shift=early, person=ann, valid_from=date(2025, 3, 5))
    halfway = at("2025-03-04 23:30")
    assert workdays.bounds(ann, at("2025-03-04 23:00")) == (at("2025-03-03 00:00"), halfway)
    assert workdays.bounds(ann, halfway)[0] == halfway


def test_shifts_that_overlap_are_parted_where_the_later_one_starts(
    ann: Person, works: Works
) -> None:
    works("22:00", "06:00", weekdays=[1])
    early = Shift.objects.create(name="Early", start="04:00", end="12:00", weekdays=[2])
    ShiftAssignment.objects.create(shift=early, person=ann, valid_from=date(2025, 3, 4))
    assert workdays.bounds(ann, at("2025-03-04 03:00"))[1] == at("2025-03-04 04:00")


def test_the_clock_and_the_summaries_agree_on_the_day(ann: Person, works: Works) -> None:
    works("22:00", "06:00")
    begins, ends = workdays.bounds(ann, at("2025-03-04 05:00"))
    assert (begins, ends) == (at("2025-03-03 14:00"), at("2025-03-04 14:00"))


def test_without_a_shift_the_day_is_from_midnight_to_midnight(ann: Person) -> None:
    begins, ends = workdays.bounds(ann, at("2025-03-30 12:00"))
    assert (begins, ends) == (at("2025-03-30 00:00"), at("2025-03-31 00:00"))
