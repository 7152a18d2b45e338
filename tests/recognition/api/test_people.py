from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from people.models import FaceImage, Gallery, Person
from recognition.enrolment import embed_images
from tests.faces import FakeEngine, photo_of
from tests.fixtures import Enrol

URL = "/api/v1/people/"


def as_file(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("face.png", data)


def test_a_person_is_added_found_changed_and_erased(admin: APIClient, north: Gallery) -> None:
    made = admin.post(
        URL,
        {"full_name": "Ann", "galleries": [north.pk], "consent_method": "signed"},
        format="json",
    )
    assert made.status_code == 201
    assert made.json()["consent_at"]
    url = f"{URL}{made.json()['id']}/"
    assert admin.get(URL, {"search": "an"}).json()["results"][0]["full_name"] == "Ann"
    assert admin.patch(url, {"is_active": False}, format="json").json()["is_active"] is False
    assert admin.delete(url).json() == {"name": "Ann", "photos": 0, "embeddings": 0, "templates": 0}
    assert admin.get(url).status_code == 404


def test_a_form_means_its_booleans(admin: APIClient) -> None:
    made = admin.post(URL, {"full_name": "Ann", "is_active": "false"}, format="multipart")
    assert made.json()["is_active"] is False
    url = f"{URL}{made.json()['id']}/"
    admin.patch(url, {"is_active": "true"}, format="multipart")
    assert admin.patch(url, {"full_name": "Anna"}, format="multipart").json()["is_active"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"full_name": ""},
        {"full_name": "A" * 201},
        {"full_name": "A\x00B"},
        {"full_name": "\x19"},
        {"full_name": "\ufeff \t"},
        {"full_name": "Ann", "nickname": "A"},
        {"full_name": 5},
        {"full_name": "Ann", "is_active": "yes"},
        {"full_name": "Ann", "galleries": ["1"]},
        {"full_name": "Ann", "id": "6b0a3b0e-2f57-4a3e-9f0e-6a1f0f3c8f11"},
        {"full_name": "Ann", "user": 1},
        {"full_name": "Ann", "consent_at": "2026-01-01T00:00:00"},
    ],
)
def test_a_person_that_does_not_fit_the_schema_is_refused(
    admin: APIClient, body: dict[str, object]
) -> None:
    Person.objects.create(full_name="Bob", staff_number="7")
    answer = admin.post(URL, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"galleries": [404]},
        {"galleries": [10**30]},
        {"consent_at": "2026-01-01T00:00:00Z"},
        {"consent_at": "2026-02-31T00:00:00Z", "consent_method": "signed"},
        {"staff_number": "7"},
    ],
)
def test_a_person_that_cannot_be_is_refused(admin: APIClient, body: dict[str, object]) -> None:
    Person.objects.create(full_name="Bob", staff_number="7")
    answer = admin.post(URL, {"full_name": "Ann", **body}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable")
    assert Person.objects.count() == 1


def test_an_unknown_filter_is_refused(admin: APIClient) -> None:
    assert admin.get(URL, {"galery": 1}).status_code == 400


def test_people_come_in_pages(admin: APIClient) -> None:
    for number in range(5):
        Person.objects.create(full_name=f"P{number}")
    first = admin.get(URL, {"page_size": 2}).json()
    second = admin.get(first["next"]).json()
    names = [person["full_name"] for page in (first, second) for person in page["results"]]
    assert names == ["P4", "P3", "P2", "P1"]


def test_faces_are_added_listed_and_deleted(
    admin: APIClient, fake_engine: FakeEngine, model: object
) -> None:
    ann = Person.objects.create(full_name="Ann")
    url = f"{URL}{ann.public_id}/faces/"
    added = admin.post(
        url, {"photo": [as_file(photo_of(10)), as_file(b"nonsense")]}, format="multipart"
    )
    assert added.status_code == 201
    stored, refused = added.json()
    assert stored["face"]["state"] == "pending"
    assert refused["problem"]["code"] == "photo_wrong_type"
    embed_images(list(FaceImage.objects.values_list("pk", flat=True)))
    (face,) = admin.get(url).json()["results"]
    assert face["state"] == "ready"
    assert admin.delete(f"{url}{face['id']}/").status_code == 204
    assert not FaceImage.objects.exists()


def test_without_the_folder_of_the_photos_nothing_is_stored_and_it_is_said(
    admin: APIClient, photos_dir: Path, tmp_path: Path
) -> None:
    ann = Person.objects.create(full_name="Ann")
    url = f"{URL}{ann.public_id}/faces/"
    admin.post(url, {"photo": as_file(photo_of(10))}, format="multipart")
    photos_dir.rename(tmp_path / "not mounted")
    answer = admin.post(url, {"photo": as_file(photo_of(90))}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert FaceImage.objects.count() == 1


def test_the_same_face_again_is_a_200(admin: APIClient) -> None:
    ann = Person.objects.create(full_name="Ann")
    url = f"{URL}{ann.public_id}/faces/"
    admin.post(url, {"photo": as_file(photo_of(10))}, format="multipart")
    again = admin.post(url, {"photo": as_file(photo_of(10))}, format="multipart")
    assert again.status_code == 200
    assert again.json()[0]["already"] is True


def test_faces_of_another_person_are_not_in_reach(admin: APIClient, enrol: Enrol) -> None:
    ann, bob = enrol("Ann", 10), enrol("Bob", 100)
    face = bob.images.get().public_id
    assert admin.delete(f"{URL}{ann.public_id}/faces/{face}/").status_code == 404


def test_attempts_are_read_and_filtered(admin: APIClient, enrol: Enrol) -> None:
    enrol("Ann", 10)
    for angle in (10, 120):
        admin.post("/api/v1/recognize/", {"photo": as_file(photo_of(angle))}, format="multipart")
    found = admin.get("/api/v1/attempts/", {"outcome": "unknown"}).json()["results"]
    assert [attempt["outcome"] for attempt in found] == ["unknown"]
    assert admin.get("/api/v1/attempts/", {"outcome": "unknown", "x": "1"}).status_code == 400


def test_a_token_is_given_for_a_password_and_taken_back(admin: APIClient) -> None:
    client = APIClient()
    wrong = client.post("/api/v1/tokens/", {"username": "root", "password": "guess"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    given = client.post("/api/v1/tokens/", {"username": "root", "password": "a long password"})
    assert given.status_code == 201
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {given.json()['token']}")
    assert client.get(URL).status_code == 200
    assert client.delete("/api/v1/tokens/").status_code == 204
    assert client.get(URL).status_code == 401
