"""Today's board, the table of days, one person's month, and the files of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people.models import Gallery, Person
from recognition.attendance import exports, shown
from tests.pages import LogIn
from tests.recognition.attendance.conftest import Works, at, clocks, new_person

BOARD, DAYS = reverse("attendance:board"), reverse("attendance:days")
MARCH = {"first": "2025-03-03", "last": "2025-03-04"}
HTMX = {"HX-Request": "true"}

Turn = Callable[[str], None]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """turn("2025-03-03 12:00"): it is noon in Berlin."""

    def turn(local: str) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at(local))

    return turn


def page(client: Client, url: str, query: Mapping[str, str | int] | None = None) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def content(response: Any) -> bytes:
    """Of a file; read to its end it is closed."""
    return b"".join(response.streaming_content)


def part(html: str, key: str) -> str:
    found = re.search(rf'<section id="{key}".*?</section>', html, re.DOTALL)
    assert found
    return found[0]


def chart_of(client: Client, url: str, query: Mapping[str, str | int]) -> Any:
    data = re.search(r'data-value="([^"]*)"', client.get(url, query).content.decode())
    assert data
    return json.loads(unescape(data[1]))


def month(person: Person) -> str:
    return reverse("attendance:month", args=[person.pk])


# --- Who may see them ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["board", "days", "days_csv", "days_xlsx", "month"])
def test_pages_are_for_those_who_may_see_attendance(
    name: str, hr: Client, auditor: Client, log_in: LogIn, ann: Person
) -> None:
    url = month(ann) if name == "month" else reverse(f"attendance:{name}")
    for client in (hr, auditor):
        response = client.get(url)
        assert response.status_code == 200
        if response.streaming:
            content(response)
    assert log_in().get(url).status_code == 403
    for stranger in (Client(), log_in(staff=False)):
        response = stranger.get(url)
        assert (response.status_code, "/login/" in response["Location"]) == (302, True)


def test_an_auditor_is_offered_no_correction(auditor: Client, hr: Client, ann: Person) -> None:
    clocks(ann, "in 2025-03-03 08:00")
    add = reverse("admin:recognition_attendanceevent_add")
    assert add in page(hr, DAYS, MARCH)
    assert add not in page(auditor, DAYS, MARCH)
    assert 'name="person"' not in page(auditor, DAYS, MARCH)  # it may not search people


# --- The board ----------------------------------------------------------------------------


def test_the_board_says_who_is_in_late_and_absent(
    hr: Client, ann: Person, berlin: Gallery, works: Works, turn: Turn
) -> None:
    works("08:00", "16:00")
    bob, _cleo = new_person("Bob", berlin), new_person("Cleo", berlin)
    clocks(ann, "in 2025-03-03 08:00")
    clocks(bob, "in 2025-03-03 09:00", "out 2025-03-03 11:00")
    turn("2025-03-03 12:00")
    html = page(hr, BOARD)
    assert "came 08:00" in part(html, "in")
    assert "Bob" not in part(html, "in")
    assert "Late 1:00" in part(html, "late")
    assert "Not here yet" in part(html, "late")
    assert "Nobody is absent." in part(html, "absent")
    turn("2025-03-03 16:30")
    assert "Cleo" in part(page(hr, BOARD), "absent")


def test_the_board_has_the_times_of_the_gallery(
    hr: Client, ann: Person, berlin: Gallery, turn: Turn
) -> None:
    tokyo = Gallery.objects.create(name="Tokyo", time_zone="Asia/Tokyo")
    clocks(new_person("Kenji", tokyo), "in 2025-03-03 08:00")
    clocks(ann, "in 2025-03-03 08:00")
    turn("2025-03-03 10:00")
    html = page(hr, BOARD, {"gallery": tokyo.pk})
    assert "came 16:00" in html
    assert "Ann" not in part(html, "in")
    assert "came 08:00 Europe/Berlin" in page(hr, BOARD)  # two zones: each time says which


def test_a_night_that_began_yesterday_says_so(
    hr: Client, ann: Person, works: Works, turn: Turn
) -> None:
    works("22:00", "06:00")
    clocks(ann, "in 2025-03-03 22:00")
    turn("2025-03-04 03:00")
    assert "came yesterday 22:00" in page(hr, BOARD)


def test_the_board_is_sent_again_only_when_it_has_changed(
    hr: Client, ann: Person, berlin: Gallery, turn: Turn
) -> None:
    clocks(ann, "in 2025-03-03 08:00")
    turn("2025-03-03 10:00")
    url = re.search(r'hx-get="([^"]*seen=[^"]*)"', page(hr, BOARD, {"gallery": berlin.pk}))
    assert url
    assert hr.get(url[1], headers=HTMX).status_code == 204
    clocks(ann, "out 2025-03-03 09:30")
    response = hr.get(url[1], headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in html
    assert "0 in, 0 late, 0 absent" in html  # for a screen reader
    assert "HX-Request" in response["Vary"]


def test_what_is_no_gallery_is_everybody(hr: Client, ann: Person) -> None:
    for gallery in ("0", "x", "999999999999999999999"):
        assert hr.get(BOARD, {"gallery": gallery}).status_code == 200


def test_more_people_are_no_more_queries(
    hr: Client, ann: Person, berlin: Gallery, works: Works
) -> None:
    works("08:00", "16:00")
    clocks(ann, "in 2025-03-03 08:00")
    urls = [BOARD, f"{DAYS}?first=2025-03-03&last=2025-03-09", month(ann),
            reverse("admin:recognition_attendanceevent_changelist"),
            reverse("admin:recognition_shiftassignment_changelist")]  # fmt: skip

    def queries() -> list[int]:
        counts = []
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                assert hr.get(url).status_code == 200
            counts.append(len(queries))
        return counts

    queries()  # content types and the like are looked up once
    before = queries()
    for number in range(8):
        clocks(new_person(f"Bob {number}", berlin), "in 2025-03-03 08:00", "out 2025-03-03 10:00")
    assert queries() == before


# --- Days and months ----------------------------------------------------------------------


@pytest.fixture
def march(ann: Person, works: Works) -> Person:
    works("22:00", "06:00", break_minutes=30)
    clocks(ann, "in 2025-03-03 22:10", "out 2025-03-04 06:30", "in 2025-03-05 22:00")
    return ann


def test_days_are_hours_and_minutes_with_what_is_odd_in_words(hr: Client, march: Person) -> None:
    html = page(hr, DAYS, MARCH | {"last": "2025-03-05"})
    assert "22:00–06:00 (next day)" in html
    assert "06:30 (next day)" in html
    for text in ("7:50", "0:10", "Late", "Absent", "No clock-out"):
        assert f">{text}<" in html
    # Adding what was forgotten starts from what the shift would have.
    assert f"?person={march.pk}&direction=out&at=2025-03-06T06:00:00" in html
    assert f"?person={march.pk}&direction=in&at=2025-03-04T22:00:00" in html


def test_a_day_with_an_out_alone_says_that_the_in_is_missing(hr: Client, ann: Person) -> None:
    clocks(ann, "out 2025-03-03 12:00", "in 2025-03-04 08:00", "out 2025-03-04 12:00")
    assert page(hr, DAYS, MARCH | {"last": "2025-03-05"}).count(">No clock-in<") == 1


def test_days_are_this_week_unless_asked_otherwise(hr: Client, march: Person, turn: Turn) -> None:
    turn("2025-03-05 12:00")
    html = page(hr, DAYS)
    assert 'value="2025-03-03"' in html
    assert 'value="2025-03-05"' in html
    assert "Mon 3 Mar" in html
    assert "Sun 2 Mar" not in html


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"first": "2025-03-04", "last": "2025-03-03"}, "before the first date"),
        ({"first": "2025-01-01", "last": "2025-12-31"}, "At most 92 days"),
        ({"first": "0001-01-01", "last": "2025-12-31"}, "Not from"),
        ({"first": "yesterday", "last": "2025-12-31"}, "valid date"),
    ],
)
def test_wrong_dates_are_said_beside_them(
    hr: Client, march: Person, query: dict[str, str], says: str
) -> None:
    assert says in page(hr, DAYS, query)
    for name in ("days_csv", "days_xlsx"):
        response = hr.get(reverse(f"attendance:{name}"), query, follow=True)
        assert says in response.content.decode()


def test_pages_go_on_after_the_last_row(
    hr: Client, march: Person, berlin: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_person("Bob", berlin)
    monkeypatch.setattr("recognition.attendance.views.PAGE", 3)
    first = page(hr, DAYS, MARCH)
    following = re.search(r'href="(\?[^"]*)" rel="next"', " ".join(first.split()))
    assert following
    second = page(hr, DAYS + following[1])
    assert second.count('role="rowheader"') == 1
    assert "Bob" in second
    assert "Next page" not in second


def test_days_are_of_a_gallery_or_a_person(hr: Client, march: Person) -> None:
    other = new_person("Bob", Gallery.objects.create(name="Other"))
    assert "Bob" not in page(hr, DAYS, MARCH | {"gallery": march.galleries.get().pk})
    assert "Ann" not in page(hr, DAYS, MARCH | {"person": other.pk}).split("<table")[1]


def test_days_have_a_chart_of_everybody_s_hours(
    hr: Client, march: Person, berlin: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all pages, on each of them; and of whom the table is about."""
    bob = new_person("Bob", berlin)
    clocks(bob, "in 2025-03-04 22:00", "out 2025-03-05 02:00")
    monkeypatch.setattr("recognition.attendance.views.PAGE", 1)
    chart = chart_of(hr, DAYS, MARCH)
    assert chart["labels"] == ["3 Mar", "4 Mar"]
    worked, overtime = (bars["data"] for bars in chart["datasets"])
    assert worked == pytest.approx([7.5, 4])
    assert overtime == pytest.approx([0.33, 0])
    assert chart_of(hr, DAYS, MARCH | {"after_date": "2025-03-04", "after_person": "0"}) == chart
    of_bob = chart_of(hr, DAYS, MARCH | {"person": bob.pk})
    assert of_bob["datasets"][0]["data"] == [0, 4]


