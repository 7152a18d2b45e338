"""Bodies against the schema that is served."""

from __future__ import annotations

from typing import Any

import jsonschema
from rest_framework.test import APIClient

JSON = ("application/json", "application/problem+json")


def served_to(client: APIClient) -> dict[str, Any]:
    schema: dict[str, Any] = client.get("/api/v1/schema/", {"format": "json"}).json()
    return schema


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By their ids."""
    found = [one for by_method in schema["paths"].values() for one in by_method.values()]
    return {operation["operationId"]: operation for operation in found}


def contents(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every body in JSON that a request or an answer may have, by operation."""
    return [
        (name, content)
        for name, operation in operations(schema).items()
        for body in (operation.get("requestBody", {}), *operation["responses"].values())
        for kind, content in body.get("content", {}).items()
        if "json" in kind
    ]


def check(body: Any, content: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError."""
    whole = {**content["schema"], "components": schema["components"]}
    kind = jsonschema.Draft202012Validator
    kind(whole, format_checker=kind.FORMAT_CHECKER).validate(body)


def check_answer(body: Any, schema: dict[str, Any], operation: str, status: int) -> None:
    """Against what the operation answers with this status; nothing may be in it but what is told.

    Raises jsonschema.ValidationError.
    """
    content = operations(schema)[operation]["responses"][str(status)]["content"]
    check(body, closed(content["application/json"]), closed(schema))


def closed(schema: Any) -> Any:
    """The same, and an object holds only what is described."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(value) for name, value in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return found
