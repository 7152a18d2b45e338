"""What `import_people`, `enroll` and `demo_people` share: options, progress and the report."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from people.imports import Entry, RefusedFile
from people.services import OVERRIDABLE
from recognition.intake import REFUSED, WAITING, Plan, Report, Taken, take_in
from recognition.management.base import NO, YES, FaceCommand, progress_bar, read_photo

_SHOWN = 20


class IntakeCommand(FaceCommand):
    """Enrols photos from files. Exit code 0: all are enrolled or wait for a worker; 1: some are
    not; 2: error."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--accept-flags",
            action="store_true",
            help="enrol faces even if they are enrolled as somebody else, or unlike the others",
        )
        parser.add_argument(
            "--queue", action="store_true", help="let the workers embed, instead of this command"
        )

    def take(self, files: Sequence[tuple[Entry, Path]], plan: Plan) -> Report:
        photos = [(entry, partial(read_photo, path)) for entry, path in files]
        try:
            with progress_bar(len(photos), "photo", "Photos") as bar:
                return take_in(photos, plan, progress=bar.update)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. Give the same command again to go on from here.")
            raise

    def tell(self, report: Report, plan: Plan, extra: dict[str, Any] | None = None) -> int:
        """Print the report; returns the exit code."""
        self.give(
            {
                **(extra or {}),
                "photos": {
                    "total": len(report.photos),
                    **report.states,
                    "already": report.already,
                },
                "reasons": report.reasons,
                "not_enrolled": [photo.as_json() for photo in report.failures],
            }
        )
        self.say(summary(report))
        self._tell_waiting(report, plan, report.count(WAITING))
        for photo in report.failures[:_SHOWN]:
            self.say(f"  {photo.name}: {photo.reason} [{photo.code}]")
        if len(report.failures) > _SHOWN:
            self.say(f"  … and {len(report.failures) - _SHOWN} more (--json lists all)")
        if not plan.accept_flags and any(one.code in OVERRIDABLE for one in report.failures):
            self.say("To accept a photo: in the admin, or the same command with --accept-flags.")
        return NO if report.failures else YES

    def _tell_waiting(self, report: Report, plan: Plan, waiting: int) -> None:
        if not waiting:
            return
        if not report.broker:
            self.say("The broker cannot be reached: the photos wait until a worker finds them.")
        elif plan.queue:
            self.say("They are queued; a running worker embeds them.")
        else:
            self.say("A worker has them in hand.")


def summary(report: Report) -> str:
    parts = [f"{number} {state}" for state, number in report.states.items() if number]
    if report.already:
        parts.append(f"{report.already} of them already there")
    number = len(report.photos)
    return f"{number} photo{'' if number == 1 else 's'}: {', '.join(parts)}."


def as_taken(refused: RefusedFile) -> Taken:
    return Taken(refused.name, "", REFUSED, code=refused.code, reason=refused.reason)
