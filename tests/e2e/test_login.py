"""Logging in by face, in a real browser with a camera that plays photos of one person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from recognition.liveness.refusals import SAID_OF_STEP, FramesAlike
from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.conftest import Launch
from tests.e2e.logins import (
    FILM,
    MISMATCH,
    PASSWORD,
    STEPS,
    STEPS_UP,
    answer,
    fix_steps,
    go_to_camera,
    take_all,
    take_pictures,
)
from tests.e2e.looking import DESKTOP, SECONDS, Faults, look_in_both_views, strip_scripts


def log_in(page: Page, site: Site, name: str, steps: Sequence[str] = STEPS) -> str:
    fix_steps(page, site, steps)
    go_to_camera(page, site.address, name)
    page.locator("[data-do=open]").focus()
    page.keyboard.press("Enter")
    take_pictures(page)
    return answer(page)


def test_the_right_person_logs_in(visit: Page, face_site: Site) -> None:
    # An answer without a page: the browser stays where it is, and there is time to look.
    visit.route("**/me/", lambda route: route.fulfill(status=204), times=1)
    with visit.expect_response("**/me/", timeout=200 * SECONDS):
        assert log_in(visit, face_site, "ben") == "Verified! Welcome Ben"
    look_in_both_views(visit, "face-verified")
    expect(visit.locator("[data-do=again]")).to_be_hidden()
    visit.goto(f"{face_site.address}/me/")
    expect(visit.locator("h1")).to_have_text("Ben")
    visit.click("text=Log out")
    visit.wait_for_url("**/login/")


def test_who_is_asked_to_look_up_logs_in(before_ben_who_looks_up: Browser, face_site: Site) -> None:
    page = before_ben_who_looks_up.new_context(viewport=DESKTOP).new_page()
    faults = Faults(page, face_site.address)
    page.route("**/me/", lambda route: route.fulfill(status=204), times=1)
    with page.expect_response("**/me/", timeout=200 * SECONDS):
        assert log_in(page, face_site, "ben", STEPS_UP) == "Verified! Welcome Ben"
    page.context.close()
    faults.require_none()


def test_another_person_does_not_and_after_five_failures_waits(
    visit: Page, face_site: Site
) -> None:
    assert log_in(visit, face_site, "elton") == MISMATCH
    look_in_both_views(visit, "face-wrong")
    visit.evaluate(
        """async () => {
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            for (let i = 0; i < 4; i += 1) await fetch("/login/face/answer/",
                { method: "POST", headers: { "X-CSRFToken": token } });
        }"""
    )
    visit.click("text=Try again")
    take_pictures(visit)
    expect(visit.locator("[data-say=answer]")).to_contain_text("Wait", timeout=60 * SECONDS)
    button = visit.locator("[data-do=again]")
    expect(button).to_be_disabled()
    expect(button).to_contain_text("Try again in")
    look_in_both_views(visit, "face-locked")

    # The password is there all the same.
    visit.click("text=Log in with your password instead")
    visit.fill("#id_username", "elton")
    visit.fill("#id_password", PASSWORD)
    visit.keyboard.press("Enter")
    visit.wait_for_url("**/me/")


# --- Pictures of somebody -------------------------------------------------------------------------


def try_to_log_in(
    browser: Browser, site: Site, *, answers: Sequence[Sequence[int]] | None
) -> tuple[str, set[str]]:
    """Take each picture at once, or when the film shows one of these; whatever the hint says.

    Returns what the page says, and the outcomes of the attempts on record. Nobody is in then.
    """
    before = last_attempt(site)
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    faults = Faults(page, site.address)
    if answers is not None:
        fix_steps(page, site)
    go_to_camera(page, site.address, "ben")
    page.click("text=Use the camera")
    if answers is None:
        take_all(page)
    else:
        take_pictures(page, answers, is_hinted=False)
    said = answer(page)
    page.goto(f"{site.address}/me/")
    expect(page).to_have_url(re.compile(r"/login/\?next=/me/$"))
    context.close()
    faults.require_none("422 for")
    return said, outcomes_since(site, before)


def last_attempt(site: Site) -> int:
    return site.number("SELECT coalesce(max(id), 0) FROM recognition_attempt")


def outcomes_since(site: Site, before: int) -> set[str]:
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT outcome FROM recognition_attempt a JOIN people_person p ON p.id = claimed_id"
            " WHERE a.id > %s AND a.source = 'login' AND full_name = 'Ben'",
            (before,),
        ).fetchall()
    return {row[0] for row in rows}


# What the film shows, how many pixels it is moved about, when its pictures are taken (None: as soon
# as they are asked for), and how that may end.
PICTURES = {
    "still": ([cameras.STRAIGHT], 0, None, {"frames_alike"}),
    "shaken": ([cameras.STRAIGHT], 6, None, {"frames_alike", "step_not_seen"}),
    # Each photo answers a step, and the turns are the wrong way round.
    "in-the-wrong-order": (FILM, 0, ([0, 2], [3], [1]), {"step_not_seen"}),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_somebody_never_log_in(
    launch: Launch, face_site: Site, tmp_path: Path, kind: str
) -> None:
    photos, shake, answers, expected = PICTURES[kind]
    film = cameras.film(photos, tmp_path / "film.mjpeg", seconds=3, shake=shake)
    browser = cameras.with_film(launch, film)
    said, outcomes = try_to_log_in(browser, face_site, answers=answers)
    browser.close()
    assert len(outcomes) == 1
    assert outcomes <= expected
    assert said in {FramesAlike().message, *SAID_OF_STEP.values()}


# --- Without a camera -----------------------------------------------------------------------------


@pytest.mark.parametrize("why", cameras.REFUSALS)
def test_without_a_camera_the_page_says_why_and_the_password_remains(
    launch: Launch, face_site: Site, why: str
) -> None:
    refusal = cameras.REFUSALS[why]
    page = refusal.page(launch, viewport=DESKTOP)
    go_to_camera(page, refusal.address(face_site.address), "ben")
    page.click("text=Use the camera")
    assert refusal.said in answer(page)
    expect(page.get_by_text("Log in with your password instead")).to_be_visible()
    look_in_both_views(page, f"login-no-camera-{why}")
    page.context.close()


def test_without_javascript_the_page_leads_to_the_password(
    browser: Browser, face_site: Site
) -> None:
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    page = context.new_page()
    go_to_camera(page, face_site.address, "ben")
    expect(page.get_by_text("The camera needs JavaScript")).to_be_visible()
    page.click("text=Log in with your password >> nth=0")
    page.fill("#id_username", "ben")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/")
    context.close()


def test_the_page_without_javascript_is_accessible_and_fits(
    browser: Browser, face_site: Site
) -> None:
    page = browser.new_context(viewport=DESKTOP).new_page()
    go_to_camera(page, face_site.address, "ben")
    strip_scripts(page, "**/login/face/")
    page.reload()
    expect(page.get_by_text("The camera needs JavaScript")).to_be_visible()
    look_in_both_views(page, "face-without-javascript")
    page.context.close()
