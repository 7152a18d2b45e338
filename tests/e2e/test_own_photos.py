"""The page of one's own photos before a camera: what it says without one, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.conftest import Launch
from tests.e2e.logins import give_password
from tests.e2e.looking import DESKTOP, SECONDS, Faults, look_in_both_views

PATIENCE = 20 * SECONDS


@pytest.fixture(scope="module")
def without_challenge(face_site: Site) -> Iterator[Site]:
    """A second web server of the same site, where a photo of oneself is not a challenge."""
    other = Site(
        face_site.var_dir,
        FACE_LOGIN_LIVENESS="off",
        ALLOWED_HOSTS=f"localhost,{cameras.ELSEWHERE}",
    )
    other.start()
    yield other
    other.stop()


@pytest.fixture(params=["challenge", "photo"])
def own_site(request: pytest.FixtureRequest, face_site: Site) -> Site:
    if request.param == "challenge":
        return face_site
    other: Site = request.getfixturevalue("without_challenge")
    return other


def go_to_own_photos(page: Page, address: str) -> None:
    give_password(page, address, "ada")
    page.wait_for_url("**/me/")
    page.goto(f"{address}/me/consent/")
    if page.get_by_text("I agree", exact=True).count():
        page.click("button:text-is('I agree')")
    page.goto(f"{address}/me/photos/")


def complaint(page: Page) -> str:
    shown = page.locator("[data-say=fault], [data-say=answer]")
    expect(shown).to_be_visible(timeout=PATIENCE)
    return shown.inner_text()


@pytest.mark.parametrize("why", cameras.REFUSALS)
def test_without_a_camera_ones_own_photos_say_why(
    launch: Launch, own_site: Site, request: pytest.FixtureRequest, why: str
) -> None:
    refusal = cameras.REFUSALS[why]
    page = refusal.page(launch, viewport=DESKTOP)
    address = refusal.address(own_site.address)
    faults = Faults(page, address)
    go_to_own_photos(page, address)
    page.locator("[data-do=open]").focus()
    page.keyboard.press("Enter")
    assert refusal.said in complaint(page)
    kind = request.node.callspec.params["own_site"]
    look_in_both_views(page, f"me-{kind}-no-camera-{why}")
    page.context.close()
    faults.require_none()


@pytest.fixture
def ada(before_ben: Browser, without_challenge: Site) -> Iterator[Page]:
    """Her page, before a camera that another program is using until `window.cameraIsFree`."""
    page = before_ben.new_context(viewport=DESKTOP).new_page()
    page.add_init_script(cameras.REFUSALS["in-use"].script)
    faults = Faults(page, without_challenge.address)
    go_to_own_photos(page, without_challenge.address)
    yield page
    page.context.close()
    faults.require_none()


def open_camera(page: Page) -> None:
    page.evaluate("window.cameraIsFree = true")
    page.get_by_role("button", name="Use the camera").press("Enter")
    expect(page.locator("[data-say=hint]")).not_to_be_empty(timeout=PATIENCE)


def test_a_camera_that_is_free_again_takes_the_photo(ada: Page) -> None:
    ada.get_by_role("button", name="Use the camera").press("Enter")
    assert "Another program" in complaint(ada)
    open_camera(ada)
    expect(ada.locator("[data-say=fault]")).to_be_hidden()
    expect(ada.get_by_role("button", name="Take the photo")).to_be_focused()
    look_in_both_views(ada, "me-photo-camera")
    ada.keyboard.press("Enter")
    expect(ada.locator(".note.success")).to_be_visible(timeout=60 * SECONDS)
    expect(ada.locator("#own-photos[data-pending=no]")).to_be_attached(timeout=60 * SECONDS)
    expect(ada.locator("#own-photos .tag")).to_have_count(1)
    look_in_both_views(ada, "me-photo-taken")


def test_a_camera_that_is_lost_is_told_and_the_keyboard_is_where_it_can_be_opened_again(
    ada: Page,
) -> None:
    open_camera(ada)
    ada.evaluate(cameras.LOSE)
    assert "The camera stopped" in complaint(ada)
    expect(ada.get_by_role("button", name="Use the camera")).to_be_focused()
    look_in_both_views(ada, "me-photo-camera-lost")
