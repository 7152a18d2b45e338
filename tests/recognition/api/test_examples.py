"""What the schema shows as an example fits what it describes."""

import pytest
from rest_framework.test import APIClient

from tests.recognition.api.schemas import check, contents, served_to

pytestmark = pytest.mark.usefixtures("static_folder")


def test_examples_fit_their_schema(admin: APIClient) -> None:
    schema = served_to(admin)
    with_examples = set()
    for operation, content in contents(schema):
        for example in content.get("examples", {}).values():
            with_examples.add(operation)
            check(example["value"], content, schema)
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
