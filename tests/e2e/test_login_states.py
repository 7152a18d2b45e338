"""Every state of the pages about a log-in and oneself: on both sizes, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chaos.site import Site
from tests.e2e.logins import (
    MISMATCH,
    answer,
    fix_steps,
    give_password,
    go_to_camera,
    take_pictures,
)
from tests.e2e.looking import DESKTOP, PHONE, SECONDS, Faults, look_at, look_in_both_views

VIEWS: list[dict[str, Any]] = [
    {"viewport": DESKTOP, "color_scheme": "light"},
    {"viewport": PHONE, "color_scheme": "dark"},
]


@pytest.mark.parametrize("view", VIEWS, ids=["desktop", "phone"])
def test_every_state_is_accessible_and_fits(
    before_turning_ben: Browser, face_site: Site, view: dict[str, Any]
) -> None:
    context: BrowserContext = before_turning_ben.new_context(**view)
    page = context.new_page()
    faults = Faults(page, face_site.address)
    site = face_site.address
    page.goto(f"{site}/login/")
    look_at(page, "login")
    page.fill("#id_username", "ben")
    page.fill("#id_password", "a wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    look_at(page, "login-wrong-password")

    fix_steps(page, face_site)
    go_to_camera(page, face_site.address, "ben")
    look_at(page, "face-intro")
    page.click("text=Use the camera")
    expect(page.locator("[data-say=hint]")).not_to_be_empty(timeout=20 * SECONDS)
    look_at(page, "face-step")
    take_pictures(page)
    page.wait_for_url("**/me/", timeout=60 * SECONDS)
    look_at(page, "me-by-face")
    page.goto(f"{site}/me/photos/")
    look_at(page, "me-photos-by-face")

    give_password(page, site, "ben")
    page.wait_for_url("**/me/")
    for name in ("attempts", "attendance", "consent"):
        page.goto(f"{site}/me/{name}/")
        look_at(page, f"me-{name}")
    if page.get_by_text("I agree", exact=True).count():
        page.click("button:text-is('I agree')")
    page.goto(f"{site}/me/photos/")
    look_at(page, "me-photos")
    page.click("text=Use the camera")
    expect(page.locator("[data-say=hint]")).not_to_be_empty(timeout=20 * SECONDS)
    look_at(page, "me-photos-camera")
    take_pictures(page)
    expect(page.locator(".note.success")).to_be_visible(timeout=60 * SECONDS)
    expect(page.locator("#own-photos[data-pending=no]")).to_be_attached(timeout=60 * SECONDS)
    page.goto(f"{site}/me/consent/")
    look_at(page, "me-consent-given")
    context.close()
    faults.require_none("422")


@contextmanager
def of_staff(site: Site, name: str) -> Iterator[None]:
    """An account that has admin rights for a while."""

    def change(is_staff: bool) -> None:
        with site.connect() as connection:
            connection.execute(
                "UPDATE auth_user SET is_staff = %s, is_superuser = %s WHERE username = %s",
                (is_staff, is_staff, name),
            )

    change(True)
    try:
        yield
    finally:
        change(False)


@pytest.mark.parametrize("view", VIEWS, ids=["desktop", "phone"])
def test_the_second_factor_is_accessible_and_fits(
    before_turning_ben: Browser, face_site: Site, view: dict[str, Any]
) -> None:
    context: BrowserContext = before_turning_ben.new_context(**view)
    page = context.new_page()
    faults = Faults(page, face_site.address)
    fix_steps(page, face_site)
    give_password(page, face_site.address, "ben")
    page.wait_for_url("**/me/")
    with of_staff(face_site, "ben"):
        # What this session began with is not enough any more.
        page.goto(f"{face_site.address}/admin/")
        page.wait_for_url("**/login/face/")
        look_at(page, "second-factor-owed")
        page.click("text=Use the camera")
        take_pictures(page)
        page.wait_for_url("**/admin/", timeout=60 * SECONDS)

        page.context.clear_cookies()
        give_password(page, face_site.address, "ben")
        page.wait_for_url("**/login/face/")
        look_at(page, "second-factor")
        page.click("text=Use the camera")
        expect(page.locator("[data-say=hint]")).not_to_be_empty(timeout=20 * SECONDS)
        look_at(page, "second-factor-step")
    with of_staff(face_site, "elton"):
        page.context.clear_cookies()
        give_password(page, face_site.address, "elton")
        page.wait_for_url("**/login/face/")
        page.click("text=Use the camera")
        take_pictures(page)
        assert answer(page) == MISMATCH
        look_at(page, "second-factor-wrong")
    context.close()
    faults.require_none("422", "429")


def test_a_consent_that_is_taken_back_is_accessible_and_fits(visit: Page, face_site: Site) -> None:
    give_password(visit, face_site.address, "ada")
    visit.wait_for_url("**/me/")
    look_in_both_views(visit, "me-without-a-face")
    visit.goto(f"{face_site.address}/me/consent/")
    visit.click("button:text-is('I agree')")
    visit.wait_for_url("**/me/photos/")
    look_in_both_views(visit, "me-consented")
    visit.goto(f"{face_site.address}/me/consent/")
    visit.click("text=Take my consent back")
    expect(visit.locator("main")).to_contain_text("You took your consent back on")
    look_in_both_views(visit, "me-consent-withdrawn")
    for name in ("", "photos/"):
        visit.goto(f"{face_site.address}/me/{name}")
        look_in_both_views(visit, f"me-withdrawn-{name.strip('/') or 'overview'}")
