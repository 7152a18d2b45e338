"""manage.py demo: the whole story, on real photos, in one go."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from recognition.demo import GALLERY, LEAST_RIGHT, LEAST_VERIFIED, Story, photos_of, tell
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table


class Command(FaceCommand):
    help = (
        "Enrol five people, recognize 25 other photos of them, check true and false claims, turn "
        "strangers away, then take the five people out again; its questions stay in the log. "
        f"Exit code 0: at least {LEAST_RIGHT} of 25 recognized and {LEAST_VERIFIED} verified, no "
        "wrong name, every stranger and every false claim refused; 1: not so; 2: error."
    )
    examples = """\
  manage.py fetch_models && manage.py demo
  manage.py demo --keep     the five people stay enrolled"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keep", action="store_true", help=f"keep the people, in the gallery {GALLERY}"
        )

    def answer(self, options: dict[str, Any]) -> int:
        began = time.monotonic()
        train = len(photos_of(settings.MODELS_DIR, "train").entries)
        val = len(photos_of(settings.MODELS_DIR, "val").entries)
        with progress_bar(train + 2 * val, "photo", "Demo") as bar:
            story = tell(settings.MODELS_DIR, bar.update, keep=options["keep"])
        seconds = time.monotonic() - began
        self.give({**story.as_json(), "seconds": round(seconds, 1)})
        self._print(story, seconds)
        if options["keep"]:
            self.say(f"The people stay in the gallery “{GALLERY}”. Erase them in the admin.")
        return YES if story.came_true else NO

    def _print(self, story: Story, seconds: float) -> None:
        for line in table([_HEADER, *_rows(story)]):
            self.say(line)
        self.say()
        for check, came_true in story.checks.items():
            self.say(f"{'yes' if came_true else 'NO '}  {_sentence(check, story)}")
        self.say()
        verdict = "Every answer is right" if story.came_true else "Something is not as promised"
        self.say(f"{verdict}, in {seconds:.0f} s.")


_HEADER = ("person", "enrolled", "unusable", "recognized", "wrong name", "own name verified",
           "other's name verified", "stranger refused")  # fmt: skip


def _rows(story: Story) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (
            row.name,
            row.enrolled,
            row.unusable,
            f"{row.recognized} of {row.probes}",
            row.called_wrong,
            f"{row.true_claims} of {row.probes}",
            row.false_claims,
            f"{row.refused_as_stranger} of {row.probes}",
        )
        for row in story.rows.values()
    ]
    return rows


def _sentence(check: str, story: Story) -> str:
    probes = story.total("probes")
    reasons = ", ".join(f"{code} {number}" for code, number in story.reasons.items())
    pretender = story.pretender.reason if story.pretender else ""
    wall = story.wall.reason if story.wall else ""
    return {
        "enough_recognized": f"{story.total('recognized')} of {probes} new photos recognized, "
        f"from {story.total('enrolled')} enrolled; {story.total('unusable')} of those given were "
        f"not good enough ({reasons})",
        "no_wrong_name": f"{story.total('called_wrong')} called by a wrong name",
        "true_claims_verified": f"{story.total('true_claims')} of {probes} verified under their "
        "own name",
        "false_claims_refused": f"{story.total('false_claims')} of {probes} verified under the "
        "name of somebody else",
        "strangers_refused": f"{story.total('refused_as_stranger')} of {probes} turned away when "
        "they themselves were not enrolled",
        "known_face_flagged": f"a known face under a new name: {pretender}",
        "no_face_rejected": f"a picture of a wall: {wall}",
    }[check]
