"""Whoever has admin rights and no face enrols it first, where the site insists on both factors."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import URLResolver, get_resolver
from pytest_django import Settings

from people.models import FaceImage, Gallery, Person
from recognition.enrolment import embed_images
from tests.faces import photo_of, photo_without_face
from tests.fixtures import Enrol
from tests.pages import upload
from tests.recognition.login.conftest import ADA, PASSWORD, SOMEBODY, Visitor

pytestmark = pytest.mark.django_db
SAID = "Enrol your face here; then the admin opens."


@pytest.fixture(autouse=True)
def insists(settings: Settings) -> None:
    settings.FACE_LOGIN_STAFF_MUST_ENROL = True
    settings.FACE_LOGIN_LIVENESS = "off"  # photos of oneself may be files


@pytest.fixture
def root(model: object) -> User:
    """As `createsuperuser` leaves it: nobody's account."""
    return User.objects.create_superuser("root", password=PASSWORD)


def add_photo(visitor: Visitor, photo: bytes) -> FaceImage:
    visitor.client.post("/me/consent/agree/")
    visitor.client.post("/me/photos/add/", {"photos": upload(photo)})
    return FaceImage.objects.get()


def enrol_own_face(visitor: Visitor, face: float) -> None:
    embed_images([add_photo(visitor, photo_of(face)).pk])


@pytest.mark.parametrize("page", ["/login/", "/admin/login/"])
def test_a_password_leads_to_ones_own_pages(visitor: Visitor, root: User, page: str) -> None:
    response = visitor.give_password("root", page=page, next="/admin/auth/user/")
    assert response.headers["Location"] == "/me/"
    page_of_mine = visitor.client.get("/me/").content.decode()
    assert SAID in page_of_mine
    assert "Accounts with admin rights have to" in page_of_mine


def test_without_a_camera_it_says_who_can_help(
    visitor: Visitor, root: User, settings: Settings
) -> None:
    settings.FACE_LOGIN_LIVENESS = "required"
    visitor.give_password("root")
    visitor.client.post("/me/consent/agree/")
    assert "manage.py allow_password root" in visitor.client.get("/me/photos/").content.decode()
    settings.FACE_LOGIN_STAFF_MUST_ENROL = False
    visitor.client.post("/me/consent/agree/")  # the text is another
    assert "A superuser can add your photos." in visitor.client.get("/me/photos/").content.decode()


@pytest.mark.parametrize("page", ["/admin/", "/admin/auth/user/", "/admin/attendance/board/"])
def test_nothing_of_the_admin_is_open(visitor: Visitor, root: User, page: str) -> None:
    visitor.give_password("root")
    assert visitor.client.get(page, follow=True).redirect_chain[-1][0] == "/me/"
    visitor.client.post("/admin/people/gallery/add/", {"name": "North", "time_zone": "UTC"})
    assert not Gallery.objects.exists()


# Open to a password alone: what is one's own, what anybody sees, and the log-in itself.
OPEN = re.compile(
    r"/(me/.*|login/.*|logout/|admin/log(in|out)/|kiosk/.*|api/v1/(health/.*|tokens/))?"
)


def addresses(patterns: Any, before: str, person: Person) -> Iterator[str]:
    """Every address of the site, with this person wherever one asks for somebody."""
    for pattern in patterns:
        route = before + re.sub(r"[\^$]|\\Z", "", str(pattern.pattern)).replace("\\.", ".")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route, person)
        else:
            route = re.sub(r"<uuid:\w+>", str(person.public_id), route)
            yield re.sub(r"\(\?P<.*?>.*?\)|<.*?>", str(person.pk), route)


@pytest.mark.parametrize("method", ["get", "post", "head", "options"])
def test_no_other_address_is_open(visitor: Visitor, root: User, enrol: Enrol, method: str) -> None:
    visitor.give_password("root")
    found = list(addresses(get_resolver().url_patterns, "/", enrol("Bob", 60)))
    assert len(found) > 100
    for address in found:
        if OPEN.fullmatch(address):
            continue
        response = getattr(visitor.client, method)(address)
        is_sent_away = response.headers.get("Location", "").startswith("/admin/login/?next=")
        assert is_sent_away or response.status_code in (401, 403, 404, 405), address
    assert visitor.account == "root"


