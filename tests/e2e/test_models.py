"""To another model and back, in a real browser, with the progress bar watched."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.chaos.site import Site
from tests.e2e.test_staff import SECONDS, SETTLED, enrol, photos

MODELS = "admin/people/embeddingmodel"
PHOTOS = 6
RATE = "0.4"  # photos a second: each value of the bar stays for longer than the page takes to look
ON_THE_WAY = re.compile(r"^[1-9]\d?$")  # above 0, below 100


def test_to_another_model_and_back(page: Page, site: Site, demo: Path) -> None:
    enrol(page, site, "Madonna", photos(demo, "train", "Madonna")[:PHOTOS])
    expect(page.locator(".face-card-ready")).to_have_count(PHOTOS, timeout=SETTLED)

    page.goto(f"{site.address}/{MODELS}/add/")
    page.fill("[name=name]", "tighter")
    page.fill("[name=margin]", "-0.1")
    page.click("text=Add the model")
    page.fill("[name=rate_limit]", RATE)
    page.click("button:has-text('Start')")
    page.wait_for_url("**/change/#change")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    bar, section = page.locator("progress.face-progress"), page.locator("#model-progress")

    def value() -> str:
        return bar.get_attribute("value") or ""

    # The bar moves by itself: no page is loaded meanwhile.
    expect(bar).to_have_attribute("value", ON_THE_WAY, timeout=SETTLED)
    first = value()
    expect(bar).not_to_have_attribute("value", first, timeout=SETTLED)
    assert ON_THE_WAY.match(first)
    assert ON_THE_WAY.match(value())
    assert loads == []

    section.get_by_role("button", name="Pause").click()
    expect(section.get_by_text("Paused", exact=True)).to_be_visible()
    assert ON_THE_WAY.match(value())
    section.get_by_role("button", name="Resume").click()
    expect(section.get_by_role("button", name="Pause")).to_be_visible()
    loads.clear()

    expect(bar).to_have_attribute("value", "100", timeout=SETTLED)
    expect(page.locator("text=Activate …")).to_be_visible(timeout=30 * SECONDS)
    assert f"{PHOTOS} of {PHOTOS} photos" in section.inner_text()
    assert loads == []

    page.click("text=Activate …")
    assert "no calibration" in page.locator("#main").inner_text()
    page.click("button:has-text('Activate')")
    assert "no calibration" in page.locator("#main").inner_text()
    page.click("text=Activate …")
    page.check("input[value=uncalibrated]")
    page.click("button:has-text('Activate')")
    assert "tighter v1 is active." in page.locator("#main").inner_text()
    page.click("text=Roll back to facenet128 v1")
    page.click("button:has-text('Roll back')")
    said = page.locator("#main").inner_text()
    assert "facenet128 v1 is active again." in said
    assert "overridden: uncalibrated" in said
