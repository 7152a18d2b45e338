"""manage.py activate_model: which model answers from now on."""

from typing import Any

from django.core.management.base import CommandParser

from recognition.management.base import YES, FaceCommand
from recognition.management.switching import tell_switch
from recognition.reembedding import switching
from recognition.reembedding.catalogue import find_model


class Command(FaceCommand):
    help = (
        "Make a model that is ready the active one, in one transaction: every request is answered"
        " wholly by the old or by the new one. Refuses, with the reason, while photos are not"
        " embedded, people would be missing, or the model is not calibrated."
    )
    examples = """\
  manage.py activate_model tighter
  manage.py activate_model tighter --may-miss 2
  manage.py activate_model tighter --override uncalibrated     put on record"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="as in “facenet128 v2”")
        parser.add_argument("--may-miss", type=int, default=0, metavar="N")
        parser.add_argument(
            "--override", action="append", default=[], choices=sorted(switching.OVERRIDABLE)
        )

    def answer(self, options: dict[str, Any]) -> int:
        change = switching.activate(
            model=find_model(name=options["model"]),
            may_miss=options["may_miss"],
            overrides=options["override"],
        )
        tell_switch(self, change)
        return YES
