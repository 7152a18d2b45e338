"""To another model and back, in a real browser, with the progress bar watched."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.chaos.site import Site
from tests.e2e.test_staff import SECONDS, SETTLED, enrol, photos

MODELS = "admin/people/embeddingmodel"


def test_to_another_model_and_back(page: Page, site: Site, demo: Path) -> None:
    enrol(page, site, "Madonna", photos(demo, "train", "Madonna")[:4])
    expect(page.locator(".face-card-ready")).to_have_count(4, timeout=SETTLED)

    page.goto(f"{site.address}/{MODELS}/add/")
    page.fill("[name=name]", "tighter")
    page.fill("[name=margin]", "-0.1")
    page.click("text=Add the model")
    page.click("button:has-text('Start')")
    page.wait_for_url("**/change/#change")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))

    # The bar moves and the button appears by themselves: no page is loaded meanwhile.
    expect(page.locator("progress.face-progress")).to_have_attribute(
        "value", "100", timeout=SETTLED
    )
    expect(page.locator("text=Activate …")).to_be_visible(timeout=30 * SECONDS)
    assert "4 of 4 photos" in page.locator("#model-progress").inner_text()
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
