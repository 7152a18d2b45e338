"""A device that asks for moves clocks whoever makes them, and nothing that only looks like it."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from people.models import Gallery, Person
from recognition import liveness
from recognition.attendance.signals import clocked
from recognition.devices import NewKey, add_device
from recognition.liveness import challenges
from recognition.models import Attempt, AttendanceEvent, Device, LivenessSession, LivenessStep
from tests.faces import FakeEngine, frame_for, photo_of, photo_too_dark
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with, is_problem
from tests.recognition.api.test_clock import batch, capture
from tests.recognition.api.test_concurrency import at_once

CHALLENGES = "/api/v1/attendance/challenges/"
URL = "/api/v1/attendance/clock/"
ADDRESS = "127.0.0.1"
Challenge = Mapping[str, Any]


@pytest.fixture
def new_device(north: Gallery) -> NewKey:
    return add_device(name="Door", galleries=[north], requires_liveness=True)


@pytest.fixture
def ann(enrol: Enrol, north: Gallery) -> Person:
    ann = enrol("Ann", 10, gallery=north)
    ann.staff_number = "7"
    ann.save()
    return ann


pytestmark = pytest.mark.usefixtures("ann")


def start(client: APIClient, *, seconds_ago: float = 5) -> Challenge:
    """One that was asked for a while ago: nobody answers in no time."""
    answer = client.post(CHALLENGES)
    assert answer.status_code == 201, answer.content
    challenge: Challenge = answer.json()
    age(challenge, seconds_ago)
    return challenge


_numbers: dict[str, int] = {}


def age(challenge: Challenge, seconds: float) -> None:
    ago = timedelta(seconds=seconds)
    LivenessSession.objects.filter(nonce=challenge["nonce"]).update(
        created_at=F("created_at") - ago, expires_at=F("expires_at") - ago
    )


def steps_of(challenge: Challenge) -> list[str]:
    return [asked["step"] for asked in challenge["steps"]]


def png(step: str, angle: float, variant: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(frame_for(step, angle, variant=variant)).save(out, "PNG")
    return out.getvalue()


def answer_to(
    challenge: Challenge, angles: Sequence[float] = (10,), *, variant: int = 0
) -> dict[str, Any]:
    """A form that answers it. angles: whose face is in the frames, taking turns.

    Another challenge is answered with other pictures.
    """
    steps = steps_of(challenge)
    variant += 10 * _numbers.setdefault(challenge["nonce"], len(_numbers) % 14)
    pictures = [png(step, angles[i % len(angles)], variant) for i, step in enumerate(steps)]
    return {
        "challenge": challenge["nonce"],
        "photo": [SimpleUploadedFile("frame.png", picture) for picture in pictures],
        "step": steps,
        "taken_ms": [1000 * number for number in range(len(steps))],
    }


def clock(client: APIClient, form: Mapping[str, Any], *, key: str = "") -> Any:
    for photo in form["photo"]:
        photo.seek(0)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(URL, dict(form), format="multipart", headers=headers)


def is_refused(answer: Any, code: str, *, status: int = 422) -> None:
    """With its code, on record under it, and without an event."""
    is_problem(answer, status)
    assert answer.json()["code"] == code
    last = Attempt.objects.latest("id")
    assert (last.purpose, last.source, last.outcome) == ("liveness", "device", code)
    assert last.actor == Device.objects.get(name="Door").account
    assert not AttendanceEvent.objects.exists()


def test_a_challenge_says_what_to_do_and_until_when(kiosk: APIClient) -> None:
    answer = kiosk.post(CHALLENGES)
    challenge = answer.json()
    session = LivenessSession.objects.get()
    assert answer.status_code == 201
    assert challenge["nonce"] == session.nonce
    assert steps_of(challenge) == session.steps
    assert all(
        asked["instruction"] == LivenessStep(asked["step"]).label for asked in challenge["steps"]
    )
    assert session.expires_at - session.created_at == timedelta(seconds=60)
    assert session.purpose == "clock"


def test_an_answer_that_is_refused_does_not_say_for_which_face(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk))
    form["photo"][-1] = SimpleUploadedFile("frame.png", photo_too_dark(10))
    answer = clock(kiosk, form)
    is_refused(answer, "too_dark")
    assert not {"box", "quality"} & set(answer.json())


def test_who_moves_as_asked_is_clocked(kiosk: APIClient, ann: Person) -> None:
    answer = clock(kiosk, answer_to(start(kiosk)))
    assert (answer.status_code, answer.json()["message"]) == (201, "Hi! Welcome Ann")
    event = AttendanceEvent.objects.get()
    assert event.person == ann
    assert event.attempt is not None
    assert event.attempt.frames == 4
    assert list(Attempt.objects.order_by("id").values_list("purpose", "outcome", "source")) == [
        ("liveness", "live", "device"),
        ("recognize", "match", "device"),
    ]


def test_a_claim_is_checked_one_to_one(kiosk: APIClient) -> None:
    right = clock(kiosk, {**answer_to(start(kiosk)), "staff_number": "7"})
    assert (right.status_code, right.json()["message"]) == (201, "Verified! Welcome Ann")
    wrong = clock(kiosk, {**answer_to(start(kiosk), [100]), "staff_number": "7"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "no_match")
    assert AttendanceEvent.objects.count() == 1


def test_a_stranger_who_moves_is_a_stranger(kiosk: APIClient) -> None:
    answer = clock(kiosk, answer_to(start(kiosk), [100]))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown")
    assert not AttendanceEvent.objects.exists()


@pytest.mark.parametrize("more", [{}, {"staff_number": "7"}, {"direction": "in"}])
def test_a_photo_alone_is_refused(kiosk: APIClient, more: dict[str, str]) -> None:
    photo = SimpleUploadedFile("face.png", photo_of(10))
    answer = clock(kiosk, {"photo": [photo], **more})
    is_refused(answer, "liveness_required")
    assert "Start a challenge" in answer.json()["detail"]


def test_several_photos_are_no_answer_either(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk))
    is_refused(clock(kiosk, {"photo": form["photo"]}), "liveness_required")


def test_what_was_stored_is_refused_item_by_item(kiosk: APIClient) -> None:
    moments = [(timezone.now() - timedelta(hours=hours)).isoformat() for hours in (3, 2)]
    captures = [capture(10, moment) for moment in moments]
    first, again = batch(kiosk, *captures), batch(kiosk, *captures)
    assert first.status_code == 200
    results = first.json()["results"]
    assert [result["status"] for result in results] == [422, 422]
    assert {result["answer"]["code"] for result in results} == {"liveness_required"}
    assert again.json() == first.json()
    assert Counter(Attempt.objects.values_list("outcome", flat=True)) == {"liveness_required": 2}
    assert not AttendanceEvent.objects.exists()


def test_what_was_stored_answers_no_challenge(kiosk: APIClient) -> None:
    item = {**capture(10, timezone.now().isoformat()), "challenge": start(kiosk)["nonce"]}
    (result,) = batch(kiosk, item).json()["results"]
    assert (result["status"], result["answer"]["code"]) == (400, "invalid")
    assert Attempt.objects.get().outcome == "invalid"
    assert LivenessSession.objects.get().used_at is None
    assert not AttendanceEvent.objects.exists()


def test_a_challenge_is_answered_once(kiosk: APIClient) -> None:
    challenge = start(kiosk)
    clock(kiosk, answer_to(challenge, [100]))
    is_refused(clock(kiosk, answer_to(challenge)), "challenge_used")


def test_frames_of_another_challenge_are_refused(kiosk: APIClient) -> None:
    """Replayed: they show other steps, or these in another order."""
    old = start(kiosk)
    LivenessSession.objects.filter(nonce=old["nonce"]).update(
        steps=["look_straight", "turn_left", "tilt_left"]
    )
    new = start(kiosk)
    LivenessSession.objects.filter(nonce=new["nonce"]).update(
        steps=["look_straight", "tilt_left", "turn_left"]
    )
    played = {"steps": [{"step": s} for s in ("look_straight", "turn_left", "tilt_left")]}
    recorded = answer_to({**played, "nonce": new["nonce"]})
    is_refused(clock(kiosk, recorded), "step_missing")


def test_frames_that_are_called_other_steps_are_refused(kiosk: APIClient) -> None:
    challenge = start(kiosk)
    form = answer_to(challenge)
    still = [SimpleUploadedFile("a.png", png("look_straight", 10, v)) for v in range(4)]
    is_refused(clock(kiosk, {**form, "photo": still}), "frames_alike")


def test_one_still_photo_for_every_step_is_refused(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk))
    still = [SimpleUploadedFile("a.png", photo_of(10)) for _step in form["step"]]
    is_refused(clock(kiosk, {**form, "photo": still}), "frames_alike")


def test_a_challenge_of_another_device_is_refused(kiosk: APIClient, north: Gallery) -> None:
    other = client_with(add_device(name="Gate", galleries=[north]).key)
    is_refused(clock(kiosk, answer_to(start(other))), "challenge_not_yours")


@pytest.mark.parametrize("purpose", ["login", "enrol"])
def test_a_challenge_for_something_else_is_refused(
    kiosk: APIClient, device: Device, purpose: str
) -> None:
    session = liveness.start(
        purpose=purpose, bound_to=f"device {device.public_id}", address=ADDRESS
    )
    challenge = {"nonce": session.nonce, "steps": [{"step": step} for step in session.steps]}
    age(challenge, 5)
    is_refused(clock(kiosk, answer_to(challenge)), "challenge_not_yours")


def test_a_challenge_asked_for_elsewhere_is_refused(kiosk: APIClient) -> None:
    challenge = start(kiosk)
    kiosk.defaults["REMOTE_ADDR"] = "192.0.2.7"
    is_refused(clock(kiosk, answer_to(challenge)), "challenge_not_yours")


def test_after_a_minute_it_is_too_late(kiosk: APIClient) -> None:
    is_refused(clock(kiosk, answer_to(start(kiosk, seconds_ago=61))), "challenge_expired")


def test_an_answer_in_no_time_is_refused(kiosk: APIClient) -> None:
    is_refused(clock(kiosk, answer_to(start(kiosk, seconds_ago=0))), "too_fast")


def test_a_nonce_of_nobody_is_refused(kiosk: APIClient) -> None:
    challenge = {**start(kiosk), "nonce": "of nobody"}
    is_refused(clock(kiosk, answer_to(challenge)), "challenge_unknown")


def test_two_people_taking_turns_are_refused(
    kiosk: APIClient, enrol: Enrol, north: Gallery
) -> None:
    enrol("Bob", 150, gallery=north)
    is_refused(clock(kiosk, answer_to(start(kiosk), [10, 150])), "face_changed")


def test_a_frame_without_a_face_is_refused(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk))
    wall = np.zeros((64, 64, 3), np.uint8)
    wall[:] = 0, 255, 0
    out = io.BytesIO()
    Image.fromarray(wall).save(out, "PNG")
    form["photo"][1] = SimpleUploadedFile("wall.png", out.getvalue())
    is_refused(clock(kiosk, form), "no_face")


def test_without_the_networks_that_are_required_nobody_is_clocked(
    kiosk: APIClient, settings: Settings, mesh_alone: Path
) -> None:
    """A fault of the site, and the challenge is used up all the same: so it is the key's answer."""
    form = answer_to(start(kiosk))
    settings.LIVENESS_PAD = "required"
    is_refused(clock(kiosk, form, key="a"), "pad_unavailable", status=503)
    again = clock(kiosk, form, key="a")
    assert again["Idempotent-Replayed"] == "true"
    settings.LIVENESS_PAD = "off"
    is_refused(clock(kiosk, form, key="b"), "challenge_used")


