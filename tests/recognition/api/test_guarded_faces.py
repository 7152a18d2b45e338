"""The face that opens the admin is guarded from callers with fewer rights, too."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from people.models import Person
from tests.faces import photo_of
from tests.recognition.api.conftest import grant, is_problem

PEOPLE = "/api/v1/people/"


@pytest.fixture
def clerk(nobody: APIClient) -> APIClient:
    """Who may do everything to people, and has no admin rights."""
    account = User.objects.get(username="nobody")
    grant(account, "people.view_person", "people.change_person", "people.erase_person")
    grant(account, "people.view_faceimage", "people.add_faceimage", "people.delete_faceimage")
    return nobody


def test_only_a_superuser_changes_it(clerk: APIClient, admin: APIClient, chief: Person) -> None:
    faces = f"{PEOPLE}{chief.public_id}/faces/"
    face = f"{faces}{chief.images.get().public_id}/"
    photo = {"photo": SimpleUploadedFile("a.png", photo_of(90))}
    for answer in (
        clerk.post(faces, photo, format="multipart"),
        clerk.delete(face),
        clerk.delete(f"{PEOPLE}{chief.public_id}/"),
        clerk.patch(f"{PEOPLE}{chief.public_id}/", {"is_active": False}, format="json"),
    ):
        is_problem(answer, 403)
        assert answer.json()["code"] == "face_guarded"
    Person.objects.filter(pk=chief.pk).update(is_active=False)
    on = clerk.patch(f"{PEOPLE}{chief.public_id}/", {"is_active": True}, format="json")
    assert on.json()["code"] == "face_guarded"
    chief.refresh_from_db()
    assert (chief.images.count(), chief.is_active) == (1, False)
    assert admin.delete(face).status_code == 204
    assert admin.delete(f"{PEOPLE}{chief.public_id}/").status_code == 200
