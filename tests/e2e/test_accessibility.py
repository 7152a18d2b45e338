"""No page of the admin keeps anybody out, and none asks a browser for what its policy forbids."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.chaos.site import Site
from tests.e2e.test_staff import PAGES

MORE = [
    "recognition/device/",
    "recognition/device/add/",
    "recognition/webhookendpoint/",
    "recognition/webhookendpoint/add/",
    "recognition/webhookdelivery/",
    "auth/user/add/",
]


# Lists with a search field are made by a script, a moment after the page is there.
LISTS_ARE_MADE = """() => document.querySelectorAll("select.admin-autocomplete").length
    <= document.querySelectorAll(".select2-container:has([aria-label])").length"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_of_the_admin(page: Page, site: Site, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    found: dict[str, str] = {}  # each kind once, with a page that has it
    for path in [*PAGES, *MORE]:
        page.goto(f"{site.address}/admin/{path}")
        page.wait_for_function(LISTS_ARE_MADE)
        for violation in Axe().run(page).response["violations"]:
            for node in violation["nodes"]:
                found[f"{violation['id']}: {node['html'][:200]}"] = path
    assert found == {}


def test_the_readers_of_the_api_run_within_the_policy(page: Page, site: Site) -> None:
    """The fixture fails for whatever the policy had to stop."""
    page.goto(f"{site.address}/api/v1/docs/")
    page.locator(".opblock-summary").first.click()
    page.get_by_role("button", name="Try it out").first.wait_for()
    page.goto(f"{site.address}/api/v1/reference/")
    page.locator("[data-section-id]").first.wait_for()