def test_days_on_which_nobody_worked_have_no_chart(hr: Client, berlin: Gallery) -> None:
    new_person("Bob", berlin)
    html = page(hr, DAYS)
    assert "Bob" in html
    assert "<canvas" not in html
    assert "too many for a chart" not in html


def test_too_many_rows_for_a_chart_are_said(
    hr: Client, march: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.attendance.views.CHARTED", 1)
    html = page(hr, DAYS, MARCH)
    assert "too many for a chart" in html
    assert "<canvas" not in html


def test_a_month_has_its_totals_and_a_chart(hr: Client, march: Person) -> None:
    html = page(hr, month(march), {"month": "2025-03"})
    assert "March 2025" in html
    totals = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "Worked 7:50 2 days" in totals
    assert "No clock-out 1 day" in totals
    chart = chart_of(hr, month(march), {"month": "2025-03"})
    assert len(chart["labels"]) == 31
    assert chart["datasets"][0]["data"][2] == pytest.approx(7.5)
    assert chart["datasets"][1]["data"][2] == pytest.approx(0.33)


@pytest.mark.parametrize("text", ["2025-13", "x", "0001-01", "9999-12"])
def test_what_is_no_month_is_this_month(hr: Client, march: Person, turn: Turn, text: str) -> None:
    turn("2025-03-05 12:00")
    assert "March 2025" in page(hr, month(march), {"month": text})


def test_hours_are_minutes_rounded_down() -> None:
    assert [shown.h_mm(seconds) for seconds in (0, 59, 3660, 360000)] == [
        "0:00", "0:00", "1:01", "100:00",
    ]  # fmt: skip


# --- Files --------------------------------------------------------------------------------


def test_the_files_are_those_of_the_api(hr: Client, march: Person) -> None:
    response = hr.get(reverse("attendance:days_csv"), MARCH)
    text = content(response).decode()
    assert "attendance-2025-03-03-2025-03-04.csv" in response["Content-Disposition"]
    assert text.startswith("\ufeffDate,Name")
    assert "7:50:00" in text
    response = hr.get(reverse("attendance:days_xlsx"), MARCH)
    assert content(response).startswith(b"PK")


def test_a_sheet_that_cannot_hold_them_says_so(
    hr: Client, march: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 1)
    response = hr.get(reverse("attendance:days_xlsx"), MARCH, follow=True)
    assert "take the CSV" in response.content.decode()


# --- The overview -------------------------------------------------------------------------


def test_the_overview_says_who_is_in(hr: Client, log_in: LogIn, ann: Person, turn: Turn) -> None:
    assert "Nobody is in." in page(hr, "/admin/")
    clocks(ann, "in 2025-03-03 08:00")
    turn("2025-03-03 10:00")
    html = page(hr, "/admin/")
    assert "1 in:" in html
    assert f'href="{BOARD}"' in html
    assert "Here now" not in page(log_in(), "/admin/")
