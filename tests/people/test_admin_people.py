"""The list and the form of people."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people.models import FaceImage, FaceImageState, Gallery, Person
from tests.faces import photo_of, photo_without_face
from tests.fixtures import Enrol
from tests.pages import LogIn, upload

LIST = reverse("admin:people_person_changelist")
ADD = reverse("admin:people_person_add")


def change(person: Person) -> str:
    return reverse("admin:people_person_change", args=[person.pk])


def page(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_what_became_of_the_photos(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10, 12)
    html = page(hr, LIST)
    assert "Ann" in html
    assert "2 ready" in html
    assert "?size=face" in html


def test_a_rejected_photo_is_nobodys_portrait(hr: Client, enrol: Enrol) -> None:
    """It may show somebody else."""
    ann = enrol("Ann", 10, 12)
    first, second = ann.images.order_by("id")
    for rejected, shown in ((first, second), (second, None)):
        FaceImage.objects.filter(pk=rejected.pk).update(
            state=FaceImageState.REJECTED, reason_code="already_enrolled"
        )
        html = page(hr, LIST)
        assert str(rejected.public_id) not in html
        assert ("?size=face" in html) == (shown is not None)


def test_the_list_asks_the_database_no_more_for_more_people(hr: Client, enrol: Enrol) -> None:
    gallery = Gallery.objects.create(name="North")
    enrol("Ann", 10, gallery=gallery)
    page(hr, LIST)  # warms the cache of content types
    with CaptureQueriesContext(connection) as with_one:
        page(hr, LIST)
    for number in range(12):
        enrol(f"Person {number}", 10 + number, gallery=gallery)
    with CaptureQueriesContext(connection) as with_many:
        page(hr, LIST)
    assert len(with_many) == len(with_one)


@pytest.mark.parametrize("query", ["ann", "A-17"])
def test_people_are_found_by_name_and_staff_number(hr: Client, query: str) -> None:
    Person.objects.create(full_name="Ann", staff_number="A-17")
    Person.objects.create(full_name="Bob")
    html = page(hr, LIST, q=query)
    assert "Ann" in html
    assert "Bob" not in html


def test_filters_find_who_needs_attention(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    enrol("Bob", 11)  # the face is Ann's, so it is rejected
    Person.objects.create(full_name="Cleo")
    rejected = page(hr, LIST, photos="rejected")
    assert ("Bob" in rejected, "Ann" in rejected, "Cleo" in rejected) == (True, False, False)
    none_ready = page(hr, LIST, photos="none_ready")
    assert ("Bob" in none_ready, "Ann" in none_ready, "Cleo" in none_ready) == (True, False, True)


def test_somebody_who_may_not_see_photos_gets_none(log_in: LogIn, enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    client = log_in()
    user = User.objects.get(pk=client.session["_auth_user_id"])
    user.user_permissions.add(Permission.objects.get(codename="view_person"))
    assert "/photos/" not in page(client, LIST)
    assert "?size=thumb" not in page(client, change(ann))


def test_several_photos_are_stored_with_the_person(hr: Client) -> None:
    gallery = Gallery.objects.create(name="Office")
    photos = [upload(photo_of(10)), upload(photo_of(12)), upload(photo_of(14))]
    form = {"full_name": "Ann", "galleries": gallery.pk, "photos": photos}
    response = hr.post(ADD, form)
    person = Person.objects.get()
    assert response.headers["Location"] == change(person) + "#photos"
    assert person.images.pending().count() == 3


@pytest.mark.parametrize("lacks", ["gallery", "photo"])
def test_what_is_wrong_with_somebody_new_is_in_sight(hr: Client, lacks: str) -> None:
    """It is said at the top of the page, and the photos are farther down."""
    gallery = Gallery.objects.create(name="Office")
    form = {
        "full_name": "Ann",
        "galleries": [] if lacks == "gallery" else gallery.pk,
        "photos": [upload(b"no photo" if lacks == "photo" else photo_of(10))],
    }
    assert hr.post(ADD, form).headers["Location"] == change(Person.objects.get())


def test_a_file_that_is_no_photo_is_named_and_loses_nothing(hr: Client) -> None:
    photos = [upload(photo_of(10)), upload(b"hello", "notes.txt"), upload(b"", "empty.jpg")]
    response = hr.post(ADD, {"full_name": "Ann", "photos": photos}, follow=True)
    html = response.content.decode()
    assert "notes.txt: This is not a picture" in html
    assert FaceImage.objects.count() == 1


def test_too_many_photos_at_once_are_refused_with_the_number(hr: Client) -> None:
    photos = [upload(photo_of(number)) for number in range(41)]
    response = hr.post(ADD, {"full_name": "Ann", "photos": photos})
    assert "These are 41 photos. Choose at most 40 at once." in response.content.decode()
    assert not Person.objects.exists()


def test_consent_is_recorded_with_who_and_when(hr: Client) -> None:
    hr.post(ADD, {"full_name": "Ann", "consent_method": "signed"})
    person = Person.objects.get()
    assert person.consent_recorded_by is not None
    assert person.consent_recorded_by.username == "HR-user-staff"
    assert person.consent_at is not None
    assert timezone.now() - person.consent_at < timedelta(minutes=1)


def test_a_date_of_consent_without_how_is_a_fault_of_the_form(hr: Client) -> None:
    response = hr.post(
        ADD, {"full_name": "Ann", "consent_at_0": "2026-01-01", "consent_at_1": "10:00:00"}
    )
    assert "Say how consent was given" in response.content.decode()
    assert not Person.objects.exists()


def test_whoever_enrols_cannot_link_an_account(hr: Client) -> None:
    boss = User.objects.create_superuser("boss")
    hr.post(ADD, {"full_name": "Ann", "user": boss.pk})
    assert Person.objects.get().user is None


def test_people_are_deactivated_together(hr: Client, enrol: Enrol) -> None:
    people = [enrol("Ann", 10), enrol("Bob", 80)]
    chosen = {"action": "deactivate_selected", "_selected_action": [p.pk for p in people]}
    assert "2 deactivated" in hr.post(LIST, chosen, follow=True).content.decode()
    assert not Person.objects.active().exists()


def test_photos_without_a_face_are_stored_and_judged_later(hr: Client) -> None:
    hr.post(ADD, {"full_name": "Ann", "photos": [upload(photo_without_face())]})
    assert FaceImage.objects.pending().count() == 1


def test_an_auditor_sees_no_people(auditor: Client) -> None:
    assert auditor.get(LIST).status_code == 403


def test_somebody_in_no_gallery_is_said_to_be_unknown_to_devices(hr: Client) -> None:
    response = hr.post(ADD, {"full_name": "Ann", "is_active": "on"}, follow=True)
    assert "Ann is in no gallery: no device will recognize them." in response.content.decode()


def test_the_only_gallery_is_chosen_for_somebody_new(hr: Client) -> None:
    north = Gallery.objects.create(name="North")
    assert f'<option value="{north.pk}" selected' in page(hr, ADD)
    Gallery.objects.create(name="South")
    assert f'<option value="{north.pk}" selected' not in page(hr, ADD)
