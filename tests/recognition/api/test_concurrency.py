"""Many at once, each with a connection of its own, as the server has them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from people.models import Gallery
from recognition.devices import add_device
from recognition.models import Attempt, AttendanceEvent
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with

URL = "/api/v1/attendance/clock/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(enrol: Enrol) -> str:
    north = Gallery.objects.create(name="North")
    enrol("Ann", 10, gallery=north)
    return add_device(name="Door", galleries=[north]).key


def at_once(number: int, ask: Callable[[int], Any]) -> list[Any]:
    start = threading.Barrier(number)

    def one(index: int) -> Any:
        start.wait()
        try:
            return ask(index)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def clock(device_key: str, *, variant: int = 0, idempotency_key: str = "") -> Any:
    photo = SimpleUploadedFile("face.png", photo_of(10, variant=variant))
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    return client_with(device_key).post(URL, {"photo": photo}, headers=headers)


def test_a_hundred_posts_with_one_key_make_one_event_and_get_one_answer(key: str) -> None:
    answers = at_once(100, lambda _index: clock(key, idempotency_key="the-same"))
    assert Counter(answer.status_code for answer in answers) == {201: 100}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    assert AttendanceEvent.objects.count() == Attempt.objects.count() == 1


def test_twenty_photos_of_one_person_at_once_make_one_event(key: str) -> None:
    answers = at_once(20, lambda index: clock(key, variant=index))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert len({answer.json()["event"]["id"] for answer in answers}) == 1
    assert AttendanceEvent.objects.count() == 1
    assert Attempt.objects.count() == 20


def test_a_key_used_for_two_things_at_once_is_one_event_and_conflicts(key: str) -> None:
    answers = at_once(20, lambda index: clock(key, variant=index, idempotency_key="the-same"))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert AttendanceEvent.objects.count() == 1


def test_ten_clicks_on_undo_at_once_make_one_correction(key: str) -> None:
    event = clock(key).json()["event"]["id"]
    answers = at_once(10, lambda _index: client_with(key).post(f"{URL}{event}/undo/"))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 9}
    assert AttendanceEvent.objects.filter(is_void=True).count() == 1