def test_without_them_nobody_is_asked_to_move_either(
    kiosk: APIClient, settings: Settings, mesh_alone: Path
) -> None:
    settings.LIVENESS_PAD = "required"
    for code, option in (("pad_unavailable", "--pad"), ("weights_missing", "--mesh")):
        refused = kiosk.post(CHALLENGES)
        is_problem(refused, 503)
        assert refused.json()["code"] == code
        assert f"manage.py fetch_models {option}" in refused.json()["detail"]
        settings.MODELS_DIR = mesh_alone / "none"


@pytest.mark.parametrize("without", [["challenge"], ["step"], ["taken_ms"], ["step", "taken_ms"]])
def test_half_an_answer_is_refused_and_uses_the_challenge_it_names_up(
    kiosk: APIClient, without: list[str]
) -> None:
    form = answer_to(start(kiosk))
    half = {name: value for name, value in form.items() if name not in without}
    is_refused(clock(kiosk, half), "unprocessable")
    names_it = "challenge" in half
    assert LivenessSession.objects.filter(used_at=None).exists() != names_it
    again = clock(kiosk, form)
    assert again.status_code == (422 if names_it else 201)


def test_half_an_answer_gets_the_same_one_for_its_key(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk))
    half = {**form, "taken_ms": form["taken_ms"][:-1]}
    first, again = clock(kiosk, half, key="a"), clock(kiosk, half, key="a")
    assert (first.status_code, first.json()) == (422, again.json())
    is_refused(clock(kiosk, form, key="a"), "challenge_used")


