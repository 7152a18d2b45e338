"""manage.py recognize: who is this? (1:N)"""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from people.images import Pixels
from people.services import find_gallery
from recognition.management.probing import ProbeCommand
from recognition.models import AttemptSource
from recognition.services import Result, recognize

_MOST = 100


def _top(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise ArgumentTypeError(f"give a number from 1 to {_MOST}")
    return int(text)


class Command(ProbeCommand):
    help = (
        "Who is this, among the enrolled people? "
        "Exit code 0: somebody known; 1: nobody known; 2: it could not be decided (no usable "
        "face), or an error."
    )
    examples = """\
  manage.py recognize door.jpg
  manage.py recognize door.jpg --gallery Headquarters --top 3
  manage.py recognize frame1.jpg frame2.jpg frame3.jpg --json    three frames of one face"""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--gallery", default="", help="only among the people of this gallery")
        parser.add_argument(
            "--top", type=_top, default=1, metavar="N", help="also list the N nearest people"
        )

    def ask(self, probe: Sequence[Pixels], options: dict[str, Any]) -> Result:
        galleries = [find_gallery(name=options["gallery"])] if options["gallery"] else []
        return recognize(
            probe=probe, galleries=galleries, top=options["top"], source=AttemptSource.COMMAND
        )
