"""The kiosk in a real browser, with a camera that plays a photo of one person who stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.chaos.site import Site
from tests.e2e import cameras, kiosks
from tests.e2e.conftest import Launch
from tests.e2e.kiosks import PATIENCE, STRANGER, Kiosk, greeting_now, kiosk_of
from tests.e2e.looking import SECONDS, look_in_both_views


@pytest.fixture(scope="module")
def before_stranger(
    launch: Launch, demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Browser:
    to = tmp_path_factory.mktemp("stranger") / "film.mjpeg"
    return cameras.with_film(launch, cameras.film([STRANGER], to, seconds=1))


@pytest.fixture
def strange(
    before_stranger: Browser, office: Site, request: pytest.FixtureRequest
) -> Iterator[Kiosk]:
    yield from kiosk_of(before_stranger, office, request.node.name)


def test_it_is_paired_by_typing_and_greets_who_stands_there_once(kiosk: Kiosk) -> None:
    page = kiosk.page
    kiosk.open()
    page.get_by_label("Key of the device").fill("12345")
    page.keyboard.press("Enter")
    problem = page.locator("[data-say=pair-problem]")
    expect(problem).to_contain_text("64 characters")
    page.get_by_label("Key of the device").fill("0" * 64)
    page.keyboard.press("Enter")
    expect(problem).to_contain_text("This key is not valid", timeout=PATIENCE)

    page.get_by_label("Key of the device").fill(f" {kiosk.key.upper()} ")
    page.keyboard.press("Enter")
    kiosk.says(greeting_now("Ben"))
    page.wait_for_timeout(5 * SECONDS)  # he does not go away, and that is no second event
    assert kiosk.events() == 1


def test_whoever_steps_up_next_is_looked_at_too(
    launch: Launch, office: Site, demo: Path, tmp_path: Path
) -> None:
    photos = [cameras.STRAIGHT, STRANGER]
    film = cameras.film(photos, tmp_path / "film.mjpeg", seconds=8)
    browser = cameras.with_film(launch, film)
    for kiosk in kiosk_of(browser, office, "Ben and a stranger in turn"):
        kiosk.pair_by_link()
        for _ in range(2):
            kiosk.says("Ben")
            kiosk.says("Sorry! You're not in the database.")


def test_who_was_deactivated_is_told_so(kiosk: Kiosk) -> None:
    change = "UPDATE people_person SET is_active = %s WHERE full_name = 'Ben'"
    with kiosk.site.connect() as connection:
        connection.execute(change, (False,))
    try:
        kiosk.pair_by_link()
        kiosk.says("Your entry here is switched off.")
        look_in_both_views(kiosk.page, "kiosk-deactivated")
        assert kiosk.events() == 0
    finally:
        with kiosk.site.connect() as connection:
            connection.execute(change, (True,))


def test_it_sleeps_without_its_camera_and_wakes_with_it(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    has_camera = "() => Boolean(document.querySelector('video').srcObject)"
    kiosk.page.evaluate(kiosks.SLEEP)
    assert not kiosk.page.evaluate(has_camera)
    kiosk.page.evaluate(kiosks.WAKE)
    kiosk.page.wait_for_function(has_camera)
    seen = kiosk.events()
    kiosk.page.wait_for_timeout(2 * SECONDS)  # beyond CLOCK_REPEAT_SECONDS
    kiosk.touch()
    kiosk.site.wait_until(lambda: kiosk.events() > seen, 60, "the clocking after the sleep")


def test_a_link_pairs_it_and_leaves_the_key_nowhere(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    expect(kiosk.page.locator("[data-say=device]")).to_have_text(kiosk.name, timeout=PATIENCE)
    kiosk.says("Ben")
    assert kiosk.key not in kiosk.page.evaluate("location.href + document.cookie")
    assert kiosk.key not in kiosk.page.evaluate("JSON.stringify({...localStorage})")
    kept = [path for path in (kiosk.site.var_dir / "logs").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if kiosk.key.encode() in path.read_bytes()]


def test_what_was_wrong_is_taken_back_and_he_is_not_clocked_for_standing_there(
    kiosk: Kiosk,
) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.locator("[data-do=undo]").click()
    kiosk.says("Taken back, Ben. It does not count.")
    kiosk.page.wait_for_timeout(4 * SECONDS)
    assert (kiosk.events(), kiosk.events("correction")) == (1, 1)


def test_a_stranger_is_told_so_and_a_number_does_not_help(strange: Kiosk) -> None:
    strange.pair_by_link()
    strange.says("Sorry! You're not in the database.")
    look_in_both_views(strange.page, "kiosk-unknown")
    strange.page.get_by_role("button", name="Type a staff number").click()
    strange.page.get_by_label("Staff number", exact=True).fill("7")
    strange.page.keyboard.press("Enter")
    strange.says("Person name and face didn't match!")
    assert strange.events() == 0


def test_a_staff_number_is_checked_against_the_face(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    for number, said in (("8", "Person name and face didn't match!"), ("7", "Ben")):
        kiosk.page.get_by_role("button", name="Type a staff number").click()
        kiosk.page.get_by_label("Staff number", exact=True).fill(number)
        kiosk.page.keyboard.press("Enter")
        kiosk.says(said)
    assert kiosk.events() == 2


def test_without_a_network_it_keeps_what_is_touched_and_sends_it_later(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    kiosk.page.context.set_offline(True)
    kiosk.links("Offline")
    kiosk.says("No connection. Touch the button")
    kiosk.touch()
    kiosk.says("Kept at ")
    kiosk.links("Waiting to be sent: 1")

    kiosk.page.reload()  # from the worker; nothing is lost
    kiosk.links("Offline · Waiting to be sent: 1")
    kiosk.touch()
    kiosk.links("Waiting to be sent: 2")
    kiosk.page.wait_for_timeout(1500)
    assert kiosk.events("batch") == 0

    kiosk.page.context.set_offline(False)
    expect(kiosk.page.locator("[data-say=link]")).to_be_empty(timeout=PATIENCE)
    assert kiosk.events("batch") in (1, 2)  # two touches within a second are one event
    kiosk.page.get_by_role("button", name="Settings").click()
    expect(kiosk.page.get_by_text("Nothing waits to be sent.")).to_be_visible()
    expect(kiosk.page.get_by_text("Nothing was refused.")).to_be_visible()


def test_what_is_sent_later_and_refused_is_deleted_and_told(strange: Kiosk) -> None:
    strange.pair_by_link()
    strange.says("Sorry!")
    strange.page.context.set_offline(True)
    strange.links("Offline")
    strange.touch()
    strange.links("Waiting to be sent: 1")
    strange.page.context.set_offline(False)
    strange.links("Sent later and refused: 1")
    strange.page.get_by_role("button", name="Settings").click()
    expect(strange.page.locator("[data-say=refusals] li")).to_contain_text("not in the database")
    look_in_both_views(strange.page, "kiosk-refusals")
    strange.page.get_by_role("button", name="I have seen these").click()
    expect(strange.page.locator("[data-say=link]")).to_be_empty()


def test_an_answer_that_is_lost_makes_no_second_event(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    before = kiosk.events()

    def lose(route: Any) -> None:
        route.fetch()  # the server has it
        route.abort()

    kiosk.page.route("**/attendance/clock/", lose, times=1)
    kiosk.touch()
    kiosk.says("Kept at ")
    expect(kiosk.page.locator("[data-say=link]")).to_be_empty(timeout=PATIENCE)
    assert (kiosk.events(), kiosk.events("batch")) == (before + 1, 0)


def test_a_revoked_key_leads_to_pairing_and_another_device_sends_nothing_of_it(
    kiosk: Kiosk,
) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.context.set_offline(True)
    kiosk.links("Offline")
    kiosk.touch()
    kiosk.links("Waiting to be sent: 1")
    kiosk.site.manage("revoke_device", kiosk.name)
    kiosk.page.context.set_offline(False)
    problem = kiosk.page.locator("[data-say=pair-problem]")
    expect(problem).to_contain_text("not valid any more", timeout=PATIENCE)
    look_in_both_views(kiosk.page, "kiosk-revoked")

    other = Kiosk(kiosk.page, kiosk.site, "Another device")
    kiosk.page.get_by_label("Key of the device").fill(other.key)
    kiosk.page.keyboard.press("Enter")
    expect(problem).to_contain_text(f"Captures of “{kiosk.name}” wait here: 1", timeout=PATIENCE)
    kiosk.page.get_by_role("button", name="Delete the captures that wait").click()
    kiosk.page.get_by_label("Key of the device").fill(other.key)
    kiosk.page.keyboard.press("Enter")
    other.says("Ben")
    assert other.events("batch") == 0


def test_it_speaks_the_language_that_was_chosen(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.get_by_role("link", name="Deutsch").click()
    kiosk.page.wait_for_url("**/kiosk/de/")
    kiosk.says(re.compile(r"(Willkommen, Ben|Wiedersehen, Ben!|Sie sind schon erfasst, Ben) · "))
    kiosk.open()
    kiosk.page.wait_for_url("**/kiosk/de/")
    expect(kiosk.page.get_by_role("button", name="Kommen oder gehen")).to_be_visible(
        timeout=PATIENCE
    )


def test_it_is_unpaired_by_its_name(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.get_by_role("button", name="Settings").click()
    kiosk.page.get_by_text("Unpair this kiosk").click()
    for name in ("Something else", kiosk.name):
        kiosk.page.get_by_label("Type the name of the device").fill(name)
        kiosk.page.get_by_role("button", name="Unpair", exact=True).click()
    expect(kiosk.page.get_by_label("Key of the device")).to_be_visible()
    kiosk.page.reload()
    expect(kiosk.page.get_by_label("Key of the device")).to_be_visible()