def test_a_frame_that_is_no_picture_uses_the_challenge_up(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk))
    form["photo"][2] = SimpleUploadedFile("frame.png", b"GIF89a, or so it says")
    is_refused(clock(kiosk, form, key="a"), "photo_wrong_type", status=415)
    assert clock(kiosk, form, key="a")["Idempotent-Replayed"] == "true"
    assert Attempt.objects.count() == 1
    is_refused(clock(kiosk, answer_to(_named(form)), key="b"), "challenge_used")


def _named(form: Mapping[str, Any]) -> Challenge:
    return {"nonce": form["challenge"], "steps": [{"step": step} for step in form["step"]]}


def test_json_that_is_half_an_answer_is_on_record(kiosk: APIClient) -> None:
    nonce = start(kiosk)["nonce"]
    is_refused(kiosk.post(URL, {"challenge": nonce}, format="json"), "invalid", status=400)
    photo = {"challenge": nonce, "photo": "<photo>", "step": ["turn_left"], "taken_ms": [0]}
    is_refused(kiosk.post(URL, photo, format="json"), "photo_not_base64")
    assert LivenessSession.objects.get().used_at is not None


@pytest.mark.parametrize("body", ["{", '["challenge"]', '"challenge"'])
def test_what_is_no_request_is_not_on_record(kiosk: APIClient, body: str) -> None:
    is_problem(kiosk.generic("POST", URL, body, content_type="application/json"), 400)
    is_problem(kiosk.generic("POST", URL, "challenge=a", content_type="text/plain"), 415)
    assert not Attempt.objects.exists()


