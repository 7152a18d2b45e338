"""manage.py renew_device_key: for a key that was lost or seen."""

from typing import Any

from django.core.management.base import CommandParser

from recognition.devices import find_device, renew_key
from recognition.management.base import YES, FaceCommand


class Command(FaceCommand):
    help = "Give a device a new key, printed once. The old one stops working at once."
    examples = '  manage.py renew_device_key "Front door"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def answer(self, options: dict[str, Any]) -> int:
        new = renew_key(device=find_device(name=options["name"]))
        self.say(f"The new key of “{new.device}”, shown now and never again:")
        self.say(new.key)
        self.give({"device": str(new.device.public_id), "name": new.device.name, "key": new.key})
        return YES
