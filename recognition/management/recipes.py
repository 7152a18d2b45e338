"""How commands take a recipe: what differs from the default one."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

from recognition.reembedding.catalogue import CHOICES


def add_recipe_arguments(parser: CommandParser) -> None:
    recipe = parser.add_argument_group("recipe", "what differs from the default one")
    recipe.add_argument(
        "--recipe", type=_object, default={}, metavar="JSON", help="all changes in one object"
    )
    recipe.add_argument("--margin", type=float, help="around the face; -0.1 is a tenth less")
    for key, values in CHOICES.items():
        said = "; ".join(f"{value}: {words}" for value, words in values.items())
        recipe.add_argument(f"--{key}", choices=values, help=said)


def recipe_changes(options: dict[str, Any]) -> dict[str, Any]:
    """What was asked for by these arguments; empty when nothing was."""
    changes = dict(options["recipe"])
    for key in ("margin", *CHOICES):
        if options[key] is not None:
            changes[key] = options[key]
    return changes


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"this is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ArgumentTypeError("a recipe is one JSON object")
    return found
