"""A kiosk in a browser, and the device that it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect

from tests.chaos.site import Site
from tests.e2e.looking import SECONDS, TABLET, Faults

PATIENCE = 60 * SECONDS
BERLIN = ZoneInfo("Europe/Berlin")
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
STRANGER = "train/Madonna/Madonna_01.jpg"  # of the demo photos


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
        self.page.wait_for_timeout(1.5 * SECONDS)  # beyond CLOCK_REPEAT_SECONDS of who was greeted

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
    # What a test may see refused: a face or a number (422), a key (401), a device (403).
    faults.require_none("422 for", "401 for", "403 for")


def greeting_now(name: str) -> re.Pattern[str]:
    """In Berlin, of a minute ago or of the minute to come; coming or going, as it was before."""
    now = datetime.now(BERLIN)
    times = "|".join(f"{now + timedelta(minutes=by):%H:%M}" for by in (-1, 0, 1))
    return re.compile(rf"(Hi! Welcome {name} · in|Goodbye, {name}! · out) ({times})")
