"""manage.py add_model: another way to make vectors, beside the active one."""

import json
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

from recognition.management.base import YES, FaceCommand
from recognition.reembedding.catalogue import CHOICES, add_model


class Command(FaceCommand):
    help = (
        "Add an embedding model: the default recipe with changes. It answers nothing until every"
        " photo is embedded under it (`reembed`) and it is activated (`activate_model`)."
    )
    examples = """\
  manage.py add_model tighter --margin -0.1
  manage.py add_model level --align rotate --flip always
  manage.py add_model level --recipe '{"align": "rotate"}'"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--recipe", type=_object, default={}, metavar="JSON", help="all changes in one object"
        )
        parser.add_argument("--margin", type=float, help="around the face; -0.1 is a tenth less")
        for key, values in CHOICES.items():
            parser.add_argument(f"--{key}", choices=values)

    def answer(self, options: dict[str, Any]) -> int:
        changes = dict(options["recipe"])
        for key in ("margin", *CHOICES):
            if options[key] is not None:
                changes[key] = options[key]
        model = add_model(name=options["name"], changes=changes)
        self.give({"model": str(model), "id": model.pk, "recipe": model.recipe})
        self.say(f"{model} is added. Next: manage.py reembed “{model}” --watch")
        return YES


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"this is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ArgumentTypeError("a recipe is one JSON object")
    return found
