"""The served schema tells the truth: requests made from it meet no 5xx and no surprise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.test import APIClient
from schemathesis import GenerationMode

from people.models import Gallery, Person
from recognition.devices import add_device
from tests.faces import FakeEngine

BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client does it: a request does not end the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def served(one_connection: None, admin: APIClient, fake_engine: FakeEngine, model: object) -> Any:
    """The schema as an administrator is served it."""
    headers = {"Authorization": admin._credentials["HTTP_AUTHORIZATION"]}
    return schemathesis.openapi.from_wsgi(
        "/api/v1/schema/?format=json", get_wsgi_application(), headers=headers
    )


@pytest.fixture
def keys(admin: APIClient, north: Gallery) -> dict[str, str]:
    Person.objects.create(full_name="Ann", staff_number="7")
    device = add_device(name="Schema door", galleries=[north])
    return {
        "user": admin._credentials["HTTP_AUTHORIZATION"],
        "device": f"Bearer {device.key}",
    }


def meets(served: Any, authorization: str) -> None:
    """Every operation, with requests made from the schema, valid and not."""
    for found in served.get_all_operations():
        operation = found.ok()

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def valid(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": authorization})

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def invalid(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": authorization})

        valid()
        invalid()


def test_a_user_meets_what_the_schema_says(served: Any, keys: dict[str, str]) -> None:
    meets(served, keys["user"])


def test_a_device_meets_what_the_schema_says(served: Any, keys: dict[str, str]) -> None:
    meets(served, keys["device"])
