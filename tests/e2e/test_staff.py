"""The day of somebody at HR: enrol, ask, read the log, erase. In a real browser."""

from pathlib import Path

from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.chaos.site import Site
from tests.e2e.looking import DESKTOP

SECONDS = 1000  # of Playwright's milliseconds
SETTLED = 60 * SECONDS


def photos(demo: Path, part: str, person: str) -> list[Path]:
    return sorted((demo / part / person).glob("*"))


def enrol(page: Page, site: Site, name: str, files: list[Path]) -> None:
    page.goto(f"{site.address}/admin/people/person/add/")
    page.fill("#id_full_name", name)
    page.set_input_files("#id_photos", files)
    page.select_option("#id_consent_method", "signed")
    page.click("button[name=_save]")
    page.wait_for_url("**/change/")  # in no gallery, which is said at the top


def ask_who(page: Page, site: Site, file: Path) -> None:
    page.goto(f"{site.address}/admin/ask/who/")
    page.set_input_files("input[type=file]", file)
    page.click(".face-form .face-primary")


def message(page: Page) -> str:
    shown = page.locator(".face-message")
    expect(shown).to_be_visible(timeout=30 * SECONDS)
    return shown.inner_text()


def erase(page: Page, site: Site, name: str) -> str:
    page.goto(f"{site.address}/admin/people/person/")
    page.click(f"text={name}")
    page.click("text=Erase this person")
    page.click("text=Erase for good")
    page.wait_for_url("**/person/")
    return page.locator("#main").inner_text()


def test_enrol_recognize_refuse_and_erase(
    page: Page, site: Site, demo: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a photo")
    enrol(page, site, "Madonna", [*photos(demo, "train", "Madonna")[:4], notes])
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    assert "notes.txt: This is not a picture" in page.locator("#main").inner_text()

    # Each photo turns ready on its own, and the browser loads no page meanwhile.
    expect(page.locator(".face-card-ready")).to_have_count(4, timeout=SETTLED)
    expect(page.locator(".face-card-pending")).to_have_count(0)
    expect(page.locator("#photo-health")).not_to_contain_text("No photo is ready yet")
    assert loads == []

    known, stranger = photos(demo, "val", "Madonna")[0], photos(demo, "val", "Jerry_Seinfeld")[0]
    ask_who(page, site, known)
    assert message(page) == "Hi! Welcome Madonna"
    ask_who(page, site, stranger)
    assert message(page) == "Sorry! You're not in the database."
    claim(page, site, "Mado", known)
    assert message(page) == "Verified! Welcome Madonna"
    claim(page, site, "Mado", stranger)
    assert message(page) == "Person name and face didn't match!"

    page.goto(f"{site.address}/admin/recognition/attempt/")
    assert page.locator("#result_list tbody tr").count() >= 4

    said = erase(page, site, "Madonna")
    assert "Madonna is erased. Removed: 4 photos with file, 4 vectors of them, 1 template." in said
    assert not list((site.var_dir / "photos").glob("*/*.jpg"))
    ask_who(page, site, known)
    assert message(page) == "Sorry! You're not in the database."


def test_who_saves_while_photos_are_on_their_way_is_asked_first(
    page: Page, site: Site, demo: Path
) -> None:
    page.goto(f"{site.address}/admin/people/person/add/")
    page.fill("#id_full_name", "Impatient")
    page.click("button[name=_continue]")
    page.wait_for_url("**/change/")
    asked: list[str] = []
    held: list[Route] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.route("**/photos/add/", lambda route: held.append(route))
    page.set_input_files(".face-upload input[type=file]", photos(demo, "train", "Madonna")[:1])
    expect(page.locator(".face-busy")).to_be_visible()
    page.click("button[name=_save]", no_wait_after=True)
    page.wait_for_timeout(SECONDS)
    assert asked == ["beforeunload"]
    held[0].continue_()
    expect(page.locator(".face-card")).to_have_count(1, timeout=SETTLED)
    erase(page, site, "Impatient")
    assert asked == ["beforeunload"]


def claim(page: Page, site: Site, typed: str, file: Path) -> None:
    """By keyboard: open the list, type, take the first."""
    page.goto(f"{site.address}/admin/ask/claim/")
    page.locator(".select2-selection").focus()
    page.keyboard.press("Enter")
    page.keyboard.type(typed)
    page.locator(".select2-results__option--highlighted", has_text=typed).wait_for()
    page.keyboard.press("Enter")
    page.set_input_files("input[type=file]", file)
    page.locator(".face-form .face-primary").focus()
    page.keyboard.press("Enter")


PAGES = [
    "", "people/person/", "people/person/add/", "people/gallery/", "people/importrun/",
    "people/importrun/add/", "people/embeddingmodel/", "recognition/attempt/", "ask/who/",
    "ask/claim/", "auth/user/", "auth/group/", "attendance/board/", "attendance/days/",
    "recognition/attendanceevent/", "recognition/attendanceevent/add/", "recognition/shift/",
    "recognition/shift/add/", "recognition/shiftassignment/add/", "recognition/holiday/add/",
]  # fmt: skip


def test_every_page_fits_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in PAGES:
        page.goto(f"{site.address}/admin/{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"/admin/{path} is {width} px wide"


def test_enrolling_and_asking_need_no_javascript(browser: Browser, site: Site, demo: Path) -> None:
    page = browser.new_context(viewport=DESKTOP, java_script_enabled=False).new_page()
    page.goto(f"{site.address}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "only for this test")
    page.click("text=Log in")
    enrol(page, site, "Mindy", photos(demo, "train", "Mindy_Kaling")[:3])
    for _ in range(60):  # it does not follow the photos by itself
        if page.locator(".face-card-ready").count() == 3:
            break
        page.wait_for_timeout(1 * SECONDS)
        page.reload()
    ask_who(page, site, photos(demo, "val", "Mindy_Kaling")[0])
    assert message(page) == "Hi! Welcome Mindy"
    erase(page, site, "Mindy")
    page.context.close()
