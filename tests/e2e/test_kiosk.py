"""The kiosk in a real browser, with a camera that plays a photo of one person who stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Route,
    ViewportSize,
    expect,
)

from recognition.engine import Engine
from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.conftest import Faults, Launch, screenshot

SECONDS = 1000  # of Playwright's milliseconds
PATIENCE = 60 * SECONDS
PHONE: ViewportSize = {"width": 390, "height": 844}
TABLET: ViewportSize = {"width": 1180, "height": 820}
BERLIN = ZoneInfo("Europe/Berlin")
BEN, MADONNA = cameras.STRAIGHT, "train/Madonna/Madonna_01.jpg"
OTHER_HOST = "face.test"  # a name that browsers do not trust without https
# What a test may see refused: a face or a number (422), a key (401), a device (403).
REFUSALS = ("422 for", "401 for", "403 for")


@pytest.fixture(scope="module")
def office(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a gallery in Berlin; Ben and Elton are enrolled, Madonna is not."""
    folder = tmp_path_factory.mktemp("office")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder, CLOCK_REPEAT_SECONDS="1", ALLOWED_HOSTS=f"localhost,127.0.0.1,{OTHER_HOST}")
    site.start()
    for name, folder_name, number in (("Ben", "Ben_Affleck", "7"), ("Elton", "Elton_John", "8")):
        photos = sorted((demo / "train" / folder_name).glob("*1?.jpg"))[:4]
        site.manage(
            "enroll", name, *map(str, photos), "--gallery", "Office", "--staff-number", number
        )
    zone = "from people.models import Gallery; Gallery.objects.update(time_zone='Europe/Berlin')"
    site.manage("shell", "-c", zone)
    yield site
    site.stop()


def film_of(demo: Path, folder: Path, *photos: str) -> Path:
    """One who stands there; of several, each for eight seconds, again and again."""
    engine = Engine(models_dir=settings.MODELS_DIR)
    paths = [demo / photo for photo in photos]
    return cameras.film(paths, folder / "film.mjpeg", engine=engine, seconds=8 if photos[1:] else 1)


def with_camera(launch: Launch, film: Path) -> Browser:
    return launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


