"""The photo panel of a person, and who gets to see a photo."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from people.models import FaceImage, Person
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.pages import LogIn, upload

HTMX = {"HX-Request": "true"}
OnCommit = Callable[..., Any]


def at(view: str, *args: object) -> str:
    return reverse(f"admin:people_person_{view}", args=args)


def address(person: Person) -> str:
    return reverse("people:photo", args=[person.images.get().public_id])


@pytest.fixture
def ann(enrol: Enrol) -> Person:
    return enrol("Ann", 10)


def test_staff_with_permission_see_a_photo_nobody_keeps(hr: Client, ann: Person) -> None:
    response = hr.get(address(ann))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Disposition"] == 'inline; filename="photo.jpg"'


@pytest.mark.parametrize("size", ["thumb", "face"])
def test_a_small_photo_is_smaller(root: Client, ann: Person, size: str) -> None:
    assert root.get(address(ann), {"size": size}).content.startswith(b"\xff\xd8")


def test_a_visitor_is_sent_to_the_log_in(client: Client, ann: Person) -> None:
    response = client.get(address(ann))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("login:start"))


def test_staff_without_permission_are_refused(auditor: Client, ann: Person) -> None:
    assert auditor.get(address(ann)).status_code == 403


def test_whoever_is_not_staff_is_refused_even_with_the_permission(
    log_in: LogIn, ann: Person
) -> None:
    client = log_in(staff=False)
    user = User.objects.get(pk=client.session["_auth_user_id"])
    user.user_permissions.add(Permission.objects.get(codename="view_photo"))
    assert client.get(address(ann)).status_code == 403


def test_refusal_does_not_say_whether_a_photo_exists(auditor: Client, hr: Client) -> None:
    unknown = reverse("people:photo", args=[uuid.uuid4()])
    assert auditor.get(unknown).status_code == 403
    assert hr.get(unknown).status_code == 404


def test_a_photo_whose_file_is_gone_is_not_found(hr: Client, ann: Person, photos_dir: Path) -> None:
    for file in photos_dir.glob("*/*.jpg"):
        file.unlink()
    assert hr.get(address(ann)).status_code == 404


def test_photos_are_added_at_once_and_the_panel_watches_them(hr: Client, ann: Person) -> None:
    files = [upload(photo_of(12)), upload(photo_of(10)), upload(b"no", "no.txt")]
    response = hr.post(at("add_photos", ann.pk), {"photos": files}, headers=HTMX)
    html = response.content.decode()
    assert "1 pending" in html
    assert 'hx-trigger="every 1s"' in html
    assert "One file was not stored; the others were" in html
    assert "no.txt" in html


def test_nothing_is_sent_while_nothing_changed(hr: Client, ann: Person) -> None:
    assert hr.get(at("photos", ann.pk), {"seen": "re"}).status_code == 204
    changed = hr.get(at("photos", ann.pk), {"seen": "pe"}).content.decode()
    assert "1 ready" in changed
    assert "hx-trigger" not in changed.split("<ul")[0]


def test_a_photo_nobody_takes_up_is_said_to_wait(hr: Client, ann: Person) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    FaceImage.objects.update(state="pending", created_at=long_ago)
    assert "Nothing is lost" in hr.get(at("photos", ann.pk)).content.decode()


def test_a_flagged_photo_is_accepted_by_a_person(hr: Client, ann: Person, enrol: Enrol) -> None:
    bob = enrol("Bob", 11)
    assert "Already enrolled as Ann" in hr.get(at("photos", bob.pk)).content.decode()
    image = bob.images.get()
    hr.post(at("accept_photo", bob.pk, image.public_id), headers=HTMX)
    image.refresh_from_db()
    assert image.state == "pending"
    assert image.accepted_by is not None


def test_a_photo_that_is_not_flagged_cannot_be_accepted(hr: Client, ann: Person) -> None:
    image = ann.images.get()
    response = hr.post(at("accept_photo", ann.pk, image.public_id), headers=HTMX)
    assert "Only a flagged photo can be accepted" in response.content.decode()


def test_accepting_takes_a_post(hr: Client, ann: Person) -> None:
    image = ann.images.get()
    assert hr.get(at("accept_photo", ann.pk, image.public_id)).status_code == 405


@pytest.mark.parametrize("view", ["accept_photo", "delete_photo"])
def test_changing_photos_needs_permission(auditor: Client, ann: Person, view: str) -> None:
    image = ann.images.get()
    assert auditor.post(at(view, ann.pk, image.public_id)).status_code == 403
    assert auditor.post(at("add_photos", ann.pk), {"photos": []}).status_code == 403


def test_changing_photos_needs_the_token_of_the_page(hr: Client, ann: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = hr.cookies
    image = ann.images.get()
    assert strict.post(at("delete_photo", ann.pk, image.public_id)).status_code == 403
    assert FaceImage.objects.exists()


def test_a_photo_is_deleted_with_its_file(
    hr: Client, ann: Person, photos_dir: Path, django_capture_on_commit_callbacks: OnCommit
) -> None:
    image = ann.images.get()
    with django_capture_on_commit_callbacks(execute=True):
        response = hr.post(at("delete_photo", ann.pk, image.public_id))
    assert response.headers["Location"] == at("change", ann.pk)
    assert not list(photos_dir.glob("*/*.jpg"))
    assert not ann.templates.exists()


def test_a_photo_is_reached_only_through_its_own_person(
    hr: Client, ann: Person, enrol: Enrol
) -> None:
    bob = enrol("Bob", 90)
    image = ann.images.get()
    assert hr.post(at("delete_photo", bob.pk, image.public_id)).status_code == 404


def test_with_the_broker_down_a_photo_is_stored_and_waits(
    hr: Client,
    ann: Person,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    def unreachable(*_arguments: object) -> None:
        raise OperationalError("nobody listens")

    monkeypatch.setattr("recognition.tasks.embed_photos.delay", unreachable)
    with django_capture_on_commit_callbacks(execute=True):
        response = hr.post(
            at("add_photos", ann.pk), {"photos": [upload(photo_of(12))]}, headers=HTMX
        )
    assert "1 pending" in response.content.decode()
    FaceImage.objects.pending().update(created_at=timezone.now() - timedelta(minutes=1))
    assert "waiting: no worker" in hr.get(at("photos", ann.pk)).content.decode()
