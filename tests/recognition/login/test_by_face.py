"""A name and a face, or a password and a face, log in; nothing less does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from people.models import EmbeddingModel, Person
from recognition.login import brakes
from recognition.login.brakes import Braked
from recognition.models import Attempt, BrakeKind, LivenessSession, LoginBrake
from tests.faces import frame_for, with_bystander
from tests.recognition.login.conftest import (
    ADA,
    SOMEBODY,
    MakeAccount,
    Visitor,
    answer_of,
    frame_bytes,
    png,
)

pytestmark = pytest.mark.django_db


def outcomes() -> list[str]:
    return list(Attempt.objects.order_by("pk").values_list("outcome", flat=True))


# --- Name and face ----------------------------------------------------------------------------


@pytest.mark.usefixtures("claimed", "ada")
def test_the_right_face_logs_in(visitor: Visitor) -> None:
    visitor.claim("ada")
    response = visitor.show_face(ADA)
    assert response.json() == {
        "code": "match", "message": "Verified! Welcome Ada", "next": "/me/"
    }  # fmt: skip
    assert visitor.account == "ada"
    assert visitor.client.get("/me/").status_code == 200


@pytest.mark.usefixtures("claimed", "ada")
def test_another_face_does_not_log_in(visitor: Visitor) -> None:
    visitor.claim("ada")
    response = visitor.show_face(SOMEBODY)
    assert response.status_code == 422
    assert response.json()["message"] == "Person name and face didn't match!"
    assert visitor.account == ""


@pytest.mark.usefixtures("claimed", "ada")
def test_an_unknown_name_is_answered_like_a_wrong_face(visitor: Visitor) -> None:
    visitor.claim("ada")
    wrong_face = visitor.show_face(SOMEBODY)
    visitor.claim("nobody at all")
    unknown = visitor.show_face(SOMEBODY)
    assert unknown.json() == wrong_face.json()
    assert unknown.status_code == wrong_face.status_code
    assert set(unknown.headers) == set(wrong_face.headers)


@pytest.mark.usefixtures("claimed", "ada")
@pytest.mark.parametrize("face", [ADA, SOMEBODY])
def test_no_answer_holds_a_distance_or_a_score(visitor: Visitor, face: float) -> None:
    visitor.claim("ada")
    said = visitor.show_face(face).json()
    assert set(said) <= {"code", "message", "next", "wait"}
    assert not any(isinstance(value, float) for value in said.values())


@pytest.mark.usefixtures("claimed")
def test_staff_are_never_logged_in_by_name_and_face(visitor: Visitor, account: MakeAccount) -> None:
    account("boss", face=ADA, is_staff=True)
    visitor.claim("boss")
    assert visitor.show_face(ADA).json()["message"] == "Person name and face didn't match!"
    assert visitor.account == ""


@pytest.mark.usefixtures("claimed")
def test_an_inactive_person_is_not_logged_in(visitor: Visitor, ada: User) -> None:
    Person.objects.filter(user=ada).update(is_active=False)
    visitor.claim("ada")
    assert visitor.show_face(ADA).status_code == 422


@pytest.mark.usefixtures("claimed", "ada")
def test_the_session_is_a_new_one_after_the_log_in(visitor: Visitor) -> None:
    visitor.client.get("/login/")
    visitor.claim("ada")
    before = visitor.client.cookies["sessionid"].value
    visitor.show_face(ADA)
    assert visitor.client.cookies["sessionid"].value != before


@pytest.mark.usefixtures("claimed", "ada")
def test_a_session_fixed_beforehand_is_worth_nothing(visitor: Visitor) -> None:
    visitor.claim("ada")
    planted = visitor.client.cookies["sessionid"].value
    visitor.show_face(ADA)
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/me/").status_code == 302


@pytest.mark.usefixtures("claimed", "ada")
def test_in_this_mode_there_is_still_the_password(visitor: Visitor) -> None:
    page = visitor.client.get("/login/").content.decode()
    assert "password" in page
    assert visitor.give_password("ada").headers["Location"] == "/me/"
    assert visitor.account == "ada"


# --- What a face alone opens ------------------------------------------------------------------


@pytest.mark.usefixtures("claimed")
def test_a_session_by_face_alone_is_nobodys_once_the_account_has_admin_rights(
    visitor: Visitor, ada: User
) -> None:
    visitor.claim("ada")
    visitor.show_face(ADA)
    assert visitor.client.get("/me/").status_code == 200
    ada.is_staff = ada.is_superuser = True
    ada.save()
    for address in ("/admin/", "/me/", "/api/v1/people/"):
        assert visitor.client.get(address).status_code in (302, 401)


@pytest.mark.usefixtures("claimed", "ada")
def test_a_session_by_face_alone_adds_no_face(visitor: Visitor) -> None:
    visitor.claim("ada")
    visitor.show_face(ADA)
    for address in ("/me/consent/agree/", "/me/photos/add/"):
        response = visitor.client.post(address)
        assert response.headers["Location"].startswith("/login/?next=/me/")


# --- Password, then face ----------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/login/", "/admin/login/"])
def test_the_password_of_staff_with_a_face_goes_on_to_the_face(
    visitor: Visitor, account: MakeAccount, page: str
) -> None:
    account("boss", face=ADA, is_staff=True, is_superuser=True)
    response = visitor.give_password("boss", page=page)
    assert response.headers["Location"] == "/login/face/"
    assert visitor.account == ""
    assert visitor.client.get("/admin/").status_code == 302
    said = visitor.show_face(ADA).json()
    assert said["next"] == "/admin/"
    assert visitor.client.get("/admin/").status_code == 200


@pytest.mark.parametrize("mode", ["claimed", "recognize"])
def test_staff_need_both_in_every_mode(
    visitor: Visitor, account: MakeAccount, settings: Settings, mode: str
) -> None:
    settings.FACE_LOGIN_MODE = mode
    account("boss", face=ADA, is_staff=True)
    assert visitor.give_password("boss", page="/admin/login/").headers["Location"] == "/login/face/"
    visitor.show_face(SOMEBODY)
    assert visitor.account == ""


def test_staff_without_a_face_log_in_by_password_where_nobody_has_to_enrol(
    visitor: Visitor, account: MakeAccount
) -> None:
    account("boss", is_staff=True)
    visitor.give_password("boss", page="/admin/login/")
    assert visitor.client.get("/admin/").status_code == 200


def test_with_the_mode_off_a_password_is_all(
    visitor: Visitor, account: MakeAccount, settings: Settings
) -> None:
    settings.FACE_LOGIN_MODE = "off"
    account("boss", face=ADA, is_staff=True)
    visitor.give_password("boss")
    assert visitor.account == "boss"


def test_people_with_a_face_need_both_in_this_mode(visitor: Visitor, ada: User) -> None:
    assert visitor.give_password("ada").headers["Location"] == "/login/face/"
    visitor.show_face(SOMEBODY)
    assert visitor.account == ""
    visitor.show_face(ADA)
    assert visitor.account == "ada"


def test_a_password_changed_meanwhile_begins_anew(visitor: Visitor, ada: User) -> None:
    visitor.give_password("ada")
    started = visitor.start()
    ada.set_password("another password")
    ada.save()
    assert visitor.answer(started, ADA).status_code == 409
    assert visitor.account == ""


def test_the_step_of_the_face_waits_five_minutes(
    visitor: Visitor, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.give_password("ada")
    started = visitor.start()
    monkeypatch.setattr("recognition.login.pending.VALID_FOR_S", 0)
    assert visitor.answer(started, ADA).status_code == 409


def test_a_known_password_does_not_buy_more_guesses_at_the_face(
    visitor: Visitor, ada: User
) -> None:
    for _ in range(5):
        visitor.give_password("ada")
        visitor.show_face(SOMEBODY)
    visitor.give_password("ada")
    response = visitor.show_face(ADA)
    assert response.status_code == 429
    assert visitor.account == ""


def everywhere(name: str) -> int:
    return LoginBrake.objects.get(account=brakes.account_of(name), kind="face", address="").failures


@pytest.mark.usefixtures("ada")
def test_password_and_face_together_begin_the_count_of_failures_anew(visitor: Visitor) -> None:
    LoginBrake.objects.create(kind="face", account=brakes.account_of("ada"), failures=40)
    visitor.give_password("ada")
    assert everywhere("ada") == 40, "the password alone is not enough"
    visitor.show_face(SOMEBODY)
    assert everywhere("ada") == 41
    visitor.show_face(ADA)
    assert (visitor.account, everywhere("ada")) == ("ada", 0)


@pytest.mark.usefixtures("claimed", "ada")
def test_a_name_and_a_face_do_not_begin_it_anew(visitor: Visitor) -> None:
    LoginBrake.objects.create(kind="face", account=brakes.account_of("ada"), failures=40)
    visitor.claim("ada")
    visitor.show_face(ADA)
    assert (visitor.account, everywhere("ada")) == ("ada", 40)


def test_an_operators_command_lets_the_password_alone_in_for_a_while(
    visitor: Visitor, account: MakeAccount
) -> None:
    account("boss", face=ADA, is_staff=True)
    brakes.allow_password_alone(name="boss", minutes=15)
    visitor.give_password("boss")
    assert visitor.account == "boss"
    LoginBrake.objects.update(password_alone_until=timezone.now())
    later = Visitor()
    later.give_password("boss")
    assert later.account == ""


# --- Only the face ----------------------------------------------------------------------------


@pytest.fixture
def recognize(settings: Settings, model: EmbeddingModel) -> None:
    settings.FACE_LOGIN_MODE = "recognize"
    model.calibration = {"curve": [[1e-6, 0.5], [1e-2, 1.1]]}
    model.save()


@pytest.mark.usefixtures("recognize", "ada")
def test_a_face_is_enough_while_the_promise_holds(visitor: Visitor) -> None:
    visitor.claim()
    assert visitor.show_face(ADA).json()["message"] == "Hi! Welcome Ada"
    assert visitor.account == "ada"


@pytest.mark.usefixtures("recognize", "ada")
def test_without_a_measured_curve_nobody_is_looked_for(
    visitor: Visitor, model: EmbeddingModel
) -> None:
    model.calibration = {}
    model.save()
    assert "nobody has measured" in visitor.client.get("/login/").content.decode()
    visitor.claim()
    started = visitor.client.post("/login/face/start/")
    assert (started.status_code, started.json()["code"]) == (422, "promise_broken")
    response = visitor.client.post("/login/face/answer/", answer_of("", ["look_straight"], ADA))
    assert response.json()["code"] == "promise_broken"
    assert visitor.account == ""


@pytest.mark.usefixtures("recognize")
def test_staff_are_not_logged_in_by_being_recognized(
    visitor: Visitor, account: MakeAccount
) -> None:
    account("boss", face=ADA, is_staff=True)
    visitor.claim()
    said = visitor.show_face(ADA).json()
    assert said["code"] == "no_account"
    assert "Boss" not in said["message"]
    assert visitor.account == ""


@pytest.mark.usefixtures("recognize", "ada")
def test_an_account_whose_face_is_off_is_not_recognized(visitor: Visitor) -> None:
    LoginBrake.objects.create(kind="face", account=brakes.account_of("ada"), failures=50)
    visitor.claim()
    assert visitor.show_face(ADA).json()["code"] == "face_login_off"
    assert visitor.account == ""


# --- Locking out ------------------------------------------------------------------------------


@pytest.mark.usefixtures("claimed", "ada")
def test_after_five_wrong_faces_even_the_right_one_waits(visitor: Visitor) -> None:
    visitor.claim("ada")
    for _ in range(5):
        visitor.show_face(SOMEBODY)
    response = visitor.show_face(ADA)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) <= 30
    assert response.json()["wait"] == int(response.headers["Retry-After"])
    assert visitor.account == ""
    assert outcomes()[-1] == "too_many_attempts"


@pytest.mark.usefixtures("claimed", "ada")
def test_unknown_names_are_slowed_down_like_known_ones(visitor: Visitor) -> None:
    visitor.claim("nobody")
    statuses = [visitor.show_face(SOMEBODY).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


@pytest.mark.usefixtures("claimed", "ada")
def test_after_fifty_the_face_is_off_until_a_password_log_in(visitor: Visitor) -> None:
    LoginBrake.objects.create(kind="face", account=brakes.account_of("ada"), failures=50)
    visitor.claim("ada")
    said = visitor.show_face(ADA).json()
    assert said["code"] == "face_login_off"
    assert "Use your password" in said["message"]
    Visitor().give_password("ada")
    visitor.claim("ada")
    assert visitor.show_face(ADA).status_code == 200


@pytest.mark.usefixtures("claimed", "ada")
def test_a_lock_that_falls_during_the_look_refuses_the_right_face(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recognition import services

    def while_others_fail(**asked: Any) -> services.Result:
        for number in range(50):
            try:
                brakes.enter(kind=BrakeKind.FACE, name="ada", address=f"198.51.100.{number}")
            except Braked:
                continue
        return real(**asked)

    real = services.verify
    monkeypatch.setattr(services, "verify", while_others_fail)
    visitor.claim("ada")
    assert visitor.show_face(ADA).json()["code"] == "face_login_off"
    assert visitor.account == ""


def right_answer(visitor: Visitor) -> tuple[list[str], dict[str, Any]]:
    """The steps of a new challenge for Ada, and what she would send."""
    visitor.claim("ada")
    started = visitor.start()
    steps = [each["step"] for each in started["steps"]]
    return steps, answer_of(started["nonce"], steps, ADA)


@pytest.mark.usefixtures("claimed", "ada")
def test_a_challenge_spent_on_pictures_without_a_face_counts(visitor: Visitor) -> None:
    from tests.faces import photo_without_face

    steps, sent = right_answer(visitor)
    sent["frame"] = [
        SimpleUploadedFile("f.png", photo_without_face(variant=number))
        for number in range(len(steps))
    ]
    assert visitor.client.post("/login/face/answer/", sent).json()["code"] == "no_face"
    assert LoginBrake.objects.filter(failures=1).exists()


@pytest.mark.usefixtures("claimed", "ada")
def test_a_second_face_on_one_frame_is_refused_and_on_record(visitor: Visitor) -> None:
    steps, sent = right_answer(visitor)
    crowded = with_bystander(frame_for(steps[2], ADA), share=0.9)
    sent["frame"][2] = SimpleUploadedFile("frame.png", png(crowded))
    response = visitor.client.post("/login/face/answer/", sent)
    assert (response.status_code, response.json()["code"]) == (422, "several_faces")
    assert outcomes() == ["several_faces"]
    assert visitor.account == ""


@pytest.mark.usefixtures("claimed", "ada")
def test_the_frames_that_logged_somebody_in_do_so_once(visitor: Visitor) -> None:
    """A recording of the very same steps, which the next challenge happens to ask for."""
    steps, sent = right_answer(visitor)
    assert visitor.client.post("/login/face/answer/", sent).status_code == 200

    thief = Visitor()
    thief.claim("ada")
    nonce = thief.start()["nonce"]
    LivenessSession.objects.filter(nonce=nonce).update(steps=steps)
    for frame in sent["frame"]:
        frame.seek(0)
    response = thief.client.post("/login/face/answer/", {**sent, "nonce": nonce})
    assert (response.status_code, response.json()["code"]) == (422, "frames_seen_before")
    assert outcomes() == ["live", "match", "frames_seen_before"]
    assert thief.account == ""


@pytest.mark.usefixtures("claimed", "ada")
def test_without_challenges_a_picture_without_a_face_is_no_failure(
    visitor: Visitor, settings: Settings
) -> None:
    from tests.faces import photo_without_face

    settings.FACE_LOGIN_LIVENESS = "off"
    visitor.claim("ada")
    visitor.start()
    sent = answer_of("", ["look_straight"], ADA)
    sent["frame"] = [SimpleUploadedFile("f.png", photo_without_face())]
    assert visitor.client.post("/login/face/answer/", sent).json()["code"] == "no_face"
    assert not LoginBrake.objects.filter(failures__gt=0).exists()


# --- Challenges -------------------------------------------------------------------------------


@pytest.mark.usefixtures("claimed", "ada")
def test_an_answer_counts_once(visitor: Visitor) -> None:
    visitor.claim("ada")
    started = visitor.start()
    visitor.answer(started, SOMEBODY)
    assert visitor.answer(started, ADA).json()["code"] == "challenge_used"
    assert visitor.account == ""
    assert outcomes()[-1] == "challenge_used"


@pytest.mark.parametrize(
    ("mode", "way_out"),
    [("claimed", "Use your password"), ("second_factor", "Ask an administrator")],
)
@pytest.mark.usefixtures("ada")
def test_without_networks_that_are_required_nobody_is_asked_to_move(
    visitor: Visitor, settings: Settings, mesh_alone: Path, mode: str, way_out: str
) -> None:
    settings.FACE_LOGIN_MODE = mode
    settings.LIVENESS_PAD = "required"
    if mode == "claimed":
        visitor.claim("ada")
    else:
        visitor.give_password("ada")
    for code in ("pad_unavailable", "weights_missing"):
        refused = visitor.client.post("/login/face/start/")
        assert (refused.status_code, refused.json()["code"]) == (503, code)
        assert way_out in refused.json()["message"]
        assert "manage.py" not in refused.json()["message"]
        settings.MODELS_DIR = mesh_alone / "none"
    assert not LivenessSession.objects.exists()


@pytest.mark.usefixtures("claimed", "ada")
def test_a_challenge_of_another_session_is_refused(visitor: Visitor) -> None:
    other = Visitor()
    other.claim("ada")
    started = other.start()
    visitor.claim("ada")
    assert visitor.answer(started, ADA).json()["code"] == "challenge_not_yours"
    assert visitor.account == ""


@pytest.mark.usefixtures("claimed", "ada")
def test_an_expired_challenge_is_refused(visitor: Visitor) -> None:
    visitor.claim("ada")
    started = visitor.start()
    LivenessSession.objects.update(expires_at=timezone.now())
    assert visitor.answer(started, ADA).json()["code"] == "challenge_expired"


@pytest.mark.usefixtures("claimed", "ada")
def test_a_frame_without_a_challenge_is_refused_and_on_record(visitor: Visitor) -> None:
    visitor.claim("ada")
    response = visitor.client.post("/login/face/answer/", answer_of("", ["look_straight"], ADA))
    assert response.json()["code"] == "challenge_unknown"
    assert outcomes() == ["challenge_unknown"]


@pytest.mark.usefixtures("ada")
def test_frames_of_somebody_who_began_nothing_are_on_record(visitor: Visitor) -> None:
    response = visitor.client.post("/login/face/answer/", answer_of("x", ["look_straight"], ADA))
    assert response.status_code == 409
    assert outcomes() == ["not_started"]


@pytest.mark.usefixtures("claimed", "ada")
def test_where_the_operator_watches_the_camera_one_picture_is_enough(
    visitor: Visitor, settings: Settings
) -> None:
    settings.FACE_LOGIN_LIVENESS = "off"
    visitor.claim("ada")
    started = visitor.start()
    assert [each["step"] for each in started["steps"]] == ["look_straight"]
    assert visitor.answer(started, SOMEBODY).status_code == 422
    assert visitor.show_face(ADA).status_code == 200
    assert not LivenessSession.objects.exists()


# --- Where to -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("claimed", "ada")
@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/me/photos/", "/me/photos/"),
        ("https://evil.example/", "/me/"),
        ("//evil.example/", "/me/"),
        ("javascript:alert(1)", "/me/"),
        ("/\\evil.example", "/me/"),
        ("", "/me/"),
    ],
)
def test_after_the_log_in_one_stays_on_this_site(visitor: Visitor, asked: str, given: str) -> None:
    visitor.claim("ada", goes_to=asked)
    assert visitor.show_face(ADA).json()["next"] == given
    by_password = Visitor().give_password("ada", next=asked)
    assert by_password.headers["Location"] == given


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("mode", ["claimed", "second_factor"])
def test_whoever_goes_back_from_the_camera_still_gets_where_they_wanted(
    visitor: Visitor, settings: Settings, mode: str
) -> None:
    settings.FACE_LOGIN_MODE = mode
    if mode == "claimed":
        visitor.claim("ada", goes_to="/me/photos/")
    else:
        visitor.give_password("ada", next="/me/photos/")
    page = visitor.client.get("/login/face/").content.decode()
    links = set(re.findall(r'(?:href|data-again)="(/login/[^"]*)"', page))
    assert links == {"/login/?next=%2Fme%2Fphotos%2F"}


# --- Hints ------------------------------------------------------------------------------------


def test_hints_are_for_who_is_logging_in(visitor: Visitor, ada: User) -> None:
    frame = {"frame": SimpleUploadedFile("f.png", frame_bytes("look_straight", ADA))}
    assert visitor.client.post("/login/face/hint/", frame).status_code == 409
    visitor.give_password("ada")
    frame["frame"].seek(0)
    said = visitor.client.post("/login/face/hint/", {**frame, "step": "look_straight"})
    assert said.status_code == 200
    assert set(said.json()) == {"code", "message"}


def test_hints_are_given_only_so_often(
    visitor: Visitor, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.login.throttles.HINTS", 1)
    visitor.give_password("ada")
    assert visitor.client.post("/login/face/hint/").status_code == 400
    assert visitor.client.post("/login/face/hint/").status_code == 429


def test_a_hint_leaves_nothing_behind(visitor: Visitor, ada: User) -> None:
    visitor.give_password("ada")
    visitor.client.post(
        "/login/face/hint/",
        {"frame": SimpleUploadedFile("f.png", frame_bytes("turn_left", ADA)), "step": "turn_left"},
    )
    assert outcomes() == []
    assert not LoginBrake.objects.filter(kind="face").exists()


@pytest.mark.usefixtures("ada")
def test_the_name_of_the_account_is_not_the_persons(visitor: Visitor, claimed: None) -> None:
    visitor.claim("Ada")  # names are case-sensitive, as Django's are
    assert visitor.show_face(ADA).status_code == 422
