"""What the schema shows as an example fits what it describes."""

from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.usefixtures("static_folder")


def contents(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every body that a request or an answer may have, by operation."""
    found = []
    for operations in schema["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                found += [
                    (operation["operationId"], content)
                    for kind, content in body.get("content", {}).items()
                    if "json" in kind
                ]
    return found


def test_examples_fit_their_schema(admin: APIClient) -> None:
    schema = admin.get("/api/v1/schema/", {"format": "json"}).json()
    with_examples = set()
    for operation, content in contents(schema):
        for example in content.get("examples", {}).values():
            with_examples.add(operation)
            whole = {**content["schema"], "components": schema["components"]}
            jsonschema.validate(example["value"], whole)
    assert {
        "verify",
        "recognize",
        "clock",
        "clock_batch",
        "clock_undo",
        "clock_settings",
        "start_challenge",
        "correct",
    } <= with_examples
