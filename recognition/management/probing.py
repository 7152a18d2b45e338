"""What `verify` and `recognize` share: frames from files, and the answer printed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from people.images import BadPhoto, Pixels
from recognition.management.base import ERROR, NO, YES, FaceCommand, read_frames, table
from recognition.services import MATCH, MAX_FRAMES, NO_MATCH, UNKNOWN, NoFrames, Result


class ProbeCommand(FaceCommand):
    """Exit code 0: a match; 1: none; 2: it could not be decided, or an error."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "photos",
            metavar="PHOTO",
            nargs="+",
            type=Path,
            help=f"the face; several photos, at most {MAX_FRAMES}, are frames of one face",
        )

    @abstractmethod
    def ask(self, probe: Sequence[Pixels], options: dict[str, Any]) -> Result:
        """Call the service."""

    def answer(self, options: dict[str, Any]) -> int:
        if len(options["photos"]) > MAX_FRAMES:
            raise NoFrames(f"Give 1 to {MAX_FRAMES} photos of the face.")
        frames, unusable = read_frames(options["photos"])
        if not frames:
            return self._cannot_read(unusable[0][1])
        for path, error in unusable:
            self.stderr.write(f"{path} is left out: {error.message}")
        result = self.ask(frames, options)
        self.give(_as_json(result))
        self.say(result.message)
        if result.outcome in (MATCH, NO_MATCH, UNKNOWN):
            self._explain(result)
        return {MATCH: YES, NO_MATCH: NO, UNKNOWN: NO}.get(result.outcome, ERROR)

    def _cannot_read(self, error: BadPhoto) -> int:
        self.give(
            {
                "outcome": error.code,
                "person": None,
                "distance": None,
                "threshold": None,
                "model": None,
                "message": error.message,
            }
        )
        self.say(error.message)
        return ERROR

    def _explain(self, result: Result) -> None:
        if result.distance is not None:
            self.say(
                f"  distance {result.distance:.3f}, a match is below {result.threshold:.3f}"
                f" ({result.model})"
            )
        if result.reason:
            self.say(f"  {result.reason.replace('_', ' ')}")
        if len(result.candidates) > 1:
            rows = [[f"  {one.who.name}", f"{one.distance:.3f}"] for one in result.candidates]
            self.say("\n".join(table(rows)))


def _as_json(result: Result) -> dict[str, Any]:
    candidates = [
        {"person": {"id": one.who.public_id, "name": one.who.name}, "distance": one.distance}
        for one in result.candidates
    ]
    return {**result.as_json(), "candidates": candidates}
