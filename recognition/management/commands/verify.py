"""manage.py verify: is this the person it claims to be? (1:1)"""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from people.images import Pixels
from people.services import find_person
from recognition.management.probing import ProbeCommand
from recognition.models import AttemptSource
from recognition.services import Result, verify


class Command(ProbeCommand):
    help = (
        "Is this face the person it claims to be? "
        "Exit code 0: yes; 1: no; 2: it could not be decided (no usable face), or an error."
    )
    examples = """\
  manage.py verify door.jpg --person "Ben Affleck"
  manage.py verify frame1.jpg frame2.jpg frame3.jpg --person 1042 --json"""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--person",
            required=True,
            metavar="NAME_OR_ID",
            help="full name, staff number or id of the claimed person",
        )

    def ask(self, probe: Sequence[Pixels], options: dict[str, Any]) -> Result:
        person = find_person(name_or_id=options["person"])
        return verify(probe=probe, person=person, source=AttemptSource.COMMAND)