def test_a_photo_alone_that_is_no_picture_is_on_record(kiosk: APIClient) -> None:
    is_refused(
        clock(kiosk, {"photo": [SimpleUploadedFile("a.png", b"text")]}),
        "photo_wrong_type", status=415,
    )  # fmt: skip


def test_a_key_of_something_else_is_on_record_and_costs_no_challenge(kiosk: APIClient) -> None:
    clock(kiosk, answer_to(start(kiosk), [100]), key="a")
    other = start(kiosk)
    is_refused(clock(kiosk, answer_to(other), key="a"), "key_used_otherwise", status=409)
    is_refused(clock(kiosk, answer_to(other), key="a b"), "invalid", status=400)
    assert clock(kiosk, answer_to(other), key="b").status_code == 201


@pytest.mark.parametrize(
    "more",
    [
        {"step": ["nod"] * 4},
        {"taken_ms": ["soon"] * 4},
        {"taken_ms": [-1, 0, 1, 2]},
        {"taken_ms": [2**53] * 4},
        {"challenge": ""},
        {"challenge": "a\x00b"},
        {"challenge": "n" * 65},
        {"challenge": ["a", "b"]},
    ],
)
def test_what_the_schema_does_not_know_is_refused(kiosk: APIClient, more: dict[str, Any]) -> None:
    answer = clock(kiosk, {**answer_to(start(kiosk)), **more})
    is_refused(answer, "invalid", status=400)
    names_it = "challenge" not in more
    assert LivenessSession.objects.filter(used_at=None).exists() != names_it


