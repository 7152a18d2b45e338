"""Every state of the kiosk, on both sizes, in light and in dark; what its device gives, or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, Route, expect

from tests.chaos.site import Site
from tests.e2e import cameras, kiosks
from tests.e2e.conftest import Launch
from tests.e2e.kiosks import PATIENCE, Kiosk, greeting_now, kiosk_of
from tests.e2e.looking import PHONE, SECONDS, TABLET, look_at, look_in_both_views, strip_scripts

VIEWS: list[dict[str, Any]] = [
    {"viewport": TABLET, "color_scheme": "light"},
    {"viewport": PHONE, "color_scheme": "dark"},
]


def look_around(kiosk: Kiosk) -> None:
    page = kiosk.page
    kiosk.open()
    expect(page.get_by_label("Key of the device")).to_be_visible()
    look_at(page, "kiosk-pair")
    page.get_by_label("Key of the device").fill("wrong")
    page.keyboard.press("Enter")
    look_at(page, "kiosk-pair-wrong")
    kiosk.pair_by_link()
    kiosk.says("Ben")
    expect(page.locator("[data-do=undo]")).to_be_visible()
    look_at(page, "kiosk-greeted")
    page.locator("[data-do=undo]").click()
    kiosk.says("Taken back")
    look_at(page, "kiosk-undone")
    kiosk.says("Stand here")
    look_at(page, "kiosk-idle")
    page.get_by_role("button", name="Type a staff number").click()
    look_at(page, "kiosk-staff")
    page.get_by_label("Staff number", exact=True).fill("8")
    page.keyboard.press("Enter")
    kiosk.says("didn't match")
    look_at(page, "kiosk-refused")
    page.context.set_offline(True)
    kiosk.links("Offline")
    kiosk.touch()
    kiosk.says("Kept at")
    look_at(page, "kiosk-kept")
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("Unpair this kiosk").click()
    look_at(page, "kiosk-settings")
    page.get_by_role("button", name="Close").click()
    page.context.set_offline(False)


@pytest.mark.parametrize("view", VIEWS, ids=["tablet", "phone"])
def test_every_state_is_accessible_and_fits(
    before_ben: Browser, office: Site, view: dict[str, Any]
) -> None:
    for kiosk in kiosk_of(before_ben, office, f"Looked at, {view['color_scheme']}", **view):
        look_around(kiosk)


@pytest.mark.parametrize("language", ["de", "es"])
def test_longer_languages_fit_a_phone(before_ben: Browser, office: Site, language: str) -> None:
    for kiosk in kiosk_of(before_ben, office, f"Phone, {language}", viewport=PHONE):
        kiosk.open(f"{language}/")
        look_at(kiosk.page, f"kiosk-{language}-pair")
        kiosk.pair_by_link(f"{language}/")
        kiosk.says("Ben")
        look_at(kiosk.page, f"kiosk-{language}-greeted")
        context: BrowserContext = kiosk.page.context
        context.set_offline(True)
        kiosk.touch()
        expect(kiosk.page.locator("[data-say=link]")).to_contain_text(": 1", timeout=PATIENCE)
        look_at(kiosk.page, f"kiosk-{language}-kept")
        context.set_offline(False)


def test_who_goes_and_who_is_recorded_already_is_told_so(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    answer = kiosk.page.locator("[data-say=answer]")
    for _ in range(2):  # whether he comes or goes depends on what was before
        kiosk.touch()
        kiosk.says(greeting_now("Ben"))
        if "Goodbye" in answer.inner_text():
            break
        kiosk.page.wait_for_timeout(1.5 * SECONDS)  # beyond CLOCK_REPEAT_SECONDS
    kiosk.says("Goodbye, Ben! · out")
    look_in_both_views(kiosk.page, "kiosk-goodbye")

    def repeat(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"is_repeat": True})

    kiosk.page.route("**/attendance/clock/", repeat)  # however long the browser takes
    kiosk.touch()
    kiosk.says("You are recorded already, Ben")
    look_in_both_views(kiosk.page, "kiosk-recorded-already")


# A device whose clock is ten minutes ahead.
WRONG_CLOCK = """
const Right = Date, ahead = 600_000;
window.Date = class extends Right {
    constructor(...given) { super(...(given.length ? given : [Right.now() + ahead])); }
    static now() { return Right.now() + ahead; }
};
"""


def test_a_wrong_clock_is_told_and_what_waits_is_kept(kiosk: Kiosk) -> None:
    kiosk.page.add_init_script(WRONG_CLOCK)
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    kiosk.page.context.set_offline(True)
    kiosk.links("Offline")
    kiosk.touch()
    kiosk.links("Waiting to be sent: 1")
    kiosk.page.context.set_offline(False)
    kiosk.links("The clock of this device is wrong by 10 min. Set it.")
    look_in_both_views(kiosk.page, "kiosk-wrong-clock")
    kiosk.links("Waiting to be sent: 1")
    assert kiosk.events("batch") == 0


# --- What the device has to give ------------------------------------------------------------------


@pytest.mark.parametrize("why", cameras.REFUSALS)
def test_without_a_camera_it_says_why(launch: Launch, office: Site, why: str) -> None:
    refusal = cameras.REFUSALS[why]
    page = refusal.page(launch, viewport=TABLET, locale="en-GB")
    kiosk = Kiosk(page, office, f"No camera, {why}")
    page.goto(f"{refusal.address(office.address)}/kiosk/#key={kiosk.key}")
    expect(page.locator("[data-say=trouble]")).to_contain_text(refusal.said, timeout=PATIENCE)
    look_in_both_views(page, f"kiosk-no-camera-{why}")
    page.context.close()


def test_a_camera_that_was_in_use_is_taken_when_it_is_free(kiosk: Kiosk) -> None:
    kiosk.page.add_init_script(cameras.REFUSALS["in-use"].script)
    kiosk.pair_by_link()
    expect(kiosk.page.locator("[data-say=trouble]")).to_contain_text("Another program")
    kiosk.page.evaluate("window.cameraIsFree = true")
    kiosk.says("Ben")  # nobody has touched anything


def test_a_camera_that_was_lost_is_told_and_opened_again(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.evaluate(cameras.LOSE)
    trouble = kiosk.page.locator("[data-say=trouble]")
    expect(trouble).to_contain_text("The camera stopped")
    look_in_both_views(kiosk.page, "kiosk-camera-lost")
    expect(trouble).to_be_hidden(timeout=PATIENCE)  # nobody has touched anything
    expect(kiosk.page.locator("video")).to_be_visible()


def test_without_javascript_it_says_so(browser: Browser, office: Site) -> None:
    page = browser.new_context(viewport=TABLET, locale="en-GB").new_page()
    strip_scripts(page, "**/kiosk/")
    page.goto(f"{office.address}/kiosk/")
    expect(page.get_by_text("The kiosk needs JavaScript")).to_be_visible()
    look_in_both_views(page, "kiosk-without-javascript")
    page.context.close()


def pair_by_typing(kiosk: Kiosk) -> None:
    kiosk.open()
    kiosk.page.get_by_label("Key of the device").fill(kiosk.key)
    kiosk.page.keyboard.press("Enter")


FILLS_SCREEN = "() => document.fullscreenElement === document.documentElement"


def test_it_fills_the_screen_when_it_is_paired(kiosk: Kiosk) -> None:
    pair_by_typing(kiosk)
    kiosk.says("Ben")
    assert kiosk.page.evaluate(FILLS_SCREEN)
    kiosk.page.get_by_role("button", name="Settings").click()
    kiosk.page.get_by_role("button", name="Full screen").click()
    kiosk.page.wait_for_function("() => !document.fullscreenElement")


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
def test_it_fills_the_screen_at_the_first_touch_after_a_scan(
    before_ben: Browser, office: Site, touch: bool
) -> None:
    name = f"Scanned, {'finger' if touch else 'mouse'}"
    for kiosk in kiosk_of(before_ben, office, name, has_touch=touch):
        kiosk.pair_by_link()
        kiosk.says("Ben")
        # To Chromium, what Playwright evaluates is a touch, too: it may be full by then.
        kiosk.page.evaluate("document.fullscreenElement && document.exitFullscreen()")
        picture = kiosk.page.locator(".view")
        (picture.tap if touch else picture.click)()
        kiosk.page.wait_for_function(FILLS_SCREEN)


def test_who_leaves_the_full_screen_is_left_in_peace(kiosk: Kiosk) -> None:
    pair_by_typing(kiosk)
    kiosk.says("Ben")
    kiosk.page.locator(".view").click()
    kiosk.page.evaluate("document.exitFullscreen()")
    kiosk.page.locator(".view").click()
    kiosk.page.wait_for_timeout(500)
    assert not kiosk.page.evaluate(FILLS_SCREEN)


def test_a_browser_that_gives_no_full_screen_is_a_kiosk_all_the_same(kiosk: Kiosk) -> None:
    kiosk.page.add_init_script(
        "Element.prototype.requestFullscreen = async () => { throw new TypeError('no'); }"
    )
    pair_by_typing(kiosk)
    kiosk.says("Ben")
    assert not kiosk.page.evaluate(FILLS_SCREEN)


# Writes down what would be heard, in Hz.
LISTEN = """
window.heard = [];
window.AudioContext = class {
    state = "suspended";
    currentTime = 0;
    resume() { this.state = "running"; }
    createGain() {
        return {
            gain: { setValueAtTime() {}, linearRampToValueAtTime() {} },
            connect: (next) => next,
        };
    }
    createOscillator() {
        const frequency = {};
        return { frequency, connect: (next) => next, stop() {},
                 start: () => window.heard.push(frequency.value) };
    }
};
"""


def test_it_sounds_when_that_is_on_one_way_for_yes_another_for_no(kiosk: Kiosk) -> None:
    page = kiosk.page
    page.add_init_script(LISTEN)
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    page.wait_for_timeout(1.5 * SECONDS)  # beyond CLOCK_REPEAT_SECONDS, as below
    kiosk.touch()
    kiosk.site.wait_until(lambda: kiosk.events() == 2, 60, "the second event")
    assert page.evaluate("heard") == []  # it is off until somebody wants it

    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Sound").check()
    page.get_by_role("button", name="Close").click()
    page.reload()  # it is kept
    page.wait_for_timeout(1.5 * SECONDS)
    kiosk.touch()
    page.wait_for_function("() => heard.length", timeout=PATIENCE)
    assert page.evaluate("heard.splice(0)") == [660, 880]
    page.get_by_role("button", name="Type a staff number").click()
    page.get_by_label("Staff number", exact=True).fill("8")
    page.keyboard.press("Enter")
    kiosk.says("didn't match")
    assert page.evaluate("heard") == [330, 262]


# A browser that may let the screen sleep, as when the battery is low.
REFUSE_TO_STAY_AWAKE = """
window.asked = [];
Object.defineProperty(navigator, "wakeLock", { value: { request: async (what) => {
    window.asked.push(what);
    throw new DOMException("Wake Lock permission request denied", "NotAllowedError");
} } });
"""


def test_it_asks_for_the_screen_to_stay_on_whenever_it_wakes_and_works_without(
    kiosk: Kiosk,
) -> None:
    kiosk.page.add_init_script(REFUSE_TO_STAY_AWAKE)
    kiosk.pair_by_link()
    kiosk.says("Ben")
    assert kiosk.page.evaluate("asked") == ["screen"]
    kiosk.page.evaluate(kiosks.SLEEP)
    kiosk.page.evaluate(kiosks.WAKE)
    kiosk.page.wait_for_function("() => asked.length === 2")


def test_when_it_can_keep_no_more_it_says_so_and_keeps_what_it_has(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    kiosk.page.evaluate("KioskStore.MOST = 1")
    kiosk.page.context.set_offline(True)
    kiosk.links("Offline")
    kiosk.touch()
    kiosk.says("Kept at ")
    kiosk.touch()
    kiosk.says("This kiosk can keep no more.")
    look_in_both_views(kiosk.page, "kiosk-full")
    kiosk.links("Waiting to be sent: 1")
    kiosk.page.context.set_offline(False)
    expect(kiosk.page.locator("[data-say=link]")).to_be_empty(timeout=PATIENCE)
    assert kiosk.events("batch") == 1


def test_an_answer_of_before_does_not_hide_that_the_network_is_gone(kiosk: Kiosk) -> None:
    def go_offline(route: Route) -> None:
        response = route.fetch()
        kiosk.page.context.set_offline(True)
        route.fulfill(response=response)

    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.page.route("**/attendance/clock/", go_offline, times=1)
    kiosk.page.evaluate("dispatchEvent(new Event('online'))")
    kiosk.links("Offline")
    kiosk.page.wait_for_timeout(1 * SECONDS)  # the answer has come meanwhile
    kiosk.links("Offline")
    kiosk.page.context.set_offline(False)
    expect(kiosk.page.locator("[data-say=link]")).to_be_empty(timeout=PATIENCE)


def test_while_the_server_thinks_the_page_goes_on(kiosk: Kiosk) -> None:
    """The answer is held back: neither the picture nor the buttons wait for it."""
    page = kiosk.page
    kiosk.pair_by_link()
    kiosk.says("Ben")
    kiosk.by_touch()
    held: list[Route] = []
    page.route("**/attendance/clock/", lambda route: held.append(route), times=1)
    with page.expect_request("**/attendance/clock/"):
        kiosk.touch()
    kiosk.says("One moment")
    page.evaluate(
        """() => {
            window.frames_drawn = 0;
            const draw = () => { window.frames_drawn += 1; requestAnimationFrame(draw); };
            draw();
        }"""
    )
    shown = "document.querySelector('video').currentTime"
    before = page.evaluate(shown)
    page.wait_for_function(f"(at) => frames_drawn > 60 && {shown} > at + 1", arg=before)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Close").click()
    kiosk.says("One moment")
    held[0].continue_()
    kiosk.says("Ben")


def test_a_browser_finds_nothing_that_keeps_it_from_being_installed(
    playwright: Playwright, browser_path: str, office: Site, tmp_path: Path
) -> None:
    # One with a profile: a browser installs nothing from a private window.
    context = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=browser_path, args=["--no-sandbox"]
    )
    page = context.new_page()
    page.goto(f"{office.address}/kiosk/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    tools = context.new_cdp_session(page)
    assert tools.send("Page.getAppManifest")["url"].endswith("/kiosk/manifest.webmanifest")
    assert tools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    context.close()
