"""The face that opens an account with admin rights is not for everybody to change."""

import io
import zipfile

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from people import imports
from people.guard import FaceGuarded, may_change_face
from people.models import FaceImage, FaceImageSource, FaceImageState, Person
from people.services import (
    accept_flagged,
    activate,
    deactivate,
    delete_photo,
    enrol_photo,
    erase,
)
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.pages import LogIn, upload

SAID = "Only a superuser, or the person, may change it."


def at(view: str, *args: object) -> str:
    return reverse(f"admin:people_person_{view}", args=args)


def user_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_hr_adds_no_photo_to_a_face_that_opens_the_admin(hr: Client, chief: Person) -> None:
    response = hr.post(at("add_photos", chief.pk), {"photos": upload(photo_of(90))}, follow=True)
    assert SAID in response.content.decode()
    assert chief.images.count() == 1


def test_hr_deletes_no_photo_of_it(hr: Client, chief: Person) -> None:
    photo = chief.images.get().public_id
    response = hr.post(at("delete_photo", chief.pk, photo), follow=True)
    assert SAID in response.content.decode()
    assert chief.images.count() == 1


def test_hr_accepts_no_flagged_photo_of_it(hr: Client, chief: Person) -> None:
    state = {"state": FaceImageState.REJECTED, "reason_code": "unlike_others"}
    chief.images.update(**state)
    hr.post(at("accept_photo", chief.pk, chief.images.get().public_id))
    assert chief.images.get().state == FaceImageState.REJECTED


@pytest.mark.parametrize("several", [False, True])
def test_hr_does_not_erase_it(hr: Client, chief: Person, several: bool) -> None:
    if several:
        chosen = {"action": "erase_selected", "confirmed": "1", "_selected_action": [chief.pk]}
        response = hr.post(at("changelist"), chosen, follow=True)
    else:
        response = hr.post(at("delete", chief.pk), follow=True)
    assert SAID in response.content.decode()
    assert Person.objects.filter(pk=chief.pk).exists()


@pytest.mark.parametrize("way", ["list", "form"])
@pytest.mark.parametrize("active", [True, False])
def test_hr_switches_it_neither_off_nor_on(
    hr: Client, chief: Person, way: str, active: bool
) -> None:
    """Who is switched off has no face to log in with, and the password alone does not do."""
    Person.objects.filter(pk=chief.pk).update(is_active=active)
    if way == "list":
        action = "deactivate_selected" if active else "activate_selected"
        chosen = {"action": action, "_selected_action": [chief.pk]}
        response = hr.post(at("changelist"), chosen, follow=True)
    else:
        form = {"full_name": "Chief", **({} if active else {"is_active": "on"})}
        response = hr.post(at("change", chief.pk), form)
    assert "Only a superuser may switch them off or on." in response.content.decode()
    chief.refresh_from_db()
    assert chief.is_active is active


def test_who_is_switched_off_does_not_switch_themselves_on(hr: Client, chief: Person) -> None:
    Person.objects.filter(pk=chief.pk).update(is_active=False, user=user_of(hr))
    hr.post(at("changelist"), {"action": "activate_selected", "_selected_action": [chief.pk]})
    chief.refresh_from_db()
    assert not chief.is_active


def test_a_superuser_switches_it_off_and_on(root: Client, chief: Person) -> None:
    for action, active in (("deactivate_selected", False), ("activate_selected", True)):
        root.post(at("changelist"), {"action": action, "_selected_action": [chief.pk]})
        chief.refresh_from_db()
        assert chief.is_active is active


def test_an_import_of_hr_adds_no_photo_to_it(hr: Client, chief: Person) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("Chief/other.png", photo_of(90))
        packed.writestr("Ann/1.png", photo_of(120))
    out.seek(0)
    run = imports.start_import(name="a.zip", file=out, by=user_of(hr))
    while imports.work_off(run_id=run.pk):
        pass
    run.refresh_from_db()
    assert [one["code"] for one in run.refused] == ["face_guarded"]
    assert chief.images.count() == 1
    assert Person.objects.get(full_name="Ann").images.count() == 1


