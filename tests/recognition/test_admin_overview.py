"""The first page, and the groups of a new installation."""

import re
from datetime import timedelta
from html import unescape

from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from people.models import FaceImage, Person
from recognition.roles import create_roles
from tests.fixtures import Enrol
from tests.pages import LogIn


def overview(client: Client) -> str:
    response = client.get("/admin/")
    assert response.status_code == 200
    return response.content.decode()


def test_a_new_installation_says_what_to_do_first(hr: Client) -> None:
    html = overview(hr)
    assert "Nobody is enrolled yet" in html
    assert "Enrol the first person" in html


def test_the_numbers_that_matter_are_there(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    html = overview(hr)
    assert "Active people" in html
    assert "default threshold, measured on a public set" in html


def test_photos_that_wait_are_a_warning(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    FaceImage.objects.update(state="pending", created_at=timezone.now() - timedelta(minutes=5))
    assert "1 photo waits for a worker" in overview(hr)


def test_accounts_with_admin_rights_and_no_face_are_counted(
    root: Client, chief: Person, settings: Settings
) -> None:
    session = root.session
    session["second_factor_settled"] = True  # as an operator let them in
    session.save()
    said = "1 account with admin rights has no face enrolled and"  # root; chief has one
    assert f"{said} logs in by password alone" in overview(root)
    settings.FACE_LOGIN_STAFF_MUST_ENROL = True
    assert f"{said} can do nothing but enrol it" in overview(root)
    settings.FACE_LOGIN_STAFF_MUST_ENROL = False
    User.objects.filter(username="chief").update(is_staff=False)
    Person.objects.filter(pk=chief.pk).update(user=User.objects.get(is_superuser=True))
    assert "no face enrolled" not in overview(root)
    Person.objects.update(user=None)
    settings.FACE_LOGIN_MODE = "off"
    assert "no face enrolled" not in overview(root)


def test_who_may_not_see_accounts_is_told_nothing_of_them(hr: Client) -> None:
    assert "no face enrolled" not in overview(hr)


def test_an_auditor_sees_attempts_only(auditor: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    html = overview(auditor)
    assert "Asked today" in html
    assert "Active people" not in html


def test_staff_without_a_group_are_told_whom_to_ask(log_in: LogIn) -> None:
    assert "Ask an administrator" in overview(log_in())


def test_what_an_operator_changed_about_a_group_stays(db: None) -> None:
    group = Group.objects.get(name="HR")
    assert group.permissions.filter(codename="erase_person").exists()
    group.permissions.clear()
    create_roles()
    assert not group.permissions.exists()


def test_an_auditor_may_only_read(db: None) -> None:
    permissions = Group.objects.get(name="Auditor").permissions.order_by("codename")
    assert list(permissions.values_list("codename", flat=True)) == [
        "view_attempt", "view_attendanceevent",
    ]  # fmt: skip


def test_every_number_leads_to_its_list(root: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    links = re.findall(r'class="face-number[^"]*"\s+href="([^"]+)"', overview(root))
    assert len(links) == 8
    for link in links:
        response = root.get(unescape(link))
        assert response.status_code == 200, link
