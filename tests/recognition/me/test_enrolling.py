"""Where liveness is asked for, a photo of oneself comes from a challenge that was met."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from people.models import FaceImage, Person
from recognition.enrolment import embed_images
from recognition.models import Attempt, LivenessSession
from tests.faces import photo_of
from tests.pages import upload
from tests.recognition.login.conftest import (
    ADA,
    PASSWORD,
    SOMEBODY,
    MakeAccount,
    Visitor,
    _seconds_ago,
    answer_of,
)
from tests.recognition.login.conftest import account as account
from tests.recognition.login.conftest import nothing_counted as nothing_counted

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def eve(account: MakeAccount) -> User:
    return account("eve")


@pytest.fixture
def inside(eve: User, visitor: Visitor) -> Visitor:
    """Logged in by password, and agreed to the text."""
    visitor.client.post("/login/", {"username": "eve", "password": PASSWORD})
    visitor.client.post("/me/consent/agree/")
    return visitor


def start(visitor: Visitor) -> Any:
    response = visitor.client.post("/me/photos/challenge/")
    nonce = response.json().get("nonce", "")
    LivenessSession.objects.filter(nonce=nonce).update(created_at=_seconds_ago(5))
    return response


def answer(visitor: Visitor, started: Any, face: float, **more: Any) -> Any:
    said = started.json()
    steps = [each["step"] for each in said["steps"]]
    return visitor.client.post(
        "/me/photos/answer/", {**answer_of(said["nonce"], steps, face), **more}
    )


def test_the_photo_that_looks_straight_is_enrolled(inside: Visitor, eve: User) -> None:
    response = answer(inside, start(inside), ADA)
    assert (response.status_code, response.json()["next"]) == (200, "/me/photos/")
    image = FaceImage.objects.get()
    assert (image.person.user, image.source) == (eve, "self")
    embed_images([image.pk])
    image.refresh_from_db()
    assert image.state == "ready"
    assert LivenessSession.objects.get().purpose == "enrol"
    attempt = Attempt.objects.get()
    assert (attempt.purpose, attempt.outcome, attempt.actor) == ("liveness", "live", eve)


def test_a_picture_that_does_not_move_is_not(inside: Visitor) -> None:
    said = start(inside).json()
    still = answer_of(said["nonce"], ["look_straight"] * len(said["steps"]), ADA)
    still["step"] = [each["step"] for each in said["steps"]]
    response = inside.client.post("/me/photos/answer/", still)
    assert response.status_code == 422
    assert not FaceImage.objects.exists()


def test_a_file_is_not_taken(inside: Visitor) -> None:
    sent = {"photos": upload(photo_of(ADA))}
    response = inside.client.post("/me/photos/add/", sent, follow=True)
    assert "taken here, with the camera" in response.content.decode()
    assert Attempt.objects.get().outcome == "challenge_required"
    assert 'type="file"' not in response.content.decode()
    assert not FaceImage.objects.exists()


def test_where_no_liveness_is_asked_for_a_file_is_enough(
    inside: Visitor, settings: Settings
) -> None:
    settings.FACE_LOGIN_LIVENESS = "off"
    inside.client.post("/me/photos/add/", {"photos": upload(photo_of(ADA))})
    assert FaceImage.objects.count() == 1


def test_a_challenge_to_log_in_enrols_nobody(inside: Visitor, eve: User) -> None:
    started = start(inside)
    LivenessSession.objects.update(purpose="login")
    response = answer(inside, started, ADA)
    assert response.json()["code"] == "challenge_not_yours"
    assert not FaceImage.objects.exists()


def test_a_challenge_of_another_session_enrols_nobody(inside: Visitor, eve: User) -> None:
    started = start(inside)
    other = Visitor()
    other.client.post("/login/", {"username": "eve", "password": PASSWORD})
    assert answer(other, started, ADA).json()["code"] == "challenge_not_yours"
    assert not FaceImage.objects.exists()


def test_an_answer_enrols_once(inside: Visitor) -> None:
    started = start(inside)
    answer(inside, started, ADA)
    assert answer(inside, started, ADA).json()["code"] == "challenge_used"
    assert FaceImage.objects.count() == 1


def test_more_than_one_photo_in_the_session_that_began(inside: Visitor) -> None:
    answer(inside, start(inside), ADA)
    embed_images([FaceImage.objects.get().pk])
    assert answer(inside, start(inside), ADA + 2).status_code == 200
    assert FaceImage.objects.count() == 2


def test_another_session_shows_the_face_first(inside: Visitor, settings: Settings) -> None:
    settings.FACE_LOGIN_MODE = "off"
    later = Visitor()
    later.client.post("/login/", {"username": "eve", "password": PASSWORD})
    settings.FACE_LOGIN_MODE = "second_factor"
    answer(inside, start(inside), ADA)
    embed_images([FaceImage.objects.get().pk])
    refused = start(later)
    assert (refused.status_code, refused.json()["code"]) == (403, "password_required")
    assert answer(inside, start(inside), SOMEBODY).status_code == 200  # flagged by the workers


def test_without_networks_that_are_required_nobody_is_asked_to_move(
    inside: Visitor, settings: Settings, mesh_alone: Path
) -> None:
    settings.LIVENESS_PAD = "required"
    for code in ("pad_unavailable", "weights_missing"):
        refused = start(inside)
        assert (refused.status_code, refused.json()["code"]) == (503, code)
        assert "manage.py" not in refused.json()["message"]
        settings.MODELS_DIR = mesh_alone / "none"
    assert not LivenessSession.objects.exists()


def test_the_frames_that_enrolled_do_not_log_in(
    inside: Visitor, eve: User, settings: Settings
) -> None:
    started = start(inside).json()
    steps = [each["step"] for each in started["steps"]]
    sent = answer_of(started["nonce"], steps, ADA)
    assert inside.client.post("/me/photos/answer/", sent).status_code == 200
    embed_images([FaceImage.objects.get().pk])

    settings.FACE_LOGIN_MODE = "claimed"
    thief = Visitor()
    thief.claim("eve")
    nonce = thief.start()["nonce"]
    LivenessSession.objects.filter(nonce=nonce).update(steps=steps)
    for frame in sent["frame"]:
        frame.seek(0)
    response = thief.client.post("/login/face/answer/", {**sent, "nonce": nonce})
    assert response.json()["code"] == "frames_seen_before"
    assert thief.account == ""


@pytest.mark.usefixtures("eve")
def test_without_consent_nothing_is_asked_of_anybody(visitor: Visitor) -> None:
    visitor.client.post("/login/", {"username": "eve", "password": PASSWORD})
    response = start(visitor)
    assert (response.status_code, response.json()["code"]) == (403, "consent_missing")
    assert not LivenessSession.objects.exists()


def test_whoever_is_not_logged_in_is_sent_to_the_log_in() -> None:
    response = Visitor().client.post("/me/photos/challenge/")
    assert response.headers["Location"].startswith("/login/")


def on_record() -> tuple[str, str, User | None]:
    """The one attempt there is: outcome, purpose, whose it is."""
    attempt = Attempt.objects.get()
    return attempt.outcome, attempt.purpose, attempt.actor


@pytest.mark.usefixtures("model")
def test_what_nobody_sends_is_refused_and_on_record() -> None:
    response = Visitor().client.post("/me/photos/answer/")
    assert (response.status_code, response.json()["code"]) == (403, "password_required")
    assert on_record() == ("password_required", "liveness", None)


def test_what_cannot_be_read_is_a_sentence_and_on_record(inside: Visitor, eve: User) -> None:
    response = inside.client.post("/me/photos/answer/", {"nonce": "x"})
    assert (response.status_code, response.json()["code"]) == (400, "frames_malformed")
    assert on_record() == ("frames_malformed", "liveness", eve)
    assert Attempt.objects.get().claimed == Person.objects.get(user=eve)


def test_what_is_too_large_is_on_record(inside: Visitor, eve: User) -> None:
    huge = SimpleUploadedFile("f.jpg", bytes(3 * 1024 * 1024))
    assert inside.client.post("/me/photos/answer/", {"frame": huge}).status_code == 413
    assert on_record() == ("request_too_large", "liveness", eve)


def test_what_is_forged_is_on_record(inside: Visitor, eve: User) -> None:
    inside.client.handler.enforce_csrf_checks = True
    response = inside.client.post("/me/photos/answer/", {"nonce": "x"})
    assert (response.status_code, response.json()["code"]) == (403, "forged")
    assert on_record() == ("forged", "liveness", eve)


def test_what_is_sent_without_consent_is_on_record(inside: Visitor, eve: User) -> None:
    started = start(inside)
    inside.client.post("/me/consent/withdraw/")
    assert answer(inside, started, ADA).status_code == 403
    assert on_record() == ("consent_missing", "liveness", eve)


def test_a_flood_of_photos_is_refused_without_a_record(
    inside: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.login.throttles.DECISIONS", 2)
    huge = {"frame": SimpleUploadedFile("f.jpg", bytes(3 * 1024 * 1024))}
    sent = [inside.client.post("/me/photos/answer/", body) for body in ({}, huge, {}, huge)]
    assert [answered.status_code for answered in sent] == [400, 413, 429, 429]
    assert Attempt.objects.count() == 2