@pytest.fixture(scope="module")
def before_ben(launch: Launch, demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return with_camera(launch, film_of(demo, tmp_path_factory.mktemp("ben"), BEN))


@pytest.fixture(scope="module")
def before_madonna(launch: Launch, demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return with_camera(launch, film_of(demo, tmp_path_factory.mktemp("madonna"), MADONNA))


class Kiosk:
    """A browser that is one, and the device that it is."""

    def __init__(self, page: Page, site: Site, name: str, *flags: str) -> None:
        self.page, self.site, self.name = page, site, name
        added = site.manage("add_device", name, "--gallery", "Office", "--json", *flags)
        self.key = str(json.loads(added)["key"])

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.site.address}/kiosk/{path}")

    def pair_by_link(self, path: str = "") -> None:
        self.open(f"{path}#key={self.key}")

    def says(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("[data-say=answer]")).to_contain_text(text, timeout=PATIENCE)

    def links(self, text: str) -> None:
        expect(self.page.locator("[data-say=link]")).to_contain_text(text, timeout=PATIENCE)

    def by_touch(self) -> None:
        """From now on it clocks nobody who does not touch it."""
        self.page.get_by_role("button", name="Settings").click()
        self.page.get_by_label("Start by itself").uncheck()
        self.page.get_by_role("button", name="Close").click()

    def touch(self) -> None:
        self.page.locator("[data-do=touch]").click()

    def events(self, source: str = "clock") -> int:
        return self.site.number(
            "SELECT count(*) FROM recognition_attendanceevent e"
            " JOIN recognition_device d ON d.id = e.device_id WHERE d.name = %s AND source = %s",
            self.name,
            source,
        )


def kiosk_of(
    browser: Browser, site: Site, name: str, *flags: str, **options: Any
) -> Iterator[Kiosk]:
    """At the end, nothing may have gone wrong on the way."""
    options = {"viewport": TABLET, "locale": "en-GB", **options}
    context = browser.new_context(**options)
    page = context.new_page()
    faults = Faults(page, site.address)
    yield Kiosk(page, site, name, *flags)
    context.close()
    assert [fault for fault in faults.found if not fault.startswith(REFUSALS)] == []


@pytest.fixture
def kiosk(before_ben: Browser, office: Site, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    yield from kiosk_of(before_ben, office, request.node.name)


@pytest.fixture
def strange(
    before_madonna: Browser, office: Site, request: pytest.FixtureRequest
) -> Iterator[Kiosk]:
    yield from kiosk_of(before_madonna, office, request.node.name)


def greeting_now(name: str) -> re.Pattern[str]:
    """In Berlin, as it may have been a minute earlier; coming or going, as it was before."""
    now = datetime.now(BERLIN)
    earlier = now - timedelta(minutes=1)
    greetings = rf"(Hi! Welcome {name} · in|Goodbye, {name}! · out)"
    return re.compile(rf"{greetings} ({now:%H:%M}|{earlier:%H:%M})")


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
    browser = with_camera(launch, film_of(demo, tmp_path, BEN, MADONNA))
    for kiosk in kiosk_of(browser, office, "Ben and a stranger in turn"):
        kiosk.pair_by_link()
        for _ in range(2):
            kiosk.says("Ben")
            kiosk.says("Sorry! You're not in the database.")


# As when the lid is closed or the screen is locked: the page is told, and the camera is taken away.
SLEEP = """() => {
    Object.defineProperty(document, "hidden", {configurable: true, value: true});
    const tracks = document.querySelector("video").srcObject.getTracks();
    document.dispatchEvent(new Event("visibilitychange"));
    for (const track of tracks) track.stop();
}"""
WAKE = """() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_it_sleeps_without_its_camera_and_wakes_with_it(kiosk: Kiosk) -> None:
    kiosk.pair_by_link()
    kiosk.says("Ben")
    has_camera = "() => Boolean(document.querySelector('video').srcObject)"
    kiosk.page.evaluate(SLEEP)
    assert not kiosk.page.evaluate(has_camera)
    kiosk.page.evaluate(WAKE)
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


# --- Where a photo is not enough ----------------------------------------------------------------

MOVES = "--requires-liveness"
# Of the faces in the film below; which steps a challenge has is chance otherwise.
STEPS = ["look_straight", "turn_left", "turn_right"]
STEP = 2.8  # seconds: about as long as the kiosk takes for one


@pytest.fixture
def asking(before_ben: Browser, office: Site, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    """A kiosk whose device requires moves, before a photo of Ben that hangs there."""
    yield from kiosk_of(before_ben, office, request.node.name, MOVES)


@pytest.fixture(scope="module")
def before_turning_ben(
    launch: Launch, demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Browser:
    photos = [demo / p for p in (BEN, cameras.PICTURE_RIGHT, cameras.PICTURE_LEFT)]
    to = tmp_path_factory.mktemp("turning") / "film.mjpeg"
    engine = Engine(models_dir=settings.MODELS_DIR)
    return with_camera(launch, cameras.film(photos, to, engine=engine, seconds=STEP))


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


def test_who_moves_as_asked_is_greeted(before_turning_ben: Browser, office: Site) -> None:
    for kiosk in kiosk_of(before_turning_ben, office, "Ben turns", MOVES):
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


@pytest.mark.parametrize("language", ["de", "es"])
def test_moves_fit_a_phone_in_longer_languages(
    before_ben: Browser, office: Site, language: str
) -> None:
    for kiosk in kiosk_of(before_ben, office, f"Moves, {language}", MOVES, viewport=PHONE):
        kiosk.pair_by_link(f"{language}/")
        expect(kiosk.page.locator("[data-do=touch]")).to_be_visible(timeout=PATIENCE)
        look_at(kiosk.page, f"{language}-moves")
        kiosk.touch()
        for number in (2, 3, 4):
            kiosk.says(f"{number}/4 · ")
            if number == 3:
                look_at(kiosk.page, f"{language}-step")
        expect(kiosk.page.locator("body")).to_have_attribute("data-tone", "bad", timeout=PATIENCE)
        look_at(kiosk.page, f"{language}-still")


CAMERAS = [
    ((), "localhost", "No camera was found"),
    (("--use-fake-device-for-media-stream",), "localhost", "blocked"),
    ((f"--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1",), OTHER_HOST, "https"),
]


@pytest.mark.parametrize(("flags", "host", "said"), CAMERAS, ids=["none", "blocked", "insecure"])
def test_without_a_camera_it_says_why(
    launch: Launch, office: Site, flags: tuple[str, ...], host: str, said: str
) -> None:
    page = launch(*flags).new_page(viewport=PHONE, locale="en-GB")
    kiosk = Kiosk(page, office, f"No camera: {said}")
    page.goto(f"{office.address.replace('localhost', host)}/kiosk/#key={kiosk.key}")
    expect(page.locator("[data-say=trouble]")).to_contain_text(said, timeout=PATIENCE)
    screenshot(page, f"kiosk-trouble-{said.split(maxsplit=1)[0].lower()}")
    page.context.close()


# --- Everything that is shown, on both sizes, in light and in dark ------------------------------

VIEWS: list[dict[str, Any]] = [
    {"viewport": TABLET, "color_scheme": "light"},
    {"viewport": PHONE, "color_scheme": "dark"},
]


def look_at(page: Page, name: str) -> None:
    """Keep a picture for people, and let axe-core look."""
    size = "phone" if page.viewport_size == PHONE else "tablet"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    screenshot(page, f"kiosk-{name}-{size}")
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def look_around(kiosk: Kiosk) -> None:
    page = kiosk.page
    kiosk.open()
    expect(page.get_by_label("Key of the device")).to_be_visible()
    look_at(page, "pair")
    page.get_by_label("Key of the device").fill("wrong")
    page.keyboard.press("Enter")
    look_at(page, "pair-wrong")
    kiosk.pair_by_link()
    kiosk.says("Ben")
    expect(page.locator("[data-do=undo]")).to_be_visible()
    look_at(page, "greeted")
    page.locator("[data-do=undo]").click()
    kiosk.says("Taken back")
    look_at(page, "undone")
    kiosk.says("Stand here")
    look_at(page, "idle")
    page.get_by_role("button", name="Type a staff number").click()
    look_at(page, "staff")
    page.get_by_label("Staff number", exact=True).fill("8")
    page.keyboard.press("Enter")
    kiosk.says("didn't match")
    look_at(page, "refused")
    page.context.set_offline(True)
    kiosk.links("Offline")
    kiosk.touch()
    kiosk.says("Kept at")
    look_at(page, "kept")
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("Unpair this kiosk").click()
    look_at(page, "settings")
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
        look_at(kiosk.page, f"{language}-pair")
        kiosk.pair_by_link(f"{language}/")
        kiosk.says("Ben")
        look_at(kiosk.page, f"{language}-greeted")
        context: BrowserContext = kiosk.page.context
        context.set_offline(True)
        kiosk.touch()
        expect(kiosk.page.locator("[data-say=link]")).to_contain_text(": 1", timeout=PATIENCE)
        look_at(kiosk.page, f"{language}-kept")
        context.set_offline(False)
