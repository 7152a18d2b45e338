"""manage.py revoke_device: for a device that is gone."""

from typing import Any

from django.core.management.base import CommandParser

from recognition.devices import find_device, revoke
from recognition.management.base import YES, FaceCommand


class Command(FaceCommand):
    help = "Revoke a device for good: nothing it sends is answered any more. Its events stay."
    examples = '  manage.py revoke_device "Front door"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def answer(self, options: dict[str, Any]) -> int:
        device = find_device(name=options["name"])
        revoke(device=device)
        self.say(f"The device “{device}” has been revoked.")
        self.give({"device": str(device.public_id), "name": device.name})
        return YES
