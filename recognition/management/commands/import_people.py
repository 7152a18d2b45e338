"""manage.py import_people: a folder tree of people, enrolled in one go."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from people.errors import Refusal
from people.imports import Identity, Scan, gallery_called, read_names, scan
from people.models import FaceImageSource
from recognition.intake import Plan
from recognition.management.intake import IntakeCommand, as_taken


class Command(IntakeCommand):
    help = (
        "Enrol everybody of a folder tree Name/photo.jpg (Ben_Affleck/1.jpg is Ben Affleck). "
        "Safe to interrupt and to run again: what is there already stays as it is. "
        "Exit code 0: every photo is enrolled; 1: some were rejected or refused, and are listed; "
        "2: error."
    )
    examples = """\
  manage.py import_people staff/ --gallery Headquarters
  manage.py import_people staff/ --names names.csv     folder,full_name,staff_number,gallery
  manage.py import_people staff/ --queue --json        embedded by the workers"""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--gallery", default="", help="put everybody in this gallery; made if there is none"
        )
        parser.add_argument(
            "--names",
            type=Path,
            metavar="CSV",
            help="UTF-8, header folder,full_name,staff_number,gallery; the last two may be absent",
        )

    def answer(self, options: dict[str, Any]) -> int:
        listing = scan(options["folder"], _names(options["names"]))
        gallery, is_new = (
            gallery_called(options["gallery"]) if options["gallery"] else (None, False)
        )
        plan = Plan(
            source=FaceImageSource.IMPORT,
            gallery=gallery,
            accept_flags=options["accept_flags"],
            queue=options["queue"],
        )
        report = self.take([(entry, listing.path_of(entry)) for entry in listing.entries], plan)
        report.photos += [as_taken(refused) for refused in listing.refused]
        people = {"new": len(report.new_people), "known": _known(listing, len(report.new_people))}
        if gallery is not None and is_new:
            self.say(f"The gallery “{gallery}” is new.")
        self.say(f"{people['new']} people are new, {people['known']} were known.")
        extra = {"gallery": str(gallery) if gallery else None, "gallery_is_new": is_new}
        return self.tell(report, plan, {**extra, "people": people})


def _known(listing: Scan, new: int) -> int:
    return max(0, len(listing.people) - new)


def _names(csv: Path | None) -> dict[str, Identity]:
    if csv is None:
        return {}
    try:
        return read_names(csv.read_bytes())
    except OSError as error:
        raise Refusal(f"{csv} cannot be read: {error.strerror}.", code="file_unreadable") from error
