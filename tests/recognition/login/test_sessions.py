"""A session that began with a password alone owes the face as soon as the face is asked for."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries, Settings

from people.models import Person
from recognition.models import LoginBrake
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.pages import upload
from tests.recognition.login.conftest import ADA, SOMEBODY, MakeAccount, Visitor

pytestmark = pytest.mark.django_db
ADMIN = "/admin/people/person/"


@pytest.fixture
def chief(account: MakeAccount) -> User:
    return account("chief", is_staff=True, is_superuser=True)


@pytest.fixture
def inside(visitor: Visitor, chief: User) -> Visitor:
    """In the admin by password, since there was no face to ask for."""
    assert visitor.give_password("chief").headers["Location"] == "/admin/"
    assert visitor.client.get(ADMIN).status_code == 200
    return visitor


@pytest.fixture
def enrolled(inside: Visitor, chief: User, enrol: Enrol) -> Visitor:
    """And now there is one."""
    Person.objects.filter(user=chief).delete()
    Person.objects.filter(pk=enrol("Chief", ADA).pk).update(user=chief)
    return inside


def test_the_next_request_to_the_admin_goes_on_to_the_face(enrolled: Visitor) -> None:
    response = enrolled.client.get(ADMIN, follow=True)
    assert response.redirect_chain[-1][0] == "/login/face/"
    assert "Your face is asked for as well now" in response.content.decode()


def test_the_right_face_goes_back_to_the_page_that_was_asked_for(enrolled: Visitor) -> None:
    enrolled.client.get(ADMIN, follow=True)
    assert enrolled.show_face(ADA).json()["next"] == ADMIN
    assert enrolled.client.get(ADMIN).status_code == 200


def test_another_face_does_not_open_the_admin_again(enrolled: Visitor) -> None:
    enrolled.client.get(ADMIN, follow=True)
    assert enrolled.show_face(SOMEBODY).status_code == 422
    assert enrolled.client.get(ADMIN).status_code == 302


def test_nothing_is_done_for_a_form_that_is_sent_without_the_face(enrolled: Visitor) -> None:
    enrolled.client.post("/admin/people/gallery/add/", {"name": "North"})
    enrolled.client.get("/admin/", follow=True)
    enrolled.show_face(ADA)
    assert "North" not in enrolled.client.get("/admin/people/gallery/").content.decode()


def test_photos_of_others_are_closed_too(enrolled: Visitor, enrol: Enrol) -> None:
    photo = f"/photos/{enrol('Bob', 60).images.get().public_id}/"
    assert enrolled.client.get(photo).status_code == 403
    enrolled.client.get(ADMIN, follow=True)
    enrolled.show_face(ADA)
    assert enrolled.client.get(photo).status_code == 200


def test_a_session_that_gave_both_is_asked_no_more(visitor: Visitor, account: MakeAccount) -> None:
    account("boss", face=ADA, is_staff=True)
    visitor.give_password("boss")
    visitor.show_face(ADA)
    assert visitor.client.get("/admin/").status_code == 200


def test_a_mode_that_is_turned_on_counts_at_once(
    visitor: Visitor, account: MakeAccount, settings: Settings
) -> None:
    account("boss", face=ADA, is_staff=True)
    settings.FACE_LOGIN_MODE = "off"
    visitor.give_password("boss")
    assert visitor.client.get("/admin/").status_code == 200
    settings.FACE_LOGIN_MODE = "second_factor"
    assert visitor.client.get("/admin/").status_code == 302


def test_staff_who_must_enrol_are_out_until_they_have(inside: Visitor, settings: Settings) -> None:
    settings.FACE_LOGIN_STAFF_MUST_ENROL = True
    response = inside.client.get(ADMIN, follow=True)
    assert response.redirect_chain[-1][0] == "/me/"
    assert "Enrol your face here" in response.content.decode()


def test_what_an_operator_let_in_by_password_stays_in(
    visitor: Visitor, account: MakeAccount
) -> None:
    account("boss", face=ADA, is_staff=True)
    call_command("allow_password", "boss", "--minutes", "5", stdout=io.StringIO())
    visitor.give_password("boss")
    LoginBrake.objects.update(password_alone_until=None)
    assert visitor.client.get("/admin/").status_code == 200


def test_the_face_is_looked_up_once_a_request(
    inside: Visitor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(100) as queries:
        inside.client.get(ADMIN)
    asked = [one for one in queries.captured_queries if "password_alone_until" in one["sql"]]
    assert len(asked) == 1


# --- One's own pages -----------------------------------------------------------------------------


def test_whoever_owes_the_face_puts_no_other_in_its_place(enrolled: Visitor, chief: User) -> None:
    person = Person.objects.get(user=chief)
    photo = person.images.get().public_id
    for page, form in (
        ("/me/photos/add/", {"photos": upload(photo_of(SOMEBODY))}),
        (f"/me/photos/{photo}/delete/", {}),
        ("/me/consent/withdraw/", {}),
    ):
        response = enrolled.client.post(page, form)
        assert response.headers["Location"] == "/login/face/"
    assert [image.public_id for image in person.images.all()] == [photo]


def test_with_the_face_they_change_it(enrolled: Visitor, chief: User) -> None:
    photo = Person.objects.get(user=chief).images.get().public_id
    enrolled.client.post(f"/me/photos/{photo}/delete/")
    assert enrolled.show_face(ADA).json()["next"] == "/me/photos/"
    enrolled.client.post(f"/me/photos/{photo}/delete/")
    assert not Person.objects.get(user=chief).images.exists()


def test_the_api_is_closed_too(enrolled: Visitor) -> None:
    people = "/api/v1/people/"
    assert enrolled.client.get(people).status_code == 401
    enrolled.client.get(ADMIN, follow=True)
    enrolled.show_face(ADA)
    assert enrolled.client.get(people).status_code == 200
