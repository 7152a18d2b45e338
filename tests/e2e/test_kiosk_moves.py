"""A kiosk whose device requires moves: a photo is not enough there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, ViewportSize, expect

from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.conftest import Launch
from tests.e2e.kiosks import PATIENCE, Kiosk, greeting_now, kiosk_of
from tests.e2e.looking import PHONE, SECONDS, TABLET, look_at, screenshot

MOVES = "--requires-liveness"
# Of the faces in the film below; which steps a challenge has is chance otherwise.
STEPS = ["look_straight", "turn_left", "turn_right"]
STEP = 2.8  # seconds: about as long as the kiosk takes for one


@pytest.fixture
def asking(before_ben: Browser, office: Site, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    """A kiosk whose device requires moves, before a photo of Ben that hangs there."""
    yield from kiosk_of(before_ben, office, request.node.name, MOVES)


@pytest.fixture(scope="module")
def before_quick_ben(
    launch: Launch, demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Browser:
    """He looks straight, turns, turns to the other side, as fast as the kiosk asks for it."""
    photos = [cameras.STRAIGHT, cameras.PICTURE_RIGHT, cameras.PICTURE_LEFT]
    to = tmp_path_factory.mktemp("quick") / "film.mjpeg"
    return cameras.with_film(launch, cameras.film(photos, to, seconds=STEP))


def fix_steps(kiosk: Kiosk) -> None:
    """The server's own challenge, with the steps the film can answer."""

    def hand_over(route: Route) -> None:
        response = route.fetch()
        said = response.json()
        with kiosk.site.connect() as connection:
            connection.execute(
                "UPDATE recognition_livenesssession SET steps = %s WHERE nonce = %s",
                (STEPS, said["nonce"]),
            )
            # A camera gives no picture twice, and the film does.
            connection.execute("DELETE FROM recognition_livenessframe")
        said["steps"] = [{"step": step, "instruction": ""} for step in STEPS]
        route.fulfill(response=response, body=json.dumps(said))

    kiosk.page.route("**/attendance/challenges/", hand_over)


def touch_in_time(kiosk: Kiosk) -> None:
    """So that the film looks straight in the middle of the first step's time."""
    for first in ("!==", "==="):
        kiosk.page.wait_for_function(f"() => ({cameras.SHOWN})() {first} 0", timeout=PATIENCE)
    kiosk.page.wait_for_timeout(2.4 * STEP * SECONDS)
    kiosk.touch()


def outcomes(kiosk: Kiosk) -> set[str]:
    with kiosk.site.connect() as connection:
        rows = connection.execute(
            "SELECT outcome FROM recognition_attempt a JOIN recognition_device d"
            " ON d.account_id = a.actor_id WHERE d.name = %s",
            (kiosk.name,),
        ).fetchall()
    return {row[0] for row in rows}


def test_who_moves_as_asked_is_greeted(before_quick_ben: Browser, office: Site) -> None:
    for kiosk in kiosk_of(before_quick_ben, office, "Ben turns", MOVES):
        fix_steps(kiosk)
        kiosk.pair_by_link()
        kiosk.says("Touch the button, and move as you are asked.")
        answer = kiosk.page.locator("[data-say=answer]")
        for _ in range(3):  # who was too slow tries again
            touch_in_time(kiosk)
            kiosk.says("1/3 · Look straight at the camera.")
            kiosk.says("2/3 · Turn your head to your left.")
            kiosk.says("3/3 · Turn your head to your right.")
            expect(answer).not_to_contain_text(re.compile("3/3|One moment"), timeout=PATIENCE)
            if kiosk.events():
                break
        expect(answer).to_have_text(greeting_now("Ben"))
        screenshot(kiosk.page, "kiosk-moved")
        assert kiosk.events() == 1
        assert {"live", "match"} <= outcomes(kiosk)


def test_a_photo_before_the_camera_is_refused(asking: Kiosk) -> None:
    asking.pair_by_link()
    asking.says("Touch the button, and move as you are asked.")
    asking.page.wait_for_timeout(3 * SECONDS)  # by itself it asks nobody
    assert outcomes(asking) == set()
    asking.touch()
    asking.says("4/4 · ")
    asking.says("Move your head. A picture of somebody does not count.")
    assert asking.events() == 0
    assert outcomes(asking) == {"frames_alike"}


def test_a_number_does_not_help_a_photo(asking: Kiosk) -> None:
    asking.pair_by_link()
    asking.says("Touch the button")
    asking.page.get_by_role("button", name="Type a staff number").click()
    asking.page.get_by_label("Staff number", exact=True).fill("7")
    asking.page.keyboard.press("Enter")
    asking.says("1/4 · Look straight at the camera.")
    asking.says("Move your head.")
    assert asking.events() == 0


def test_without_a_network_nobody_is_clocked_where_moves_are_asked_for(asking: Kiosk) -> None:
    asking.pair_by_link()
    asking.says("Touch the button")
    asking.page.context.set_offline(True)
    asking.links("Offline")
    asking.touch()
    asking.says("No connection. Nobody can be clocked here now.")
    expect(asking.page.locator("[data-say=link]")).to_have_text("Offline")
    asking.page.context.set_offline(False)
    asking.says("Touch the button")
    asking.page.wait_for_timeout(2 * SECONDS)
    assert asking.events("batch") == asking.events() == 0


def test_a_network_that_goes_meanwhile_keeps_nothing(asking: Kiosk) -> None:
    asking.pair_by_link()
    asking.says("Touch the button")
    asking.touch()
    asking.says("2/4 · ")
    asking.page.context.set_offline(True)
    asking.says("No connection. Nobody can be clocked here now.")
    expect(asking.page.locator("[data-say=link]")).to_have_text("Offline")
    asking.page.context.set_offline(False)


def test_a_kiosk_learns_that_moves_are_asked_for(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    before = kiosk.events()
    with kiosk.site.connect() as connection:
        connection.execute(
            "UPDATE recognition_device SET requires_liveness = true WHERE name = %s", (kiosk.name,)
        )
    kiosk.touch()
    kiosk.says("A picture alone does not count here.")
    kiosk.page.wait_for_timeout(1 * SECONDS)
    kiosk.touch()
    kiosk.says("1/4 · ")
    kiosk.says("Move your head.")
    assert kiosk.events() == before


VIEWS = [("en", TABLET), ("en", PHONE), ("de", PHONE), ("es", PHONE)]


@pytest.mark.parametrize(("language", "size"), VIEWS, ids=["en-tablet", "en", "de", "es"])
def test_moves_are_accessible_and_fit(
    before_ben: Browser, office: Site, language: str, size: ViewportSize
) -> None:
    name = f"Moves, {language}, {size['width']}"
    for kiosk in kiosk_of(before_ben, office, name, MOVES, viewport=size):
        kiosk.pair_by_link(f"{language}/")
        expect(kiosk.page.locator("[data-do=touch]")).to_be_visible(timeout=PATIENCE)
        look_at(kiosk.page, f"kiosk-{language}-moves")
        kiosk.touch()
        for number in (2, 3, 4):
            kiosk.says(f"{number}/4 · ")
            if number == 3:
                look_at(kiosk.page, f"kiosk-{language}-step")
        expect(kiosk.page.locator("body")).to_have_attribute("data-tone", "bad", timeout=PATIENCE)
        look_at(kiosk.page, f"kiosk-{language}-still")
