"""Nor does any page outside of the admin that no other test looks at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chaos.site import Site
from tests.e2e.logins import give_password
from tests.e2e.looking import DESKTOP, Faults, look_in_both_views

# How the site may be set, and what its log-in page then shows.
MODES = [
    ("second_factor", {}, "If your face is enrolled, the camera is next."),
    ("off", {}, "With your password"),
    ("recognize", {}, "The camera looks who you are."),
    (
        "recognize",
        {"RECOGNIZE_FPIR": "0.000000001"},  # nobody has measured that
        "Logging in by face is off: strangers might match more often",
    ),
]


@pytest.mark.parametrize(("mode", "environment", "shown"), MODES)
def test_the_log_in_page_is_accessible_in_every_mode(
    browser: Browser, site: Site, mode: str, environment: dict[str, str], shown: str
) -> None:
    # A second web server of the same site, which is set otherwise.
    other = Site(site.var_dir, FACE_LOGIN_MODE=mode, **environment)
    other.start()
    try:
        page = browser.new_context(viewport=DESKTOP).new_page()
        faults = Faults(page, other.address)
        page.goto(f"{other.address}/login/")
        expect(page.locator("main")).to_contain_text(shown)
        name = f"login-{mode}{'-without-promise' if environment else ''}"
        look_in_both_views(page, name)
        if page.get_by_text("Go on to the camera").count():
            page.click("text=Go on to the camera")
            page.wait_for_url("**/login/face/")
            look_in_both_views(page, f"{name}-face")
        page.context.close()
        faults.require_none()
    finally:
        other.stop()


@pytest.fixture
def staff_without_rights(browser: Browser, site: Site) -> Iterator[Page]:
    make = (
        "from django.contrib.auth.models import User;"
        "User.objects.create_user('powerless', password='only for this test', is_staff=True)"
    )
    site.manage("shell", "-c", make)
    page = browser.new_context(viewport=DESKTOP).new_page()
    give_password(page, site.address, "powerless")
    page.wait_for_url("**/admin/")
    yield page
    page.context.close()


def test_pages_that_say_no_are_accessible_and_fit(staff_without_rights: Page, site: Site) -> None:
    page = staff_without_rights
    pages = {
        "admin/": "may not see people or attempts",
        "admin/people/person/": "Not for this account",
        "nothing/here/": "Not there",
        "admin/nothing/here/": "Not there",
    }
    for path, said in pages.items():
        page.goto(f"{site.address}/{path}")
        expect(page.locator("body")).to_contain_text(said)
        look_in_both_views(page, f"no-{path.strip('/').replace('/', '-')}")


def test_a_page_that_was_open_too_long_says_what_to_do(browser: Browser, site: Site) -> None:
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.goto(f"{site.address}/login/")
    page.context.clear_cookies()  # as when the session has ended meanwhile
    page.fill("#id_username", "admin")
    page.fill("#id_password", "only for this test")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("This page was open too long")
    look_in_both_views(page, "no-too-long")
    page.context.close()


def test_the_report_of_an_evaluation_is_accessible_and_fits(
    browser: Browser, site: Site, demo: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    site.manage("evaluate", "--folder", str(demo / "val"), "--report", str(report), "--with-photos")
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.goto(f"file://{report}")
    expect(page.locator("h1")).to_have_text("How accurately faces are told apart")
    look_in_both_views(page, "evaluation-report")
    page.context.close()
