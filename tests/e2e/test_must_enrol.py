"""The first administrator of a site that insists on both factors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.chaos.site import Site
from tests.e2e.logins import fix_steps, give_password, take_pictures
from tests.e2e.looking import DESKTOP, SECONDS, Faults, look_in_both_views

PATIENCE = 60 * SECONDS


@pytest.fixture
def strict_site(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("strict")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder, FACE_LOGIN_STAFF_MUST_ENROL="on")
    site.start()
    yield site
    site.stop()


def test_they_enrol_their_face_and_then_the_admin_opens(
    before_turning_ben: Browser, strict_site: Site
) -> None:
    page = before_turning_ben.new_context(viewport=DESKTOP).new_page()
    faults = Faults(page, strict_site.address)
    fix_steps(page, strict_site)
    give_password(page, strict_site.address, "admin")
    page.wait_for_url("**/me/")
    expect(page.get_by_text("then the admin opens")).to_be_visible()
    look_in_both_views(page, "must-enrol")
    page.goto(f"{strict_site.address}/admin/people/person/")
    page.wait_for_url("**/me/")

    page.click("text=Read what it is used for")
    page.click("button:text-is('I agree')")
    page.wait_for_url("**/me/photos/")
    page.click("text=Use the camera")
    take_pictures(page)
    expect(page.locator("#own-photos .tag.ready")).to_have_count(1, timeout=PATIENCE)

    page.goto(f"{strict_site.address}/admin/")
    page.wait_for_url("**/login/face/")
    page.click("text=Use the camera")
    take_pictures(page)
    page.wait_for_url("**/admin/", timeout=PATIENCE)
    page.context.close()
    faults.require_none()
