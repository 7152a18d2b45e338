"""What tests in a browser look at: faults on the way, and each state, which axe-core sees too."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, Response, Route, ViewportSize

from tests.chaos.site import ROOT

SECONDS = 1000  # of Playwright's milliseconds
SCREENSHOTS = ROOT / "var" / "screenshots"
PHONE = ViewportSize(width=390, height=844)
TABLET = ViewportSize(width=1180, height=820)
DESKTOP = ViewportSize(width=1280, height=800)
_SIZES = {PHONE["width"]: "phone", TABLET["width"]: "tablet", DESKTOP["width"]: "desktop"}
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

    def require_none(self, *expected: str) -> None:
        """expected: how those begin that may be, as "422 for"."""
        unexpected = [fault for fault in self.found if not fault.startswith(expected)]
        assert not unexpected, unexpected

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


def violations(page: Page, *, without: str = "") -> list[str]:
    """What axe-core finds. without: a selector of what is not ours."""
    context: Any = {"exclude": [[without]]} if without else None
    found = Axe().run(page, context).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def screenshot(page: Page, name: str) -> None:
    """For people to look at; in a folder that git ignores."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def faults_of(page: Page, name: str) -> list[str]:
    """Keep a picture for people, let axe-core look, and see that it fits."""
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    width = page.viewport_size["width"] if page.viewport_size else 0
    screenshot(page, f"{name}-{_SIZES[width]}-{'dark' if is_dark else 'light'}")
    needed = page.evaluate("document.documentElement.scrollWidth")
    return [*violations(page), *([f"{needed} px wide"] if needed > width else [])]


def look_at(page: Page, name: str) -> None:
    found = faults_of(page, name)
    assert not found, f"{name}: {found}"


def strip_scripts(page: Page, address: str) -> None:
    """Have a page look as in a browser without JavaScript, where axe-core could not look at it."""

    def strip(route: Route) -> None:
        response = route.fetch()
        html = re.sub(r"<script\b.*?</script>|</?noscript>", "", response.text(), flags=re.DOTALL)
        route.fulfill(response=response, body=html)

    page.route(address, strip)


def look_in_both_views(page: Page, name: str) -> None:
    """The same state on a phone in the dark and, as the page then stays, large and light."""
    large = TABLET if page.viewport_size == TABLET else DESKTOP
    for size, scheme in ((PHONE, "dark"), (large, "light")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        look_at(page, name)
