"""manage.py enroll: one person, one or several photos."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from people.errors import Refusal
from people.imports import Entry, Identity, gallery_called
from people.models import FaceImageSource
from recognition.intake import Plan
from recognition.management.intake import IntakeCommand


class Command(IntakeCommand):
    help = (
        "Enrol photos of one person, who is added when unknown. The same photo again changes "
        "nothing. Exit code 0: every photo is enrolled; 1: some were rejected or refused, with "
        "the reason; 2: error."
    )
    examples = """\
  manage.py enroll "Ben Affleck" photos/ben1.jpg photos/ben2.jpg
  manage.py enroll "Ben Affleck" ben.heic --staff-number 1042 --gallery Headquarters
  manage.py enroll "Ben Affleck" ben3.jpg --accept-flags    after a look at a flagged photo"""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="full name")
        parser.add_argument("photos", metavar="PHOTO", nargs="+", type=Path)
        parser.add_argument("--staff-number", default="", help="who it is, when names repeat")
        parser.add_argument("--gallery", default="", help="made if there is none")

    def answer(self, options: dict[str, Any]) -> int:
        _check_files(options["photos"])
        who = Identity(" ".join(options["name"].split()), options["staff_number"])
        gallery, is_new = (
            gallery_called(options["gallery"]) if options["gallery"] else (None, False)
        )
        plan = Plan(
            source=FaceImageSource.COMMAND,
            gallery=gallery,
            accept_flags=options["accept_flags"],
            queue=options["queue"],
        )
        report = self.take([(Entry(str(path), who), path) for path in options["photos"]], plan)
        if gallery is not None and is_new:
            self.say(f"The gallery “{gallery}” is new.")
        if report.new_people:
            self.say(f"{who.full_name} is new.")
        return self.tell(report, plan, {"person": who.full_name, "is_new": bool(report.new_people)})


def _check_files(paths: list[Path]) -> None:
    """Before anything is stored: a mistyped path is a mistake of the whole call."""
    for path in paths:
        if not path.is_file():
            raise Refusal(f"There is no file {path}.", code="file_missing")
