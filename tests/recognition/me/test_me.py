"""What people see of themselves, what they decide, and what nobody else gets to see."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from people.models import FaceEmbedding, FaceImage, Person, Template
from recognition.enrolment import embed_images
from recognition.me import consents, photos
from recognition.models import Attempt, AttemptSource, ConsentRecord
from recognition.services import verify
from tests.faces import photo_of, photo_without_face
from tests.fixtures import Enrol
from tests.pages import upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def photos_from_files(settings: Settings) -> None:
    """Where no challenge is asked for; test_enrolling has the others."""
    settings.FACE_LOGIN_LIVENESS = "off"


@pytest.fixture
def eve(model: object) -> User:
    return User.objects.create_user("eve", first_name="Eve", last_name="Moneypenny")


@pytest.fixture
def browser(eve: User) -> Client:
    client = Client()
    client.force_login(eve, backend="recognition.login.backends.BrakedPassword")
    return client


def agree(browser: Client) -> Person:
    browser.post("/me/consent/agree/", follow=True)  # and the page has said so
    return Person.objects.get(user__username="eve")


def add(browser: Client, *data: bytes) -> list[str]:
    """What the page says afterwards."""
    sent = {"photos": [upload(each) for each in data]}
    response = browser.post("/me/photos/add/", sent, follow=True)
    return [str(message) for message in response.context["messages"]]


PAGES = ["/me/", "/me/consent/", "/me/photos/", "/me/attempts/", "/me/attendance/"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_about_oneself_ask_for_a_log_in(client: Client, page: str) -> None:
    assert client.get(page).headers["Location"] == f"/login/?next={page}"


@pytest.mark.parametrize("page", PAGES)
def test_an_account_that_is_nobodys_yet_sees_every_page(browser: Client, page: str) -> None:
    response = browser.get(page)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]


def test_agreeing_is_kept_with_the_words_and_makes_the_account_a_persons(
    browser: Client, eve: User
) -> None:
    person = agree(browser)
    assert person.full_name == "Eve Moneypenny"
    assert (person.consent_method, person.consent_recorded_by) == ("electronic", eve)
    record = ConsentRecord.objects.get()
    assert (record.kind, record.by) == ("given", eve)
    assert record.text == consents.current_text().text
    assert record.version == consents.current_text().version


def test_new_words_have_to_be_agreed_to_again(
    browser: Client, settings: Settings, tmp_path: Path
) -> None:
    person = agree(browser)
    assert consents.is_given(person)
    settings.CONSENT_TEXT_FILE = tmp_path / "consent.txt"
    settings.CONSENT_TEXT_FILE.write_text("Other words.")
    assert not consents.is_given(person)
    assert "earlier version" in browser.get("/me/consent/").content.decode()
    assert add(browser, photo_of(10)) == ["Agree to the text about your face first."]


INSTEAD, TOGETHER, LOCKED_OUT = (
    "I can always use my password instead",
    "password and my face together",
    "the admin is closed to me until a face is enrolled",
)


@pytest.mark.parametrize(
    ("mode", "must_enrol", "said"),
    [
        ("second_factor", False, {TOGETHER}),
        ("second_factor", True, {TOGETHER, LOCKED_OUT}),
        ("claimed", False, {INSTEAD}),
        ("claimed", True, {INSTEAD, LOCKED_OUT}),
        ("recognize", False, {INSTEAD}),
        ("recognize", True, {INSTEAD, LOCKED_OUT}),
        ("off", False, set()),
        ("off", True, set()),
    ],
)
def test_the_text_says_what_becomes_of_the_password_in_this_mode(
    settings: Settings, mode: str, must_enrol: bool, said: set[str]
) -> None:
    settings.FACE_LOGIN_MODE, settings.FACE_LOGIN_STAFF_MUST_ENROL = mode, must_enrol
    text = consents.current_text().text
    assert {part for part in (INSTEAD, TOGETHER, LOCKED_OUT) if part in text} == said
    assert ("when I log in" in text) == (mode != "off")


def test_another_mode_has_to_be_agreed_to_again(browser: Client, settings: Settings) -> None:
    person = agree(browser)
    before = consents.current_text().version
    settings.FACE_LOGIN_MODE = "claimed"
    assert consents.current_text().version != before
    assert not consents.is_given(person)


NOBODY_HAS_TO, HAVE_TO = "Nobody has to", "the admin stays closed to you"


@pytest.mark.parametrize(
    ("mode", "must_enrol", "is_staff", "said"),
    [
        ("second_factor", True, True, HAVE_TO),
        ("claimed", True, True, HAVE_TO),
        ("off", True, True, NOBODY_HAS_TO),
        ("second_factor", True, False, NOBODY_HAS_TO),
        ("second_factor", False, True, NOBODY_HAS_TO),
    ],
)
def test_who_has_to_enrol_is_told(
    browser: Client, eve: User, settings: Settings, mode: str, must_enrol: bool, is_staff: bool,
    said: str,
) -> None:  # fmt: skip
    settings.FACE_LOGIN_MODE, settings.FACE_LOGIN_STAFF_MUST_ENROL = mode, must_enrol
    User.objects.filter(pk=eve.pk).update(is_staff=is_staff)
    page = browser.get("/me/").content.decode()
    assert {one for one in (NOBODY_HAS_TO, HAVE_TO) if one in page} == {said}
    agree(browser)
    taking_back = browser.get("/me/consent/").content.decode()
    assert (HAVE_TO in taking_back) == (said == HAVE_TO)


def test_no_photo_without_consent(browser: Client) -> None:
    assert add(browser, photo_of(10)) == ["Agree to the text about your face first."]
    assert not FaceImage.objects.exists()


@pytest.mark.usefixtures("fake_engine")
def test_a_face_one_adds_oneself_becomes_known(browser: Client) -> None:
    person = agree(browser)
    assert "looked at now" in add(browser, photo_of(10))[0]
    image = FaceImage.objects.get()
    assert (image.person, image.source) == (person, "self")
    embed_images([image.pk])
    assert Template.objects.filter(person=person).exists()
    assert "Enrolled" in browser.get("/me/").content.decode()


def test_a_photo_that_cannot_be_used_says_why(browser: Client) -> None:
    agree(browser)
    assert add(browser, b"not a picture")[0].startswith("This is not a picture")
    assert add(browser) == ["Choose a photo first."]


@pytest.mark.usefixtures("fake_engine")
def test_the_reason_of_the_engine_is_shown(browser: Client) -> None:
    agree(browser)
    add(browser, photo_without_face())
    embed_images([FaceImage.objects.get().pk])
    assert "No face found" in browser.get("/me/photos/").content.decode()


def test_whom_a_photo_resembles_is_not_told(browser: Client, enrol: Enrol) -> None:
    enrol("Secret Agent", 10)
    agree(browser)
    add(browser, photo_of(11))
    embed_images([FaceImage.objects.get(source="self").pk])
    page = browser.get("/me/photos/").content.decode()
    assert "Secret Agent" not in page
    assert "Somebody of the staff has to look" in page
    assert "Waits for the staff" in page
    assert "Rejected" not in page


def test_only_so_many_photos(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST", 2)
    agree(browser)
    add(browser, photo_of(10), photo_of(11))
    assert "2 photos are enough" in add(browser, photo_of(12))[0]
    assert FaceImage.objects.count() == 2


def test_one_sees_and_deletes_ones_own_photos(browser: Client) -> None:
    agree(browser)
    add(browser, photo_of(10))
    image = FaceImage.objects.get()
    assert browser.get(f"/photos/{image.public_id}/?size=thumb").status_code == 200
    browser.post(f"/me/photos/{image.public_id}/delete/")
    assert not FaceImage.objects.exists()


def test_nobody_elses_photo_is_shown_or_deleted(browser: Client, enrol: Enrol) -> None:
    agree(browser)
    image = enrol("Somebody else", 10).images.get()
    assert browser.get(f"/photos/{image.public_id}/").status_code == 403
    assert browser.get(f"/photos/{uuid.uuid4()}/").status_code == 403  # which says no more
    assert browser.post(f"/me/photos/{image.public_id}/delete/").status_code == 404
    assert FaceImage.objects.filter(pk=image.pk).exists()


@pytest.mark.usefixtures("fake_engine")
def test_taking_it_back_erases_the_face_at_once(
    browser: Client,
    photos_dir: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    person = agree(browser)
    add(browser, photo_of(10))
    embed_images([FaceImage.objects.get().pk])
    assert list(photos_dir.glob("*/*.jpg"))
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post("/me/consent/withdraw/", follow=True)
    assert "1 photo with all vectors" in response.content.decode()
    for kind in (FaceImage, FaceEmbedding, Template):
        assert not kind.objects.exists()
    assert not list(photos_dir.glob("*/*.jpg"))
    person.refresh_from_db()
    assert (person.consent_method, person.consent_at) == ("", None)
    kinds = list(ConsentRecord.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["given", "withdrawn"]


def test_taking_it_back_needs_nothing_to_be_there(browser: Client) -> None:
    assert browser.post("/me/consent/withdraw/", follow=True).status_code == 200


def test_one_sees_ones_own_attempts_without_any_number(
    browser: Client, eve: User, enrol: Enrol
) -> None:
    person = enrol("Eve", 10)
    Person.objects.filter(pk=person.pk).update(user=eve)
    other = enrol("Somebody else", 100)
    from people.images import decode

    for who, angle in ((person, 10), (person, 160), (other, 100)):
        verify(probe=[decode(photo_of(angle)).pixels], person=who, source=AttemptSource.LOGIN)
    page = browser.get("/me/attempts/").content.decode()
    assert page.count("Login page") == 2
    assert "It was you" in page
    assert "Did not match" in page
    for attempt in Attempt.objects.all():
        assert f"{attempt.distance:.3f}" not in page
        assert f"{attempt.distance:.2f}" not in page
        assert f"{attempt.threshold:.2f}" not in page


@pytest.mark.parametrize("query", ["before=x", "before=", "before=" + "9" * 30, "before=-1"])
def test_an_odd_place_in_the_list_is_the_start(browser: Client, query: str) -> None:
    assert browser.get(f"/me/attempts/?{query}").status_code == 200


@pytest.mark.parametrize("month", ["", "x", "2025-02", "9999-12", "0001-01"])
def test_any_month_of_attendance_can_be_asked_for(browser: Client, month: str) -> None:
    agree(browser)
    assert browser.get(f"/me/attendance/?month={month}").status_code == 200