def test_an_answer_of_now_proves_nothing_about_yesterday(kiosk: APIClient) -> None:
    yesterday = (timezone.now() - timedelta(hours=20)).isoformat()
    answer = clock(kiosk, {**answer_to(start(kiosk)), "occurred_at": yesterday})
    is_refused(answer, "clock_drift")
    now = timezone.now().isoformat()
    assert clock(kiosk, {**answer_to(start(kiosk)), "occurred_at": now}).status_code == 201


def test_a_device_without_a_gallery_knows_nobody(kiosk: APIClient, device: Device) -> None:
    device.galleries.clear()
    is_refused(clock(kiosk, answer_to(start(kiosk))), "gallery_not_allowed", status=403)


def test_the_same_key_gives_the_same_answer_and_burns_no_second_challenge(
    kiosk: APIClient,
) -> None:
    challenge, other = start(kiosk), start(kiosk)
    form = answer_to(challenge)
    first, again = clock(kiosk, form, key="a"), clock(kiosk, form, key="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Attempt.objects.count() == 2
    is_problem(clock(kiosk, answer_to(other), key="a"), 409)
    assert LivenessSession.objects.get(nonce=other["nonce"]).used_at is None


def test_a_refusal_is_kept_for_its_key_too(kiosk: APIClient) -> None:
    form = answer_to(start(kiosk), [10, 150])
    first, again = clock(kiosk, form, key="a"), clock(kiosk, form, key="a")
    assert first.json() == again.json()
    assert first.json()["code"] == "face_changed"
    assert Attempt.objects.count() == 1


def test_a_request_that_breaks_leaves_the_challenge_for_its_key(
    kiosk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answer and challenge are one transaction: nothing was answered, so nothing is used up."""
    form = answer_to(start(kiosk))
    with monkeypatch.context() as broken:
        broken.setattr(clocked, "send", lambda **_event: 1 / 0)  # last of all
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            clock(kiosk, form, key="a")
    assert not Attempt.objects.exists()
    assert clock(kiosk, form, key="a").status_code == 201


def test_a_device_that_requires_nothing_may_ask_all_the_same(
    kiosk: APIClient, device: Device
) -> None:
    Device.objects.update(requires_liveness=False)
    is_refused(clock(kiosk, answer_to(start(kiosk), [10, 150])), "face_changed")
    assert clock(kiosk, answer_to(start(kiosk))).status_code == 201


def test_a_device_that_requires_nothing_is_asked_nothing_more(kiosk: APIClient) -> None:
    Device.objects.update(requires_liveness=False)
    with CaptureQueriesContext(connection) as asked:
        answer = clock(kiosk, {"photo": [SimpleUploadedFile("a.png", photo_of(10))]})
    assert answer.status_code == 201
    assert not [q for q in asked.captured_queries if "livenesssession" in (q["sql"] or "")]


def test_the_device_is_told(kiosk: APIClient, device: Device) -> None:
    assert kiosk.get(URL).json()["requires_liveness"] is True
    Device.objects.update(requires_liveness=False)
    assert kiosk.get(URL).json()["requires_liveness"] is False


def test_a_device_that_may_not_clock_gets_no_challenge(kiosk: APIClient, device: Device) -> None:
    Device.objects.update(may_clock=False)
    is_problem(kiosk.post(CHALLENGES), 403)


def test_a_device_does_not_ask_until_the_steps_suit_a_recording(
    kiosk: APIClient, north: Gallery
) -> None:
    for _ in range(challenges.UNANSWERED):
        start(kiosk)
    refused = kiosk.post(CHALLENGES)
    is_problem(refused, 429)
    assert refused.json()["code"] == "too_many_challenges"
    assert refused["Retry-After"] == "600"
    other = client_with(add_device(name="Gate", galleries=[north]).key)
    assert other.post(CHALLENGES).status_code == 201, "who shares its address may go on"
    assert liveness.start(purpose="login", bound_to="a session", address=ADDRESS).pk


def fail(client: APIClient, times: int) -> None:
    for _ in range(times):
        assert clock(client, answer_to(start(client), [10, 150])).json()["code"] == "face_changed"


def test_a_device_whose_answers_fail_in_a_row_waits_and_no_other_does(
    kiosk: APIClient, north: Gallery
) -> None:
    fail(kiosk, challenges.FAILED)
    refused = kiosk.post(CHALLENGES)
    is_problem(refused, 429)
    assert refused.json()["code"] == "too_many_attempts"
    assert 0 < int(refused["Retry-After"]) <= 30
    other = client_with(add_device(name="Gate", galleries=[north]).key)
    assert other.post(CHALLENGES).status_code == 201

    LivenessSession.objects.update(used_at=F("used_at") - challenges.WAITS_AFTER_FAILED)
    fail(kiosk, 1)
    assert kiosk.post(CHALLENGES).status_code == 429, "each further one waits"
    LivenessSession.objects.update(used_at=F("used_at") - challenges.WAITS_AFTER_FAILED)
    assert clock(kiosk, answer_to(start(kiosk))).status_code == 201
    assert kiosk.post(CHALLENGES).status_code == 201


def test_somebody_who_is_believed_between_ends_the_row(kiosk: APIClient) -> None:
    fail(kiosk, challenges.FAILED - 1)
    assert clock(kiosk, answer_to(start(kiosk))).status_code == 201
    fail(kiosk, 1)
    assert kiosk.post(CHALLENGES).status_code == 201


@pytest.fixture
def patient(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces take a while, so that those who come at once do meet."""
    look = fake_engine.faces

    def slowly(photo: Any) -> Any:
        time.sleep(0.05)
        return look(photo)

    monkeypatch.setattr(fake_engine, "faces", slowly)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("with_keys", [False, True])
def test_two_who_answer_one_challenge_at_once_make_one_event(
    new_device: NewKey, with_keys: bool, settings: Settings
) -> None:
    settings.CLOCK_REPEAT = timedelta(0)  # a second event would be one
    challenge = start(client_with(new_device.key))

    def ask(index: int) -> Any:
        form = answer_to(challenge, variant=index)
        key = str(uuid4()) if with_keys else ""
        return clock(client_with(new_device.key), form, key=key)

    answers = at_once(2, ask)
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert refused.json()["code"] == "challenge_used"
    assert AttendanceEvent.objects.count() == 1
    assert Counter(Attempt.objects.values_list("outcome", flat=True)) == {
        "live": 1, "match": 1, "challenge_used": 1
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_ten_posts_with_one_key_at_once_use_one_challenge_and_get_one_answer(
    new_device: NewKey,
) -> None:
    challenge = start(client_with(new_device.key))
    answers = at_once(
        10, lambda _index: clock(client_with(new_device.key), answer_to(challenge), key="a")
    )
    assert Counter(answer.status_code for answer in answers) == {201: 10}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert AttendanceEvent.objects.count() == 1
    assert Attempt.objects.count() == 2
