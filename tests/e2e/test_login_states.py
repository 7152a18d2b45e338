"""Every state of the pages about a log-in and oneself: on both sizes, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.conftest import Launch
from tests.e2e.kiosks import STRANGER
from tests.e2e.logins import (
    MISMATCH,
    answer,
    fix_steps,
    give_password,
    go_to_camera,
    take_all,
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
    page.goto("about:blank")  # or a hint may still be asked for, without its cookie
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


# --- What keeps somebody from going on -----------------------------------------------------------


def test_a_face_that_is_off_is_told_and_looks_as_it_should(visit: Page, face_site: Site) -> None:
    fail = "from recognition.login import brakes"
    fail += "; [brakes.enter(kind='face', name='elton', address=str(i)) for i in range(50)]"
    face_site.manage("shell", "-c", fail)
    go_to_camera(visit, face_site.address, "elton")
    visit.click("text=Use the camera")
    take_all(visit)
    said = "Too many attempts failed, so the face does not log in here any more."
    assert said in answer(visit)
    expect(visit.locator("[data-do=again]")).to_be_hidden()
    look_in_both_views(visit, "face-off")
    give_password(visit, face_site.address, "elton")  # which turns it on again
    visit.wait_for_url("**/me/")


def test_without_a_connection_the_page_says_so(visit: Page, face_site: Site) -> None:
    go_to_camera(visit, face_site.address, "ben")
    visit.context.set_offline(True)
    visit.click("text=Use the camera")
    assert answer(visit).startswith("The server does not answer.")
    look_in_both_views(visit, "face-no-connection")
    visit.context.set_offline(False)
    visit.get_by_role("button", name="Try again").click()
    expect(visit.locator("[data-say=step]")).to_contain_text("1 of ", timeout=20 * SECONDS)


def test_a_log_in_that_has_ended_meanwhile_begins_anew(visit: Page, face_site: Site) -> None:
    go_to_camera(visit, face_site.address, "ben")
    visit.context.clear_cookies(name="sessionid")
    visit.click("text=Use the camera")
    expect(visit.get_by_role("button", name="Start again")).to_be_visible(timeout=20 * SECONDS)
    look_in_both_views(visit, "face-start-again")
    visit.get_by_role("button", name="Start again").click()
    visit.wait_for_url("**/login/")


# What the camera sees, and what the server then says.
HINTS = {
    "nobody": "No face yet. Look into the oval.",
    "far-away": "Come closer.",
    "two-people": "One person only.",
    "dark": "Too dark. Turn towards the light.",
}
# The picture then stands still, and so does what is said of it.
_STAND_STILL = """(said) => {
    if (document.querySelector("[data-say=hint]").textContent !== said) return false;
    document.querySelector("video").pause();
    return true;
}"""


def test_hints_that_ask_for_something_are_accessible_and_fit(
    launch: Launch, face_site: Site, tmp_path: Path
) -> None:
    browser = cameras.with_film(launch, cameras.bad_film(tmp_path / "film.mjpeg", seconds=6))
    page = browser.new_context(viewport=DESKTOP).new_page()
    go_to_camera(page, face_site.address, "ben")
    page.click("text=Use the camera")
    for name, said in HINTS.items():
        page.wait_for_function(_STAND_STILL, arg=said, timeout=60 * SECONDS)
        look_in_both_views(page, f"face-hint-{name}")
        expect(page.locator("[data-say=hint]")).to_have_text(said)
        expect(page.locator("[data-say=oval]")).to_have_class("oval bad")
        page.evaluate("document.querySelector('video').play()")
    browser.close()


def test_photos_that_were_refused_or_wait_for_staff_say_why(
    visit: Page, face_site: Site, demo: Path, tmp_path: Path
) -> None:
    wall = tmp_path / "wall.png"
    Image.effect_noise((640, 480), 20).convert("RGB").save(wall)
    face_site.manage("enroll", "Elton", str(wall), str(demo / STRANGER))
    give_password(visit, face_site.address, "elton")
    visit.wait_for_url("**/me/")
    visit.goto(f"{face_site.address}/me/photos/")
    photos = visit.locator(".photos")
    expect(photos).to_contain_text("Somebody of the staff has to look at this photo")
    expect(photos).to_contain_text("No face found.")
    look_in_both_views(visit, "me-photos-refused-and-waiting")
