from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from people import services as people
from people.models import Gallery
from recognition import search
from recognition.devices import NewKey, renew_key, revoke
from recognition.models import Attempt, Device
from tests.faces import photo_of, photo_of_two, photo_too_dark, photo_without_face
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with, is_problem

BOX = {"x": 8, "y": 8, "width": 48, "height": 48}
QUALITY = {"size", "sharpness", "brightness", "yaw", "pitch", "roll"}


def as_file(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("face.png", data, content_type="image/png")


def ask(client: APIClient, data: bytes, **more: object) -> Any:
    return client.post("/api/v1/recognize/", {"photo": as_file(data), **more}, format="multipart")


def test_a_device_recognizes_a_person_of_its_gallery(
    enrol: Enrol, kiosk: APIClient, north: Gallery
) -> None:
    ann = enrol("Ann", 10, gallery=north)
    answer = ask(kiosk, photo_of(12))
    assert answer.status_code == 200
    body = answer.json()
    assert body["outcome"] == "match"
    assert body["message"] == "Hi! Welcome Ann"
    assert body["person"] == {"id": str(ann.public_id), "name": "Ann"}
    assert set(body["box"]) == {"x", "y", "width", "height"}
    assert Attempt.objects.get().found == ann


def test_a_kiosk_is_answered_with_few_questions_to_the_database(
    enrol: Enrol,
    kiosk: APIClient,
    north: Gallery,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    enrol("Ann", 10, gallery=north)
    ask(kiosk, photo_of(12))  # the pool is counted, the model is read
    with django_assert_max_num_queries(4):  # who asks, which model, who is near, the record
        assert ask(kiosk, photo_of(12)).json()["outcome"] == "match"


def test_photos_may_be_base64_in_json(enrol: Enrol, kiosk: APIClient, north: Gallery) -> None:
    enrol("Ann", 10, gallery=north)
    text = base64.b64encode(photo_of(12)).decode()
    for photo in (text, [text, text], f"data:image/png;base64,{text}"):
        answer = kiosk.post("/api/v1/recognize/", {"photo": photo}, format="json")
        assert answer.json()["outcome"] == "match"


def test_a_device_does_not_know_people_of_other_galleries(enrol: Enrol, kiosk: APIClient) -> None:
    enrol("Ann", 10, gallery=Gallery.objects.create(name="South"))
    enrol("Bob", 40)
    answer = ask(kiosk, photo_of(10), top=5)
    assert answer.json()["outcome"] == "unknown"
    assert answer.json()["candidates"] == []


def test_a_device_may_not_name_another_gallery(enrol: Enrol, kiosk: APIClient) -> None:
    south = Gallery.objects.create(name="South")
    enrol("Ann", 10, gallery=south)
    answer = ask(kiosk, photo_of(10), gallery=south.pk)
    assert (answer.status_code, answer.json()["code"]) == (403, "gallery_not_allowed")


def test_a_device_without_the_right_is_refused(
    enrol: Enrol, kiosk: APIClient, device: Device
) -> None:
    Device.objects.update(may_recognize=False)
    assert ask(kiosk, photo_of(10)).status_code == 403


def test_a_revoked_device_is_refused(enrol: Enrol, kiosk: APIClient, device: Device) -> None:
    revoke(device=device)
    answer = ask(kiosk, photo_of(10))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_renewed_key_replaces_the_old_one(
    enrol: Enrol, new_device: NewKey, kiosk: APIClient
) -> None:
    renewed = renew_key(device=new_device.device)
    assert ask(kiosk, photo_of(10)).status_code == 401
    assert ask(client_with(renewed.key), photo_of(10)).status_code == 200


def test_a_key_is_kept_only_as_a_hash(new_device: NewKey) -> None:
    from knox.models import AuthToken

    token = AuthToken.objects.get(user=new_device.device.account)
    assert new_device.key not in (token.digest, token.token_key)


def test_a_device_is_seen(enrol: Enrol, kiosk: APIClient, device: Device) -> None:
    ask(kiosk, photo_of(10))
    device.refresh_from_db()
    assert device.last_seen_at is not None


def test_no_face_is_a_problem_and_on_record(enrol: Enrol, kiosk: APIClient) -> None:
    answer = ask(kiosk, photo_without_face())
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "no_face"
    assert Attempt.objects.get().outcome == "no_face"


@pytest.mark.parametrize("photo", [photo_without_face(), photo_of_two()])
def test_where_no_face_is_meant_the_problem_has_none(
    enrol: Enrol, kiosk: APIClient, photo: bytes
) -> None:
    assert not {"box", "quality"} & set(ask(kiosk, photo).json())


def test_the_problem_of_a_face_says_where_it_is_and_how_usable(
    enrol: Enrol, kiosk: APIClient
) -> None:
    answer = ask(kiosk, photo_too_dark())
    is_problem(answer, 422)
    body = answer.json()
    assert (body["code"], body["box"]) == ("too_dark", BOX)
    assert set(body["quality"]) == QUALITY
    assert body["quality"]["brightness"] == 0.01
    assert set(body) == {"type", "title", "status", "code", "detail", "box", "quality"}


def test_several_frames_without_a_usable_face_are_told_of_the_first(
    enrol: Enrol, kiosk: APIClient
) -> None:
    frames = [as_file(photo_too_dark()), as_file(photo_without_face())]
    body = kiosk.post("/api/v1/recognize/", {"photo": frames}, format="multipart").json()
    assert (body["code"], body["box"]) == ("too_dark", BOX)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"not a picture", 415, "photo_wrong_type"),
        (photo_of(10)[:60], 422, "photo_damaged"),
        (b"\x00" * (25 * 1024 * 1024 + 1), 413, "photo_too_many_bytes"),
    ],
)
def test_bad_bytes_have_a_code(
    enrol: Enrol, kiosk: APIClient, data: bytes, status: int, code: str
) -> None:
    answer = ask(kiosk, data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"photo": 7},
        {"photo": []},
        {"photo": ["aGk=", 7]},
        {"photo": None},
        {"photo": "aGk=", "tpo": 3},
        {"photo": "aGk=", "top": 0},
        {"photo": "aGk=", "top": True},
        {"photo": "aGk=", "top": "1"},
        {"photo": "aGk=", "gallery": "x"},
        {"photo": {"a": 1}},
        [],
        "text",
    ],
)
def test_malformed_requests_say_what_is_wrong(enrol: Enrol, kiosk: APIClient, body: object) -> None:
    answer = kiosk.post("/api/v1/recognize/", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert answer.json()["errors"]


@pytest.mark.parametrize("photo", ["!", ["aGk=", "é"], "data:image/png;base64,é"])
def test_text_that_is_no_base64_has_a_code(enrol: Enrol, kiosk: APIClient, photo: object) -> None:
    answer = kiosk.post("/api/v1/recognize/", {"photo": photo}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "photo_not_base64")


def test_a_gallery_that_is_not_there_is_a_422(enrol: Enrol, admin: APIClient) -> None:
    answer = admin.post("/api/v1/recognize/", {"photo": "aGk=", "gallery": 404}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable")


def test_a_body_that_is_no_json_is_a_problem(kiosk: APIClient) -> None:
    answer = kiosk.post("/api/v1/recognize/", b'{"photo": \xff', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_huge_body_is_refused_by_its_length(kiosk: APIClient) -> None:
    answer = kiosk.post(
        "/api/v1/recognize/", b"{}", content_type="application/json", CONTENT_LENGTH=str(10**9)
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


def test_a_key_that_is_no_text_is_refused(db: None) -> None:
    assert ask(client_with("\xff\xfe"), photo_of(10)).status_code == 401


def test_an_unknown_address_is_a_problem(db: None) -> None:
    answer = APIClient().get("/api/v1/nothing/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_database_that_is_down_is_a_503(
    enrol: Enrol, kiosk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(search, "nearest", fail)
    answer = ask(kiosk, photo_of(10))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_user_verifies_by_id_or_staff_number(enrol: Enrol, admin: APIClient) -> None:
    ann = enrol("Ann", 10)
    ann.staff_number = "7"
    ann.save()
    for person in (str(ann.public_id), "7"):
        answer = admin.post("/api/v1/verify/", {"photo": as_file(photo_of(12)), "person": person})
        assert answer.json()["message"] == "Verified! Welcome Ann"


def test_a_name_is_no_claim(enrol: Enrol, admin: APIClient) -> None:
    enrol("Ann", 10)
    answer = admin.post("/api/v1/verify/", {"photo": as_file(photo_of(12)), "person": "Ann"})
    assert (answer.status_code, answer.json()["code"]) == (422, "person_unknown")


def test_each_face_of_a_photo_can_be_asked_for(enrol: Enrol, admin: APIClient) -> None:
    enrol("Ann", 10)
    body = ask(admin, photo_of(10), faces="all").json()
    assert [face["outcome"] for face in body["faces"]] == ["match"]


def test_a_face_that_is_refused_among_all_is_told_apart_by_its_box(
    enrol: Enrol, admin: APIClient
) -> None:
    answer = ask(admin, photo_too_dark(), faces="all")
    (face,) = answer.json()["faces"]
    assert (answer.status_code, face["outcome"], face["box"]) == (200, "too_dark", BOX)
    assert (set(face["quality"]), face["person"], face["distance"]) == (QUALITY, None, None)


def test_a_verification_of_a_poor_face_says_which(enrol: Enrol, admin: APIClient) -> None:
    asked = {"photo": as_file(photo_too_dark()), "person": str(enrol("Ann", 10).public_id)}
    body = admin.post("/api/v1/verify/", asked).json()
    assert (body["code"], body["box"]) == ("too_dark", BOX)


def test_a_photo_with_no_face_at_all_is_on_record_too(
    enrol: Enrol, kiosk: APIClient, device: Device
) -> None:
    answer = ask(kiosk, photo_without_face(), faces="all")
    is_problem(answer, 422)
    assert answer.json()["code"] == "no_face"
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.purpose, attempt.frames) == ("no_face", "recognize", 1)
    assert (attempt.source, attempt.actor) == ("api", device.account)


def test_an_inactive_person_is_unknown(enrol: Enrol, kiosk: APIClient, north: Gallery) -> None:
    people.deactivate(person=enrol("Ann", 10, gallery=north))
    assert ask(kiosk, photo_of(10)).json()["outcome"] == "unknown"
