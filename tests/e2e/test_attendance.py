"""Attendance on a phone: add what was forgotten, look at the board, the days and a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import ConsoleMessage, Page, expect

from tests.chaos.site import Site

SECONDS = 1000  # of Playwright's milliseconds
PHONE = 390


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= PHONE)


def pick_person(page: Page, typed: str) -> None:
    """By keyboard: open the list, type, take the first."""
    page.locator(".select2-selection").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type(typed)
    page.locator(".select2-results__option--highlighted", has_text=typed).wait_for()
    page.keyboard.press("Enter")


def add_event(page: Page, site: Site, who: str, direction: str, when: datetime) -> None:
    page.goto(f"{site.address}/admin/recognition/attendanceevent/add/")
    pick_person(page, who)
    page.select_option("#id_direction", direction)
    page.fill("#id_occurred_at", f"{when:%Y-%m-%dT%H:%M:%S}")
    page.fill("#id_reason", "The terminal was down")
    page.click(".face-form .face-primary")
    page.wait_for_url("**/change/")


def test_the_board_and_the_days_work_on_a_phone(page: Page, site: Site) -> None:
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", hear)
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto(f"{site.address}/admin/people/person/add/")
    page.fill("#id_full_name", "Ada Lovelace")
    page.click("button[name=_save]")
    page.wait_for_url("**/change/")

    # The board stands open in one tab; in another somebody adds an event, and the board shows it.
    page.goto(f"{site.address}/admin/attendance/board/")
    expect(page.locator("#in")).to_contain_text("Nobody is in.")
    other = page.context.new_page()
    now = datetime.now(UTC)
    add_event(other, site, "Ada", "in", now - timedelta(seconds=30))
    other.close()
    page.bring_to_front()
    expect(page.locator("#in")).to_contain_text("Ada Lovelace", timeout=30 * SECONDS)
    expect(page.locator("#board-said")).to_have_text("1 in, 0 late, 0 absent")
    assert fits(page)

    yesterday = now - timedelta(days=1)
    add_event(page, site, "Ada", "in", yesterday.replace(hour=9, minute=0))
    add_event(page, site, "Ada", "out", yesterday.replace(hour=17, minute=0))
    page.goto(f"{site.address}/admin/attendance/days/?first={yesterday:%F}&last={now:%F}")
    expect(page.locator(".att-table")).to_contain_text("In now")
    expect(page.locator(".att-table")).to_contain_text("8:00")
    expect(page.locator("canvas.chart")).to_be_visible()
    assert fits(page)
    page.click("text=Ada Lovelace")
    expect(page.locator("canvas.chart")).to_be_visible()
    assert fits(page)
    assert said == []

    # A board that the server no longer feeds says so, and goes on when it can.
    page.goto(f"{site.address}/admin/attendance/board/")
    note = page.get_by_text("The server does not answer")
    expect(note).to_be_hidden()
    page.context.set_offline(True)
    expect(note).to_be_visible(timeout=30 * SECONDS)
    page.context.set_offline(False)
    expect(note).to_be_hidden(timeout=30 * SECONDS)
