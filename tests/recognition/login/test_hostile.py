"""Whatever is posted directly: refused, on record, never an error of ours."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from people.models import FaceImage
from recognition.login import backends
from recognition.me import consents
from recognition.models import Attempt
from tests.recognition.login.conftest import ADA, Visitor, answer_of, frame_bytes

pytestmark = pytest.mark.django_db

ANSWER = "/login/face/answer/"
MULTIPART = "multipart/form-data; boundary=xxx"


@pytest.fixture
def begun(claimed: None, ada: User, visitor: Visitor) -> Visitor:
    visitor.claim("ada")
    return visitor


def part(name: str, value: bytes, *, file: bool = False) -> bytes:
    about = b'; filename="f.jpg"' if file else b""
    return b'--xxx\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
        name.encode(), about, value,
    )  # fmt: skip


def random_body(chance: random.Random) -> tuple[bytes, str]:
    """Noise; or a form with noise for what it should hold."""
    noise = chance.randbytes(chance.randrange(400))
    kind = chance.choice(["noise", "form", "frames", "cut", "json"])
    if kind == "noise":
        types = [MULTIPART, "application/x-www-form-urlencoded", "text/plain", "", "multipart/x",
                 "multipart/form-data", "multipart/form-data; boundary=\xff", "a/b; charset=utf-7",
                 "application/x-www-form-urlencoded; charset=utf-16"]  # fmt: skip
        return noise, chance.choice(types)
    if kind == "json":
        return b'{"nonce": 1}' + noise, "application/json"
    fields = ["nonce", "step", "taken_ms", "frame", "frame", "", "\x00"]
    parts = [part(chance.choice(fields), noise) for _ in range(chance.randrange(6))]
    if kind == "frames":
        jpeg = frame_bytes("turn_left", ADA)
        data = chance.choice([jpeg, jpeg[: len(jpeg) // 2], noise, b"", b"\xff\xd8" + noise])
        for number in range(chance.randrange(1, 5)):
            parts += [part("frame", data, file=True), part("step", b"turn_left")]
            parts += [part("taken_ms", str(number * chance.choice([1, 900, -5])).encode())]
        parts.append(part("nonce", chance.choice([b"", noise, b"\x00", "ü".encode()])))
    body = b"".join(parts) + b"--xxx--\r\n"
    return (body[: chance.randrange(len(body))] if kind == "cut" else body), MULTIPART


@pytest.fixture
def endless(begun: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Whom nothing slows down."""
    for limit in ("DECISIONS", "HINTS", "HINTS_OF_ADDRESS"):
        monkeypatch.setattr(f"recognition.login.throttles.{limit}", 10**6)
    monkeypatch.setattr("recognition.login.brakes.FREE_FAILURES", 10**6)
    monkeypatch.setattr("recognition.login.brakes.MOST_FAILURES", 10**6)
    begun.client.raise_request_exception = False
    return begun


def answers_to_noise(visitor: Visitor, address: str, number: int, **headers: str) -> list[Any]:
    chance = random.Random(20)  # noqa: S311
    answers = []
    for _ in range(number):
        body, kind = random_body(chance)
        answers.append(
            visitor.client.generic("POST", address, body, content_type=kind, headers=headers)
        )
    return answers


def token_of(visitor: Visitor, page: str) -> dict[str, str]:
    """What the page's script sends along; from now on it has to."""
    visitor.client.handler.enforce_csrf_checks = True
    visitor.client.get(page)
    return {"X-CSRFToken": visitor.client.cookies["csrftoken"].value}


@pytest.mark.django_db(transaction=True)  # in one transaction, a row changed so often gets slow
@pytest.mark.parametrize("is_forged", [False, True])
def test_a_thousand_random_bodies_are_refused_and_on_record(
    endless: Visitor, is_forged: bool
) -> None:
    token = token_of(endless, "/login/face/")
    answers = answers_to_noise(endless, ANSWER, 1000, **({} if is_forged else token))
    assert {answer.status_code for answer in answers} == {400, 403 if is_forged else 422}
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
    assert Attempt.objects.count() == 1000
    assert not Attempt.objects.filter(outcome__in=["live", "match"]).exists()
    assert endless.account == ""


