"""People with accounts, and answers to challenges."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from people.images import Pixels
from people.models import Person
from recognition.models import LivenessSession
from tests.faces import VARIANTS, frame_for
from tests.fixtures import Enrol

PASSWORD = "correct horse battery"
ADA, SOMEBODY = 10, 150  # angles: far enough apart to be two people

MakeAccount = Callable[..., User]


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def account(enrol: Enrol) -> MakeAccount:
    """account("ada", face=10): an account with this password, and a person with this face."""

    def make(name: str, *, face: float | None = None, **more: Any) -> User:
        user = User.objects.create_user(name, password=PASSWORD, **more)
        person = enrol(name.capitalize(), *([] if face is None else [face]))
        Person.objects.filter(pk=person.pk).update(user=user)
        return user

    return make


@pytest.fixture
def ada(account: MakeAccount) -> User:
    return account("ada", face=ADA)


@pytest.fixture
def claimed(settings: Settings) -> None:
    settings.FACE_LOGIN_MODE = "claimed"


class Visitor:
    """A browser on its way through the log-in."""

    def __init__(self, **environment: Any) -> None:
        self.client = Client(**environment)

    def give_password(
        self, name: str, password: str = PASSWORD, page: str = "/login/", **more: str
    ) -> Any:
        return self.client.post(page, {"username": name, "password": password, **more})

    def claim(self, name: str = "ada", goes_to: str = "") -> Any:
        return self.client.post("/login/claim/", {"name": name, "next": goes_to})

    def start(self) -> dict[str, Any]:
        said: dict[str, Any] = self.client.post("/login/face/start/").json()
        LivenessSession.objects.filter(nonce=said.get("nonce", "")).update(
            created_at=_seconds_ago(5)
        )
        return said

    def answer(self, started: dict[str, Any], face: float) -> Any:
        steps = [each["step"] for each in started["steps"]]
        return self.client.post("/login/face/answer/", answer_of(started["nonce"], steps, face))

    def show_face(self, face: float) -> Any:
        return self.answer(self.start(), face)

    @property
    def account(self) -> str:
        """Who is logged in here; "" when nobody is."""
        user_id = self.client.session.get("_auth_user_id")
        return User.objects.get(pk=user_id).username if user_id else ""


def _seconds_ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)


_answers = count()


def answer_of(nonce: str, steps: list[str], face: float) -> dict[str, Any]:
    """Pictures that nobody has sent before."""
    variant = next(_answers) % VARIANTS
    return {
        "nonce": nonce,
        "step": steps,
        "taken_ms": [str(1000 * number) for number in range(len(steps))],
        "frame": [
            SimpleUploadedFile("frame.png", frame_bytes(step, face, variant)) for step in steps
        ],
    }


def frame_bytes(step: str, face: float, variant: int = 0) -> bytes:
    return png(frame_for(step, face, variant=variant))


def png(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()
