"""The served schema tells the truth: requests made from it meet no 5xx and no surprise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rest_framework.test import APIClient
from schemathesis import GenerationMode

from people.models import Gallery, Person
from recognition.devices import add_device
from tests.faces import FakeEngine

BOUNDED = settings(
    max_examples=int(os.environ.get("SCHEMA_EXAMPLES", "8")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# A string from the schema is hardly ever a photo, nor a reference to a row that is there.
REFUSED_ALL_THE_SAME = ["409", "413", "415", "422"]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client does it: a request does not end the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def authorization_of(client: APIClient) -> str:
    return str(client._credentials["HTTP_AUTHORIZATION"])  # type: ignore[attr-defined]


@pytest.fixture
def served(one_connection: None, admin: APIClient, fake_engine: FakeEngine, model: object) -> Any:
    """The schema as an administrator is served it."""
    headers = {"Authorization": authorization_of(admin)}
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/?format=json", get_wsgi_application(), headers=headers
    )
    checks = schema.config.checks
    for check, more in (
        (checks.positive_data_acceptance, REFUSED_ALL_THE_SAME),
        (checks.negative_data_rejection, ["413"]),
    ):
        check.expected_statuses = [*check.expected_statuses, *more]  # its list is everybody's
    return schema


@pytest.fixture
def keys(admin: APIClient, north: Gallery) -> dict[str, str]:
    Person.objects.create(full_name="Ann", staff_number="7")
    device = add_device(name="Schema door", galleries=[north])
    return {
        "user": authorization_of(admin),
        "device": f"Bearer {device.key}",
    }


def meets(served: Any, authorization: str) -> None:
    """Every operation, with requests made from the schema, valid and not."""
    failures: list[Exception] = []
    for found in served.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _ask(found.ok(), mode, authorization)
            except Exception as failure:
                failures.append(failure)
    if failures:
        raise ExceptionGroup("the schema is not true", failures)


def _ask(operation: Any, mode: GenerationMode, authorization: str) -> None:
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call_and_validate(headers={"Authorization": authorization})
        documented = operation.definition.raw["responses"]
        assert str(answer.status_code) in documented, "only `default` documents it"

    with suppress(Unsatisfiable):  # nothing is invalid where nothing is asked for
        ask()


def test_a_user_meets_what_the_schema_says(served: Any, keys: dict[str, str]) -> None:
    meets(served, keys["user"])


def test_a_device_meets_what_the_schema_says(served: Any, keys: dict[str, str]) -> None:
    meets(served, keys["device"])
