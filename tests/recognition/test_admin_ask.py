"""The pages that ask about a face."""

import pytest
from django.test import Client
from django.urls import reverse

from people.models import FaceImage, Gallery
from recognition.engine import WeightsMissing
from recognition.models import Attempt
from tests.faces import FakeEngine, photo_of, photo_without_face
from tests.fixtures import Enrol
from tests.pages import upload

WHO, CLAIM = reverse("ask:who"), reverse("ask:claim")


def ask(client: Client, url: str, *photos: bytes, **fields: object) -> str:
    files = [upload(data, f"{number}.png") for number, data in enumerate(photos, 1)]
    response = client.post(url, {"photos": files, **fields}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def test_a_known_face_is_welcomed(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    enrol("Bob", 90)
    html = ask(hr, WHO, photo_of(10))
    assert "Hi! Welcome Ann" in html
    assert "0.000" in html
    assert "facenet128 v1" in html
    assert html.index("Ann") < html.index("Bob")  # the runner-up is listed


def test_without_scripts_the_whole_page_has_the_answer_and_no_fault(
    hr: Client, enrol: Enrol
) -> None:
    enrol("Ann", 10)
    html = hr.post(WHO, {"photos": [upload(photo_of(10))]}).content.decode()
    assert "Hi! Welcome Ann" in html
    assert "The file is empty" not in html


def test_a_stranger_is_not_in_the_database(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    assert "Sorry! You&#x27;re not in the database." in ask(hr, WHO, photo_of(150))


def test_only_the_chosen_gallery_is_searched(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    north = Gallery.objects.create(name="North")
    assert "not in the database" in ask(hr, WHO, photo_of(10), gallery=north.pk)


def test_the_claimed_person_is_verified(hr: Client, enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    assert "Verified! Welcome Ann" in ask(hr, CLAIM, photo_of(12), person=ann.pk)
    assert "Person name and face didn&#x27;t match!" in ask(hr, CLAIM, photo_of(150), person=ann.pk)


def test_the_decision_is_kept_and_the_photo_is_not(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    ask(hr, WHO, photo_of(11))
    attempt = Attempt.objects.get()
    assert (attempt.source, attempt.outcome) == ("admin", "match")
    assert attempt.actor is not None
    assert FaceImage.objects.count() == 1


def test_looking_at_the_page_asks_nothing(hr: Client) -> None:
    assert hr.get(WHO).status_code == 200
    assert hr.get(CLAIM).status_code == 200
    assert not Attempt.objects.exists()


def test_a_photo_without_a_face_says_what_to_do(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    assert "No face found." in ask(hr, WHO, photo_without_face())


def test_a_file_that_is_no_photo_is_named(hr: Client) -> None:
    html = ask(hr, WHO, photo_of(10), b"hello")
    assert "2.png: This is not a picture" in html
    assert not Attempt.objects.exists()


def test_six_photos_are_too_many(hr: Client) -> None:
    assert "Choose at most 5" in ask(hr, WHO, *[photo_of(n) for n in range(6)])


def test_no_photo_is_asked_for(hr: Client) -> None:
    assert "Choose at least one photo." in ask(hr, WHO)


def test_missing_networks_are_said_in_a_sentence(
    hr: Client, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_photo: object) -> None:
        raise WeightsMissing("facenet_weights.onnx")

    monkeypatch.setattr(fake_engine, "probe", missing)
    assert "Run: manage.py fetch_models" in ask(hr, WHO, photo_of(10))


def test_without_htmx_the_whole_page_comes_back(hr: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    html = hr.post(WHO, {"photos": [upload(photo_of(10))]}).content.decode()
    assert "Hi! Welcome Ann" in html
    assert "<form" in html


@pytest.mark.parametrize("url", [WHO, CLAIM])
def test_asking_needs_permission(client: Client, auditor: Client, url: str) -> None:
    assert auditor.get(url).status_code == 403
    assert auditor.post(url, {"photos": [upload(photo_of(10))]}).status_code == 403
    assert client.get(url).headers["Location"].startswith(reverse("admin:login"))
