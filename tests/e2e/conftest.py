"""A real browser on a real site: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    sync_playwright,
)

from tests.chaos.site import ROOT, Site

SCREENSHOTS = ROOT / "var" / "screenshots"
Launch = Callable[..., Browser]

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


def _chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing = "needs Chromium on the PATH: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Iterator[Launch]:
    """launch("--flag", …): a browser of one's own, as with a camera of its own."""
    path = _chromium()
    browsers: list[Browser] = []

    def launch(*more: str) -> Browser:
        browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS, *more])
        browsers.append(browser)
        return browser

    yield launch
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="module")
def browser(launch: Launch) -> Browser:
    return launch()


@pytest.fixture(scope="module")
def demo(browser: Browser) -> Path:
    folder: Path = settings.MODELS_DIR / "demo"
    if not folder.is_dir():
        pytest.skip("needs the demo photos and the networks: manage.py fetch_models")
    return folder


@pytest.fixture(scope="module")
def site(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own, with nobody enrolled."""
    folder = tmp_path_factory.mktemp("site")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder)
    site.start()
    yield site
    site.stop()


_KEPT_OUT = "cdn.redoc.ly"  # a logo that the policy is there to stop


class Faults:
    """What went wrong in the browser while a test looked at pages."""

    def __init__(self, page: Page, address: str) -> None:
        self.found: list[str] = []
        self._address = address
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("response", self._check_response)
        page.on("request", self._check_request)
        page.on("console", self._check_console)

    def _check_response(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.status} for {response.url}")

    def _check_console(self, message: ConsoleMessage) -> None:
        if _KEPT_OUT in message.text:
            return
        if "Content Security Policy" in message.text or "Permissions policy" in message.text:
            self.found.append(message.text)

    def _check_request(self, request: Request) -> None:
        if _KEPT_OUT in request.url:
            return
        if not request.url.startswith((self._address, "data:", "blob:")):
            self.found.append(f"asks another server: {request.url}")


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """The first page after the log-in; at the end, nothing may have gone wrong on the way."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults = Faults(page, site.address)
    page.goto(f"{site.address}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "only for this test")
    page.click("text=Log in")
    page.wait_for_url("**/admin/")
    yield page
    context.close()
    assert faults.found == []


def screenshot(page: Page, name: str) -> None:
    """For people to look at; in a folder that git ignores."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
