"""manage.py retire_model: a model nobody goes back to."""

from typing import Any

from django.core.management.base import CommandParser

from recognition.management.base import YES, FaceCommand
from recognition.reembedding import switching
from recognition.reembedding.catalogue import find_model


class Command(FaceCommand):
    help = (
        "Give a model up that is not active. New photos get no vector of it any more; its vectors"
        " and its index are dropped ten minutes later. There is no way back but embedding again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="as in “facenet128 v2”")

    def answer(self, options: dict[str, Any]) -> int:
        change = switching.retire(model=find_model(name=options["model"]))
        self.give({"retired": str(change.model)})
        self.say(f"{change.model} is retired; its vectors are dropped in ten minutes.")
        return YES
