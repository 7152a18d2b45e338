"""Shifts, assignments and holidays in the admin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from people.models import Gallery, Person
from recognition.attendance.admin.schedules import weekdays_in_words
from recognition.models import Holiday, Shift, ShiftAssignment
from tests.pages import LogIn

SHIFT = {"name": "Night", "start": "22:00", "end": "06:00", "weekdays": ["5", "1"],
         "break_minutes": "30", "late_grace_minutes": "5", "early_grace_minutes": "5"}  # fmt: skip


def url(model: str, what: str = "add", *args: int) -> str:
    return reverse(f"admin:recognition_{model}_{what}", args=args)


def page(client: Client, address: str) -> str:
    return unescape(client.get(address).content.decode())


def refused(client: Client, model: str, data: Mapping[str, Any]) -> str:
    response = client.post(url(model), data)
    assert response.status_code == 200
    return unescape(response.content.decode())


@pytest.fixture
def day(db: None) -> Shift:
    return Shift.objects.create(
        name="Day", start=time(8), end=time(17), weekdays=[1, 2, 3, 4, 5], break_minutes=60
    )


@pytest.mark.parametrize("model", ["shift", "shiftassignment", "holiday"])
def test_schedules_are_hrs(hr: Client, auditor: Client, log_in: LogIn, model: str) -> None:
    for what in ("add", "changelist"):
        assert hr.get(url(model, what)).status_code == 200
        assert auditor.get(url(model, what)).status_code == 403
        assert log_in().get(url(model, what)).status_code == 403 if what == "add" else True


def test_weekdays_are_boxes_to_tick(hr: Client, day: Shift) -> None:
    html = page(hr, url("shift", "change", day.pk))
    boxes = re.findall(r'<input type="checkbox" name="weekdays"[^>]*>', html)
    assert [re.findall(r'value="(.)"', box)[0] for box in boxes] == list("1234567")
    assert [box.endswith("checked>") for box in boxes] == [True] * 5 + [False] * 2


def test_a_shift_keeps_the_days_that_were_ticked(hr: Client, db: None) -> None:
    assert hr.post(url("shift"), SHIFT).status_code == 302
    assert Shift.objects.get().weekdays == [1, 5]
    assert "Mon, Fri" in page(hr, url("shift", "changelist"))


def test_a_night_shift_says_that_it_ends_on_the_next_day(hr: Client, db: None) -> None:
    hr.post(url("shift"), SHIFT)
    assert "22:00–06:00 (next day)" in page(hr, url("shift", "changelist"))
    assert "22:00–06:00 (next day)" in page(hr, url("shiftassignment"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weekdays": []}, "Choose at least one day."),
        ({"weekdays": ["8"]}, "8 is not one of the available choices"),
        ({"break_minutes": "480"}, "The break is as long as the shift, or longer."),
        ({"late_grace_minutes": "500"}, "The grace is as long as the shift, or longer."),
        ({"start": ""}, "This field is required."),
    ],
)
def test_a_shift_that_makes_no_sense_is_refused(
    hr: Client, wrong: dict[str, Any], says: str
) -> None:
    assert says in refused(hr, "shift", SHIFT | wrong)
    assert not Shift.objects.exists()


def test_weekdays_are_said_shortly() -> None:
    assert weekdays_in_words([5, 1, 2, 3, 4]) == "Mon–Fri"
    assert weekdays_in_words([6, 7]) == "Sat, Sun"
    assert weekdays_in_words([1, 3, 5]) == "Mon, Wed, Fri"
    assert weekdays_in_words([1, 2, 3, 4, 5, 6, 7]) == "Every day"


def test_an_assignment_is_of_a_person_or_a_gallery(
    hr: Client, day: Shift, ann: Person, berlin: Gallery
) -> None:
    asked = {"shift": day.pk, "valid_from": "2025-03-01", "valid_to": ""}
    for who in ({}, {"person": ann.pk, "gallery": berlin.pk}):
        html = refused(hr, "shiftassignment", asked | who)
        assert html.count("Choose a person or a gallery") == 1
        assert "Constraint" not in html
    html = refused(hr, "shiftassignment", asked | {"person": ann.pk, "valid_to": "2025-02-01"})
    assert "This is before the first date." in html
    assert "Constraint" not in html
    assert hr.post(url("shiftassignment"), asked | {"gallery": berlin.pk}).status_code == 302
    assert ShiftAssignment.objects.get().gallery == berlin
    assert "Everybody in Berlin" in page(hr, url("shiftassignment", "changelist"))


def test_a_shift_that_is_worked_cannot_be_deleted(hr: Client, day: Shift, ann: Person) -> None:
    ShiftAssignment.objects.create(shift=day, person=ann, valid_from=date(2025, 3, 1))
    hr.post(url("shift", "delete", day.pk), {"post": "yes"})
    assert Shift.objects.filter(pk=day.pk).exists()


def test_a_holiday_is_once_a_day(hr: Client, berlin: Gallery) -> None:
    asked = {"date": "2025-05-01", "name": "Labour Day", "gallery": ""}
    assert hr.post(url("holiday"), asked).status_code == 302
    assert "already" in refused(hr, "holiday", asked)
    assert hr.post(url("holiday"), asked | {"gallery": berlin.pk}).status_code == 302
    assert Holiday.objects.count() == 2
    assert "Everywhere" in page(hr, url("holiday", "changelist"))
