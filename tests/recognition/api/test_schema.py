"""The served schema tells the truth: requests made from it meet no 5xx and no surprise."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)

from people.models import Gallery, Person
from recognition.devices import add_device
from tests.faces import FakeEngine

BOUNDED = settings(
    max_examples=int(os.environ.get("SCHEMA_EXAMPLES", "5")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LIMITS = settings(BOUNDED, max_examples=1, phases=[Phase.explicit])
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


def meets(served: Any, authorization: str, *, limits_of: str = "") -> None:
    """Every operation, with requests made from the schema: its limits, and what chance makes."""
    failures: list[Any] = []
    for found in served.get_all_operations():
        for ask in _limits, _valid, _invalid:
            if ask is _limits and not re.search(limits_of, found.ok().path):
                continue
            try:
                ask(served, found.ok(), authorization)
            except (Exception, BaseExceptionGroup) as failure:
                failures.append(failure)
    if failures:
        raise BaseExceptionGroup("the schema is not true", failures)


def _limits(served: Any, operation: Any, authorization: str) -> None:
    """Each limit of each parameter, what is missing, and methods that are not there."""
    config = HypothesisTestConfig(
        project=served.config, modes=[HypothesisTestMode.COVERAGE], settings=LIMITS
    )
    create_test(operation=operation, test_func=partial(_check, authorization), config=config)()


def _valid(_served: Any, operation: Any, authorization: str) -> None:
    _by_chance(operation, GenerationMode.POSITIVE, authorization)


def _invalid(_served: Any, operation: Any, authorization: str) -> None:
    with suppress(Unsatisfiable):  # nothing is invalid where nothing is asked for
        _by_chance(operation, GenerationMode.NEGATIVE, authorization)


def _by_chance(operation: Any, mode: GenerationMode, authorization: str) -> None:
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        _check(authorization, case)

    ask()


def _check(authorization: str, case: Any) -> None:
    if case.media_type == "multipart/form-data" and isinstance(case.body, dict):
        # Blank fields of a form never leave schemathesis; test_hostile.py sends them.
        assume("" not in case.body.values())
    answer = case.call_and_validate(headers={"Authorization": authorization})
    if answer.request.method == case.operation.method.upper():  # others are tried too
        documented = case.operation.definition.raw["responses"]
        assert str(answer.status_code) in documented, "only `default` documents it"


def test_a_user_meets_what_the_schema_says(served: Any, keys: dict[str, str]) -> None:
    meets(served, keys["user"])


def test_a_device_meets_what_the_schema_says(served: Any, keys: dict[str, str]) -> None:
    """Where it is refused whatever it asks, chance is enough."""
    meets(served, keys["device"], limits_of="clock|recognize")