@pytest.mark.parametrize(
    ("address", "statuses"),
    [
        ("/login/face/hint/", {200, 400, 422}),
        ("/login/claim/", {200, 302, 400}),
        ("/me/photos/answer/", {400, 422}),
    ],
)
def test_random_bodies_are_no_errors_of_ours_elsewhere(
    endless: Visitor, ada: User, address: str, statuses: set[int]
) -> None:
    if address.startswith("/me/"):
        endless.client.force_login(ada, backend=backends.PASSWORD)
        consents.give(user=ada)
    photos = FaceImage.objects.count()
    answers = answers_to_noise(endless, address, 200)
    assert {answer.status_code for answer in answers} <= statuses
    assert FaceImage.objects.count() == photos
    assert Attempt.objects.count() == (200 if address.startswith("/me/") else 0)
    assert not Attempt.objects.filter(outcome__in=["live", "match"]).exists()


def test_a_huge_body_is_refused_unread_and_on_record(begun: Visitor) -> None:
    response = begun.client.post(
        ANSWER, {"frame": SimpleUploadedFile("f.jpg", bytes(3 * 1024 * 1024))}
    )
    assert response.status_code == 413
    assert Attempt.objects.get().outcome == "request_too_large"


@pytest.mark.parametrize("number", [0, 19])
def test_no_frames_and_too_many_are_refused(begun: Visitor, number: int) -> None:
    response = begun.client.post(ANSWER, answer_of("x", ["look_straight"] * number, ADA))
    assert (response.status_code, response.json()["code"]) == (400, "frames_malformed")
    assert Attempt.objects.get().outcome == "frames_malformed"


@pytest.mark.parametrize("taken", ["", "-1", "1e3", "١", "9" * 40, "NaN"])
def test_a_time_that_is_none_is_refused(begun: Visitor, taken: str) -> None:
    sent = answer_of("x", ["look_straight"], ADA) | {"taken_ms": [taken]}
    assert begun.client.post(ANSWER, sent).json()["code"] == "frames_malformed"


def test_what_is_no_picture_counts_as_an_attempt(begun: Visitor) -> None:
    for _ in range(5):
        sent = answer_of("x", ["look_straight"], ADA)
        sent["frame"] = [SimpleUploadedFile("f.jpg", b"not a picture")]
        assert begun.client.post(ANSWER, sent).json()["code"] == "photo_wrong_type"
    assert begun.client.post(ANSWER, {}).status_code == 429


def test_a_forged_form_is_refused(begun: Visitor) -> None:
    begun.client.handler.enforce_csrf_checks = True
    for address in (ANSWER, "/login/face/start/", "/login/face/hint/", "/login/claim/", "/logout/"):
        assert begun.client.post(address).status_code == 403
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.source, attempt.claimed) == ("forged", "login", None)


def test_forged_forms_slow_nobody_down(begun: Visitor) -> None:
    """They come from somebody else's page: they are no guesses of whose browser sends them."""
    begun.client.handler.enforce_csrf_checks = True
    for _ in range(6):
        assert begun.client.post(ANSWER, {}).json()["code"] == "forged"
    begun.client.handler.enforce_csrf_checks = False
    assert begun.show_face(ADA).status_code == 200
    assert begun.account == "ada"


def test_a_flood_is_refused_without_work(begun: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognition.login.throttles.DECISIONS", 2)
    statuses = [begun.client.post(ANSWER, {}).status_code for _ in range(4)]
    assert statuses == [400, 400, 429, 429]
    assert Attempt.objects.count() == 2


@pytest.mark.parametrize("method", ["get", "put", "delete", "options", "head"])
def test_other_methods_do_nothing(begun: Visitor, method: str) -> None:
    assert getattr(begun.client, method)(ANSWER).status_code == 405


def test_a_request_that_cannot_be_read_is_told_what_to_do() -> None:
    response = Client().get("/login/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert "load the page again" in response.content.decode()
