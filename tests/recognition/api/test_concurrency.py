"""Many at once, each with a connection of its own, as the server has them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from pytest_django import DjangoDbBlocker, Settings
from rest_framework.test import APIClient

from people.models import EmbeddingModel, Gallery, Person
from recognition.devices import add_device
from recognition.models import Attempt, AttendanceEvent
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.api.conftest import client_with

URL = "/api/v1/attendance/clock/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def first_model_again(transactional_db: None) -> Iterator[None]:
    """These tests empty every table afterwards; the first model comes from a migration."""
    kept = list(EmbeddingModel.objects.all())
    yield
    connection.close()  # truncation would wait for a transaction left open
    _restore(kept)


def _restore(kept: list[EmbeddingModel]) -> None:
    """After the truncation, which the transactional fixture does last."""
    _KEPT[:] = kept


_KEPT: list[EmbeddingModel] = []


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