def test_the_page_offers_hr_none_of_it_and_says_why(hr: Client, chief: Person) -> None:
    html = hr.get(at("change", chief.pk)).content.decode()
    assert SAID in html
    for view in ("add_photos", "delete"):
        assert at(view, chief.pk) not in html
    assert "Delete photo" not in html


@pytest.mark.parametrize("who", ["superuser", "themselves"])
def test_a_superuser_and_the_person_change_it(
    log_in: LogIn, chief: Person, who: str, settings: Settings
) -> None:
    settings.FACE_LOGIN_MODE = "off"  # or their own face would be asked for first
    client = log_in("HR", superuser=who == "superuser")
    if who == "themselves":
        chief.user = user_of(client)
        chief.save()
    client.post(at("add_photos", chief.pk), {"photos": upload(photo_of(12))})
    assert chief.images.count() == 2
    client.post(at("delete_photo", chief.pk, chief.images.all()[0].public_id))
    assert chief.images.count() == 1


def test_hr_changes_the_face_of_an_account_without_such_rights(hr: Client, chief: Person) -> None:
    User.objects.filter(person=chief).update(is_staff=False)
    hr.post(at("add_photos", chief.pk), {"photos": upload(photo_of(12))})
    assert chief.images.count() == 2


@pytest.mark.parametrize("rights", ["is_staff", "is_superuser"])
def test_the_services_refuse_whoever_has_fewer_rights(chief: Person, rights: str) -> None:
    hand = User.objects.create_user("hand", is_staff=True)
    User.objects.filter(person=chief).update(**{"is_staff": False, rights: True})
    chief = Person.objects.get(pk=chief.pk)
    image = chief.images.get()
    for change in (
        lambda: enrol_photo(person=chief, data=photo_of(90), source=FaceImageSource.API, by=hand),
        lambda: delete_photo(image=image, by=hand),
        lambda: accept_flagged(image=image, by=hand),
        lambda: erase(person=chief, by=hand),
        lambda: deactivate(person=chief, by=hand),
        lambda: activate(person=chief, by=hand),
    ):
        with pytest.raises(FaceGuarded):
            change()
    assert FaceImage.objects.get().state == FaceImageState.READY
    assert may_change_face(person=chief, by=None)


# --- Whose face opens which account --------------------------------------------------------------


@pytest.fixture
def linker(log_in: LogIn) -> Client:
    """HR that may also say which account is whose."""
    client = log_in("HR")
    user = user_of(client)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["change_user", "view_user"]))
    return client


def link(client: Client, person: Person, user: User | None) -> str:
    form = {"full_name": person.full_name, "is_active": "on", "user": user.pk if user else ""}
    return client.post(at("change", person.pk), form).content.decode()


def test_nobody_with_fewer_rights_makes_their_face_open_it(
    linker: Client, chief: Person, enrol: Enrol
) -> None:
    accomplice = enrol("Accomplice", 90)
    root = User.objects.create_superuser("root")
    assert SAID in link(linker, accomplice, root)
    accomplice.refresh_from_db()
    assert accomplice.user is None


def test_nobody_with_fewer_rights_takes_the_face_away(linker: Client, chief: Person) -> None:
    assert SAID in link(linker, chief, None)
    chief.refresh_from_db()
    assert chief.user is not None


def test_other_fields_and_other_accounts_stay_theirs(
    linker: Client, chief: Person, enrol: Enrol
) -> None:
    link(linker, Person(pk=chief.pk, full_name="Chief Other"), chief.user)
    chief.refresh_from_db()
    assert chief.full_name == "Chief Other"
    ann, ada = enrol("Ann", 90), User.objects.create_user("ada")
    link(linker, ann, ada)
    ann.refresh_from_db()
    assert ann.user == ada


def test_a_superuser_links_and_unlinks(root: Client, chief: Person) -> None:
    link(root, chief, None)
    chief.refresh_from_db()
    assert chief.user is None