def test_photos_of_others_and_the_api_are_closed(
    visitor: Visitor, root: User, enrol: Enrol
) -> None:
    visitor.give_password("root")
    photo = f"/photos/{enrol('Bob', 60).images.get().public_id}/"
    assert visitor.client.get(photo).status_code == 403
    assert visitor.client.get("/api/v1/people/").status_code in (401, 403)
    token = Client().post("/api/v1/tokens/", {"username": "root", "password": PASSWORD})
    assert (token.status_code, token.json()["code"]) == (403, "second_factor_required")


@pytest.mark.usefixtures("fake_engine")
def test_the_admin_opens_to_the_face_they_enrol(visitor: Visitor, root: User) -> None:
    visitor.give_password("root")
    enrol_own_face(visitor, ADA)
    response = visitor.client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/login/face/"
    assert visitor.show_face(SOMEBODY).status_code == 422
    assert visitor.client.get("/admin/").status_code == 302
    visitor.show_face(ADA)
    assert visitor.client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("fake_engine")
def test_from_then_on_the_password_needs_the_face(visitor: Visitor, root: User) -> None:
    visitor.give_password("root")
    enrol_own_face(visitor, ADA)
    thief = Visitor()
    assert thief.give_password("root").headers["Location"] == "/login/face/"
    assert thief.account == ""


@pytest.mark.usefixtures("fake_engine")
def test_a_session_that_began_to_enrol_does_not_replace_what_another_enrolled(
    visitor: Visitor, root: User
) -> None:
    """Whoever had the password before the face was enrolled may have waited for it."""
    thief = Visitor()
    thief.give_password("root")
    image = add_photo(thief, photo_without_face())
    embed_images([image.pk])
    thief.client.post(f"/me/photos/{image.public_id}/delete/")
    visitor.give_password("root")
    enrol_own_face(visitor, ADA)
    mine = FaceImage.objects.get()
    for page, form in (
        ("/me/photos/add/", {"photos": upload(photo_of(SOMEBODY))}),
        (f"/me/photos/{mine.public_id}/delete/", {}),
        ("/me/consent/withdraw/", {}),
    ):
        assert thief.client.post(page, form).headers["Location"] == "/login/face/"
    assert FaceImage.objects.get() == mine
    more = {"photos": upload(photo_of(ADA + 2))}
    assert visitor.client.post("/me/photos/add/", more).headers["Location"] == "/me/photos/"
    assert FaceImage.objects.count() == 2


@pytest.mark.usefixtures("fake_engine")
def test_a_photo_that_waits_or_is_rejected_opens_nothing(visitor: Visitor, root: User) -> None:
    visitor.give_password("root")
    image = add_photo(visitor, photo_without_face())
    assert visitor.client.get("/admin/", follow=True).redirect_chain[-1][0] == "/me/"
    embed_images([image.pk])
    image.refresh_from_db()
    assert image.state == "rejected"
    assert visitor.client.get("/admin/", follow=True).redirect_chain[-1][0] == "/me/"


def test_the_operator_lets_them_in_without(visitor: Visitor, root: User) -> None:
    call_command("allow_password", "root", "--minutes", "5", stdout=io.StringIO())
    visitor.give_password("root")
    assert visitor.client.get("/admin/").status_code == 200


def test_without_admin_rights_nobody_has_to(visitor: Visitor, model: object) -> None:
    User.objects.create_user("eve", password=PASSWORD)
    visitor.give_password("eve")
    assert SAID not in visitor.client.get("/me/").content.decode()
    assert not Person.objects.exists()


@pytest.mark.usefixtures("fake_engine")
@pytest.mark.parametrize("page", ["/me/consent/withdraw/", "/me/photos/{photo}/delete/"])
def test_without_their_face_it_closes_again(visitor: Visitor, root: User, page: str) -> None:
    visitor.give_password("root")
    enrol_own_face(visitor, ADA)
    visitor.client.get("/admin/", follow=True)
    visitor.show_face(ADA)
    assert visitor.client.get("/admin/").status_code == 200
    visitor.client.post(page.format(photo=FaceImage.objects.get().public_id))
    assert visitor.client.get("/admin/", follow=True).redirect_chain[-1][0] == "/me/"


def test_whoever_is_switched_off_is_told_that_enrolling_does_not_help(
    visitor: Visitor, root: User
) -> None:
    Person.objects.create(full_name="Root", user=root, is_active=False)
    visitor.give_password("root")
    page = visitor.client.get("/me/").content.decode()
    assert SAID not in page
    assert "ask a superuser to switch it on" in page
    assert "no photo of you counts" in page
