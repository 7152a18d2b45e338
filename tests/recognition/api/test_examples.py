"""What the schema shows as an example fits what it describes."""

from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

from tests.recognition.api.schemas import check, closed, contents, operations, served_to

pytestmark = pytest.mark.usefixtures("static_folder")


@pytest.fixture
def schema(admin: APIClient) -> dict[str, Any]:
    return served_to(admin)


def test_examples_fit_their_schema(schema: dict[str, Any]) -> None:
    strict = closed(schema)
    for _operation, content in contents(strict):
        for example in content.get("examples", {}).values():
            check(example["value"], content, strict)
    problem = strict["components"]["schemas"]["Problem"]
    for value in problem["examples"]:
        check(value, {"schema": problem}, strict)


def test_every_request_and_every_answer_in_json_has_an_example(schema: dict[str, Any]) -> None:
    without = [
        (name, status)
        for name, operation in operations(schema).items()
        for status, body in [
            ("request", operation.get("requestBody", {})),
            *operation["responses"].items(),
        ]
        for kind, content in body.get("content", {}).items()
        if kind == "application/json" and not content.get("examples")
    ]
    assert without == []


def test_an_example_of_something_else_does_not_fit(schema: dict[str, Any]) -> None:
    """Or the first of these could not fail."""
    strict = closed(schema)
    content = operations(strict)["people_retrieve"]["responses"]["200"]["content"]
    (example,) = content["application/json"]["examples"].values()
    with pytest.raises(jsonschema.ValidationError):
        check({**example["value"], "distance": 0.4}, content["application/json"], strict)
