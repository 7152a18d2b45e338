"""manage.py allow_password"""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser
from django.utils.timezone import localtime

from people.errors import Refusal
from recognition.login import brakes
from recognition.management.base import YES, FaceCommand

MOST_MINUTES = 24 * 60


class Command(FaceCommand):
    help = (
        "Let somebody in whose face cannot be asked for now: no camera, no networks, too many"
        " failures. For a while the password alone logs the account in, and what failed until now"
        " is forgotten."
    )
    examples = "  manage.py allow_password admin --minutes 15"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The account's user name.")
        parser.add_argument("--minutes", type=int, default=15, help="At most a day; 15 if left out")

    def answer(self, options: dict[str, Any]) -> int:
        name, minutes = options["name"], options["minutes"]
        if not 1 <= minutes <= MOST_MINUTES:
            raise Refusal(f"Give 1 to {MOST_MINUTES} minutes.", code="minutes_out_of_range")
        if not User.objects.filter(username=name, is_active=True).exists():
            raise Refusal(f"There is no active account called “{name}”.", code="account_unknown")
        brakes.release(name=name)
        until = brakes.allow_password_alone(name=name, minutes=minutes)
        self.say(f"Until {localtime(until):%H:%M} the password alone logs {name} in.")
        self.give({"account": name, "until": until.isoformat()})
        return YES
