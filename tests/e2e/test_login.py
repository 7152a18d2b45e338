"""Logging in by face, in a real browser with a camera that plays photos of one person turning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from recognition.engine import Engine
from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.conftest import Faults, Launch, screenshot

SECONDS = 1000  # of Playwright's milliseconds
PASSWORD = "only for this test"
# Of the faces in the film below; which steps a challenge has is chance otherwise.
STEPS = ["look_straight", "turn_left", "turn_right"]
# Which of its photos answer each.
ANSWERS = [0, 2], [1], [3]
DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
OTHER_HOST = "face.test"  # a name that browsers do not trust without https
_ACCOUNTS = """
from django.contrib.auth.models import User
from people.models import Person
for name, person in (("ben", "Ben"), ("elton", "Elton")):
    user = User.objects.create_user(name, password={password!r})
    Person.objects.filter(full_name=person).update(user=user)
"""


@pytest.fixture(scope="module")
def face_site(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where a name and a face log in; two people are enrolled and have accounts."""
    folder = tmp_path_factory.mktemp("face-site")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(
        folder, FACE_LOGIN_MODE="claimed", ALLOWED_HOSTS=f"localhost,127.0.0.1,{OTHER_HOST}"
    )
    site.start()
    for name, folder_name in (("Ben", "Ben_Affleck"), ("Elton", "Elton_John")):
        photos = sorted((demo / "train" / folder_name).glob("*1?.jpg"))[:4]
        site.manage("enroll", name, *map(str, photos))
    site.manage("shell", "-c", _ACCOUNTS.format(password=PASSWORD))
    yield site
    site.stop()


