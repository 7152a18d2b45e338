"""A real browser on a real site: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.chaos.site import Site
from tests.e2e import cameras, logins
from tests.e2e.kiosks import Kiosk, kiosk_of
from tests.e2e.looking import DESKTOP, Faults

Launch = Callable[..., Browser]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # as in .ci/run
# Nothing but what the test asks for leaves the browser.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser_path() -> str:
    for name in BROWSERS:
        if (path := shutil.which(name)) is not None:
            return path
    missing = f"needs {' or '.join(BROWSERS)} on the PATH: apt-get install chromium"
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def launch(playwright: Playwright, browser_path: str) -> Iterator[Launch]:
    """launch("--flag", …): a browser of one's own, as with a camera of its own."""
    browsers: list[Browser] = []

    def launch(*more: str) -> Browser:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=[*_ARGUMENTS, *more]
        )
        browsers.append(browser)
        return browser

    yield launch
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="module")
def browser(launch: Launch) -> Browser:
    return launch()


@pytest.fixture(scope="module")
def demo(browser_path: str) -> Path:
    folder: Path = settings.MODELS_DIR / "demo"
    if not folder.is_dir():
        pytest.skip("needs the demo photos and the networks: manage.py fetch_models")
    return folder


# --- Sites ----------------------------------------------------------------------------------------


def _folder_of_a_site(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    folder = tmp_path_factory.mktemp(name)
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    return folder


def _enrol(site: Site, demo: Path, name: str, *flags: str) -> None:
    photos = sorted((demo / "train" / name.replace(" ", "_")).glob("*1?.jpg"))[:4]
    site.manage("enroll", name.split()[0], *map(str, photos), *flags)


@pytest.fixture(scope="module")
def site(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own, with nobody enrolled."""
    site = Site(_folder_of_a_site(tmp_path_factory, "site"))
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def office(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a gallery in Berlin; Ben and Elton are enrolled, Madonna is not."""
    site = Site(
        _folder_of_a_site(tmp_path_factory, "office"),
        CLOCK_REPEAT_SECONDS="1",
        ALLOWED_HOSTS=f"localhost,127.0.0.1,{cameras.ELSEWHERE}",
    )
    site.start()
    for name, number in (("Ben Affleck", "7"), ("Elton John", "8")):
        _enrol(site, demo, name, "--gallery", "Office", "--staff-number", number)
    zone = "from people.models import Gallery; Gallery.objects.update(time_zone='Europe/Berlin')"
    site.manage("shell", "-c", zone)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def face_site(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where a name and a face log in. Ben and Elton are enrolled and have accounts; Ada only has an
    account."""
    site = Site(
        _folder_of_a_site(tmp_path_factory, "face-site"),
        FACE_LOGIN_MODE="claimed",
        ALLOWED_HOSTS=f"localhost,127.0.0.1,{cameras.ELSEWHERE}",
    )
    site.start()
    for name in ("Ben Affleck", "Elton John"):
        _enrol(site, demo, name)
    site.manage("shell", "-c", logins.ACCOUNTS)
    yield site
    site.stop()


# --- Browsers with a camera -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def before(
    launch: Launch, demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Browser]:
    """A browser before these photos, each for so many seconds, over and over."""

    def play(photos: Sequence[str], *, seconds: float) -> Browser:
        to = tmp_path_factory.mktemp("film") / "film.mjpeg"
        return cameras.with_film(launch, cameras.film(photos, to, seconds=seconds))

    return play


@pytest.fixture(scope="module")
def before_turning_ben(before: Callable[..., Browser]) -> Browser:
    """Ben looks straight, turns, looks straight, turns to the other side."""
    return before(logins.FILM, seconds=3)


@pytest.fixture(scope="module")
def before_ben_who_looks_up(before: Callable[..., Browser]) -> Browser:
    return before(logins.FILM_UP, seconds=3)


@pytest.fixture(scope="module")
def before_ben(before: Callable[..., Browser]) -> Browser:
    return before([cameras.STRAIGHT], seconds=1)


# --- Pages ----------------------------------------------------------------------------------------


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """The first page after the log-in; at the end, nothing may have gone wrong on the way."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    faults = Faults(page, site.address)
    page.goto(f"{site.address}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "only for this test")
    page.click("text=Log in")
    page.wait_for_url("**/admin/")
    yield page
    context.close()
    faults.require_none()


@pytest.fixture
def visit(before_turning_ben: Browser, face_site: Site) -> Iterator[Page]:
    """A page of somebody with a camera; at the end, nothing may have gone wrong on the way."""
    context = before_turning_ben.new_context(viewport=DESKTOP)
    page = context.new_page()
    faults = Faults(page, face_site.address)
    yield page
    context.close()
    # What nothing, a face that is off, a log-in that ended, a wrong face and a brake are answered
    # with.
    faults.require_none("400 for", "403 for", "409 for", "422 for", "429 for")


@pytest.fixture
def kiosk(before_ben: Browser, office: Site, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    """A kiosk before a photo of Ben, who stands there and does not go away."""
    yield from kiosk_of(before_ben, office, request.node.name)
