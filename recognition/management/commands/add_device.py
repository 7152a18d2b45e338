"""manage.py add_device: a kiosk, and the key it asks with."""

from typing import Any

from django.core.management.base import CommandParser

from people.services import find_gallery
from recognition.devices import add_device
from recognition.management.base import YES, FaceCommand


class Command(FaceCommand):
    help = (
        "Add a device. It recognizes people of its galleries and clocks them in and out, and does "
        "nothing else. Its key is printed once; only a hash of it is kept."
    )
    examples = """\
  manage.py add_device "Front door" --gallery Headquarters
  manage.py add_device "Info desk" --gallery North --gallery South --no-clock --json
  manage.py add_device "Back door" --gallery North --requires-liveness"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--gallery", action="append", required=True, help="whom it knows; may be repeated"
        )
        parser.add_argument("--no-clock", action="store_true", help="it may not clock")
        parser.add_argument("--no-recognize", action="store_true", help="it may only clock")
        parser.add_argument(
            "--requires-liveness",
            action="store_true",
            help="whoever clocks here has to move as they are asked; a photo is not enough",
        )

    def answer(self, options: dict[str, Any]) -> int:
        new = add_device(
            name=options["name"].strip(),
            galleries=[find_gallery(name=name) for name in options["gallery"]],
            may_clock=not options["no_clock"],
            may_recognize=not options["no_recognize"],
            requires_liveness=options["requires_liveness"],
        )
        self.say(f"The device “{new.device}” is new. Its key, shown now and never again:")
        self.say(new.key)
        self.give({"device": str(new.device.public_id), "name": new.device.name, "key": new.key})
        return YES