@pytest.fixture(scope="module")
def film(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    engine = Engine(models_dir=settings.MODELS_DIR)
    photos = [demo / name for name in (cameras.STRAIGHT, cameras.PICTURE_RIGHT, cameras.STRAIGHT,
                                       cameras.PICTURE_LEFT)]  # fmt: skip
    to = tmp_path_factory.mktemp("film") / "ben.mjpeg"
    return cameras.film(photos, to, engine=engine, seconds=3)


@pytest.fixture(scope="module")
def with_film(launch: Launch, film: Path) -> Browser:
    return launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


@pytest.fixture
def visit(with_film: Browser, face_site: Site) -> Iterator[Page]:
    """A page of somebody with a camera; at the end, nothing may have gone wrong on the way."""
    context = with_film.new_context(viewport=DESKTOP)
    page = context.new_page()
    faults = Faults(page, face_site.address)
    yield page
    context.close()
    # What nothing, a wrong face and a brake are answered with.
    refusals = ("400 for", "422 for", "429 for")
    assert [fault for fault in faults.found if not fault.startswith(refusals)] == []


def fix_steps(page: Page, site: Site) -> None:
    """The server's own challenge, with the steps the film can answer."""

    def hand_over(route: Route) -> None:
        response = route.fetch()
        said = response.json()
        with site.connect() as connection:
            connection.execute(
                "UPDATE recognition_livenesssession SET steps = %s WHERE nonce = %s",
                (STEPS, said["nonce"]),
            )
        by_step = {"look_straight": "Look straight at the camera.",
                   "turn_left": "Turn your head to your left.",
                   "turn_right": "Turn your head to your right."}  # fmt: skip
        said["steps"] = [{"step": step, "sentence": by_step[step]} for step in STEPS]
        route.fulfill(response=response, body=json.dumps(said))

    for asked in ("**/login/face/start/", "**/me/photos/challenge/"):
        page.route(asked, hand_over)


def go_to_camera(page: Page, site: Site, name: str) -> None:
    page.goto(f"{site.address}/")
    page.fill("#claim_name", name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/face/")


# The hint has been good during this step, and the film has just turned to a photo that answers it:
# there is time for the picture, however long the hint has taken.
IS_TIME = f"""([step, answers]) => {{
    const film = (window.film ??= {{}}), shown = ({cameras.SHOWN})(), now = performance.now();
    if (shown !== film.shown) film.since = now - film.looked < 200 ? now : -Infinity;
    Object.assign(film, {{ shown, looked: now }});
    const hint = document.querySelector("[data-say=hint]").textContent;
    if (hint === "Good. Take the picture.") film.good = step;
    return film.good === step && answers.includes(shown) && now - film.since < 1500;
}}"""


def take_pictures(page: Page) -> None:
    """By keyboard: each picture when the hint says that it is good."""
    for number, answers in enumerate(ANSWERS):
        expect(page.locator("[data-say=step]")).to_contain_text(
            f"{number + 1} of {len(STEPS)}", timeout=20 * SECONDS
        )
        page.wait_for_function(IS_TIME, arg=[number, answers], timeout=50 * SECONDS)
        page.keyboard.press("Enter")


def answer(page: Page) -> str:
    shown = page.locator("[data-say=answer]")
    expect(shown).not_to_be_empty(timeout=60 * SECONDS)
    return shown.inner_text()


def log_in(page: Page, site: Site, name: str) -> str:
    fix_steps(page, site)
    go_to_camera(page, site, name)
    page.locator("[data-do=open]").focus()
    page.keyboard.press("Enter")
    take_pictures(page)
    return answer(page)


def test_the_right_person_logs_in(visit: Page, face_site: Site) -> None:
    assert log_in(visit, face_site, "ben") == "Verified! Welcome Ben"
    screenshot(visit, "face-verified")
    visit.wait_for_url("**/me/")
    expect(visit.locator("h1")).to_have_text("Ben")
    visit.click("text=Log out")
    visit.wait_for_url("**/login/")


def test_another_person_does_not_and_after_five_failures_waits(
    visit: Page, face_site: Site
) -> None:
    assert log_in(visit, face_site, "elton") == "Person name and face didn't match!"
    look_at(visit, "face-wrong")
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
    look_at(visit, "face-locked")

    # The password is there all the same.
    visit.click("text=Log in with your password instead")
    visit.fill("#id_username", "elton")
    visit.fill("#id_password", PASSWORD)
    visit.keyboard.press("Enter")
    visit.wait_for_url("**/me/")


REFUSALS = [
    ((), "localhost", "No camera was found"),
    (("--use-fake-device-for-media-stream",), "localhost", "blocked"),
    ((f"--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1",), OTHER_HOST, "https"),
]


@pytest.mark.parametrize(("flags", "host", "said"), REFUSALS, ids=["none", "blocked", "insecure"])
def test_without_a_camera_the_page_says_why_and_the_password_remains(
    launch: Launch, face_site: Site, flags: tuple[str, ...], host: str, said: str
) -> None:
    page = launch(*flags).new_page()
    go_to_camera_at(page, face_site.address.replace("localhost", host), "ben")
    page.click("text=Use the camera")
    assert said in answer(page)
    expect(page.get_by_text("Log in with your password instead")).to_be_visible()
    screenshot(page, f"login-refused-{host}-{len(flags)}")
    page.context.close()


def go_to_camera_at(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("#claim_name", name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/face/")


def test_without_javascript_the_page_leads_to_the_password(
    browser: Browser, face_site: Site
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    go_to_camera(page, face_site, "ben")
    expect(page.get_by_text("The camera needs JavaScript")).to_be_visible()
    page.click("text=Log in with your password >> nth=0")
    page.fill("#id_username", "ben")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/")
    context.close()


# --- Everything that is shown, on both sizes, in light and in dark ------------------------------

VIEWS: list[dict[str, Any]] = [
    {"viewport": DESKTOP, "color_scheme": "light"},
    {"viewport": PHONE, "color_scheme": "dark"},
]


def look_at(page: Page, name: str) -> None:
    """Keep a picture for people, and let axe-core look."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    screenshot(page, f"{name}-{'phone' if width == PHONE['width'] else 'desktop'}"
                     f"-{'dark' if dark else 'light'}")  # fmt: skip
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


@pytest.mark.parametrize("view", VIEWS, ids=["desktop", "phone"])
def test_every_state_is_accessible_and_fits(
    with_film: Browser, face_site: Site, view: dict[str, Any]
) -> None:
    context: BrowserContext = with_film.new_context(**view)
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
    go_to_camera(page, face_site, "ben")
    look_at(page, "face-intro")
    page.click("text=Use the camera")
    expect(page.locator("[data-say=hint]")).not_to_be_empty(timeout=20 * SECONDS)
    look_at(page, "face-step")
    take_pictures(page)
    page.wait_for_url("**/me/", timeout=60 * SECONDS)
    look_at(page, "me-by-face")
    page.goto(f"{site}/me/photos/")
    look_at(page, "me-photos-by-face")

    page.goto(f"{site}/login/")
    page.fill("#id_username", "ben")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
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
    assert [fault for fault in faults.found if not fault.startswith("422")] == []


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


def give_password(page: Page, site: Site, name: str) -> None:
    page.goto(f"{site.address}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("view", VIEWS, ids=["desktop", "phone"])
def test_the_second_factor_is_accessible_and_fits(
    with_film: Browser, face_site: Site, view: dict[str, Any]
) -> None:
    context: BrowserContext = with_film.new_context(**view)
    page = context.new_page()
    faults = Faults(page, face_site.address)
    fix_steps(page, face_site)
    give_password(page, face_site, "ben")
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
        give_password(page, face_site, "ben")
        page.wait_for_url("**/login/face/")
        look_at(page, "second-factor")
        page.click("text=Use the camera")
        expect(page.locator("[data-say=hint]")).not_to_be_empty(timeout=20 * SECONDS)
        look_at(page, "second-factor-step")
    with of_staff(face_site, "elton"):
        page.context.clear_cookies()
        give_password(page, face_site, "elton")
        page.wait_for_url("**/login/face/")
        page.click("text=Use the camera")
        take_pictures(page)
        assert answer(page) == "Person name and face didn't match!"
        look_at(page, "second-factor-wrong")
    context.close()
    assert [fault for fault in faults.found if not fault.startswith(("422", "429"))] == []
