"""No page of the admin keeps anybody out, and none asks a browser for what its policy forbids."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, expect

from tests.chaos.site import Site
from tests.e2e import admin_pages, cameras, seeds
from tests.e2e.looking import (
    DESKTOP,
    PHONE,
    SECONDS,
    Faults,
    faults_of,
    look_in_both_views,
    violations,
)
from tests.e2e.seeds import Keys

# Large and light, on a phone and dark.
VIEWS = {"desktop": (DESKTOP, "light"), "phone": (PHONE, "dark")}

# Lists with a search field are made by a script, a moment after the page is there.
LISTS_ARE_MADE = """() => document.querySelectorAll("select.admin-autocomplete").length
    <= document.querySelectorAll(".select2-container:has([aria-label])").length"""


@pytest.fixture(scope="module")
def keys(site: Site, demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return seeds.seed(site, demo, tmp_path_factory.mktemp("seeds"))


def look_as(page: Page, view: str) -> None:
    size, scheme = VIEWS[view]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_on_any_page_of_the_admin_and_all_fit(
    page: Page, site: Site, keys: Keys, view: str
) -> None:
    look_as(page, view)
    found: dict[str, str] = {}  # each kind once, with a page that has it
    for name, address in admin_pages.pages(page, site, keys).items():
        page.goto(site.address + address)
        page.wait_for_function(LISTS_ARE_MADE)
        found.update(dict.fromkeys(faults_of(page, name), address))
    assert not found, "\n".join(f"{where}: {fault}" for fault, where in found.items())


# --- What only a form leads to --------------------------------------------------------------------


def key_of_a_device(page: Page, admin: str, keys: Keys, _demo: Path) -> None:
    page.goto(f"{admin}/recognition/device/{keys['device']}/renew/")
    page.click("text=Give a new key")
    expect(page.locator("h1.face-title")).to_have_text("The key of Front door")


def secret_of_a_webhook(page: Page, admin: str, keys: Keys, _demo: Path) -> None:
    page.goto(f"{admin}/recognition/webhookendpoint/{keys['hook']}/secret/")
    page.click("text=Make a new secret")
    expect(page.locator("h1.face-title")).to_have_text("The secret of Payroll")


def answer_about_somebody(page: Page, admin: str, _keys: Keys, demo: Path) -> None:
    page.goto(f"{admin}/ask/who/")
    page.set_input_files("input[type=file]", demo / cameras.STRAIGHT)
    page.click(".face-form .face-primary")
    expect(page.locator(".face-nearest")).to_be_visible(timeout=30 * SECONDS)


def answer_about_nothing(page: Page, admin: str, _keys: Keys, _demo: Path) -> None:
    page.goto(f"{admin}/ask/who/")
    wall = {"name": "wall.txt", "mimeType": "text/plain", "buffer": b"not a photo"}
    page.set_input_files("input[type=file]", wall)  # type: ignore[arg-type]
    page.click(".face-form .face-primary")
    expect(page.locator(".face-message")).to_be_visible(timeout=30 * SECONDS)


def person_without_a_name(page: Page, admin: str, _keys: Keys, _demo: Path) -> None:
    page.goto(f"{admin}/people/person/add/")
    page.locator("#id_full_name").evaluate("(name) => { name.form.noValidate = true; }")
    page.click("button[name=_save]")
    expect(page.get_by_text("This field is required").first).to_be_visible()


def correction_without_a_reason(page: Page, admin: str, keys: Keys, _demo: Path) -> None:
    page.goto(f"{admin}/recognition/attendanceevent/{keys['forgotten']}/correct/")
    page.locator(".face-form").evaluate("(form) => { form.noValidate = true; }")
    page.fill("#id_reason", "")
    page.click(".face-form .face-primary")
    expect(page.locator(".face-error").first).to_be_visible()


FORMS = [
    key_of_a_device,
    secret_of_a_webhook,
    answer_about_somebody,
    answer_about_nothing,
    person_without_a_name,
    correction_without_a_reason,
]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_on_what_a_form_leads_to(
    page: Page, site: Site, keys: Keys, demo: Path, view: str
) -> None:
    look_as(page, view)
    found: dict[str, str] = {}
    for fill_in in FORMS:
        fill_in(page, f"{site.address}/admin", keys, demo)
        name = fill_in.__name__
        found.update(dict.fromkeys(faults_of(page, f"admin-{name.replace('_', '-')}"), name))
    assert not found, "\n".join(f"{where}: {fault}" for fault, where in found.items())


def test_the_log_in_of_the_admin_is_accessible_and_fits(browser: Browser, site: Site) -> None:
    page = browser.new_context(viewport=DESKTOP).new_page()
    faults = Faults(page, site.address)
    page.goto(f"{site.address}/admin/login/")
    look_in_both_views(page, "admin-login")
    page.fill("#id_username", "nobody-at-all")
    page.fill("#id_password", "a wrong password")
    page.click("text=Log in")
    expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()
    look_in_both_views(page, "admin-login-wrong-password")
    page.context.close()
    faults.require_none()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_what_is_refused_or_breaks_is_told_accessibly(
    browser: Browser, site: Site, name: str
) -> None:
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.route(
        "**/refused/",
        lambda route: route.fulfill(
            body=render_to_string(f"{name}.html"), content_type="text/html; charset=utf-8"
        ),
    )
    page.goto(f"{site.address}/refused/")
    look_in_both_views(page, f"refused-{name}")
    page.context.close()


# --- The API --------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_the_readers_of_the_api_run_within_the_policy_and_their_frame_keeps_nobody_out(
    page: Page, site: Site, view: str
) -> None:
    """The fixture fails for whatever the policy had to stop."""
    look_as(page, view)
    page.goto(f"{site.address}/api/v1/docs/")
    page.locator(".opblock-summary").first.click()
    page.get_by_role("button", name="Try it out").first.wait_for()
    # What Swagger UI and ReDoc draw is theirs, and has faults of theirs (colours, names, order of
    # headings); the page around it is ours.
    assert violations(page, without="#swagger-ui") == []
    page.goto(f"{site.address}/api/v1/reference/")
    page.locator("[data-section-id]").first.wait_for()
    assert violations(page, without="redoc, #redoc") == []
