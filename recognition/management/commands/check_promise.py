"""manage.py check_promise: whether strangers get a name as rarely as stated."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from people.errors import Refusal
from people.models import EmbeddingModel
from people.vectors import Vector
from recognition.calibration import service
from recognition.calibration.comparisons import person_of
from recognition.calibration.simulation import Check, Plan, check, sum_rule
from recognition.evaluation.photo_sets import embed_people, photos_by_person
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table
from recognition.management.commands.calibrate import count, rate


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 0.9:
        raise ArgumentTypeError("a share from 0 to 0.9")
    return value


class Command(FaceCommand):
    help = (
        "Simulate strangers at the door: the threshold curve is fitted on some people, others are "
        "enrolled, and the rest are searched for among them. Says whether the share of strangers "
        "that get a name lies in the interval that the calibration states. Nothing is enrolled or "
        "kept but vectors in VAR_DIR/cache. Exit code 0: it does for every gallery size; 1: it "
        "does not; 2: error."
    )
    examples = """\
  manage.py check_promise lfw_view1/images
  manage.py check_promise lfw_view1/images --others lfw_people --hold-out 0"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("people", type=Path, metavar="DIR", help="Name/photo.jpg")
        parser.add_argument(
            "--others", type=Path, metavar="DIR",
            help="more people to fit the curve on; names that DIR has too are left out of DIR",
        )  # fmt: skip
        parser.add_argument(
            "--hold-out", type=_share, default=0.33, metavar="SHARE",
            help="share of DIR's people that the curve is fitted on (default 0.33)",
        )  # fmt: skip
        parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500, 1500], metavar="N")
        parser.add_argument("--fpir", type=rate, default=0.01, metavar="RATE")
        parser.add_argument("--photos", type=count, default=5, metavar="N")
        parser.add_argument("--splits", type=count, default=20, metavar="N")
        parser.add_argument("--seed", type=int, default=0)

    def answer(self, options: dict[str, Any]) -> int:
        if min(options["sizes"]) < 2:
            raise Refusal("A gallery has at least two people.", code="size_too_small")
        if not options["others"] and not options["hold_out"]:
            raise Refusal("Nobody is left to fit a curve on: give --others.", code="no_set")
        embedder = service.embedder(EmbeddingModel.objects.current(), settings.VAR_DIR / "cache")
        others = _vectors(options["others"], embedder) if options["others"] else {}
        people = {
            name: own
            for name, own in _vectors(options["people"], embedder).items()
            if name not in others
        }
        plan = Plan(
            sizes=sorted(set(options["sizes"])),
            fpir=options["fpir"],
            splits=options["splits"],
            hold_out=options["hold_out"],
            seed=options["seed"],
        )
        sides = [
            [person_of(own, enrolled=options["photos"], frames=1) for own in side.values()]
            for side in (people, others)
        ]
        with progress_bar(plan.splits, "split", "Searching") as bar:
            try:
                checks = check(sides[0], sides[1], plan, lambda: bar.update())
            except ValueError as error:
                raise Refusal(f"Too few people: {error}.", code="too_few") from error
        counts = sum_rule(sides[0], plan.sizes, plan.fpir)
        self._report(checks, counts, plan, people, others)
        return YES if all(one.holds for one in checks) else NO

    def _report(
        self,
        checks: list[Check],
        counts: dict[int, float],
        plan: Plan,
        people: dict[str, Vector],
        others: dict[str, Vector],
    ) -> None:
        self.give(
            {
                "people": len(people),
                "others": len(others),
                "fpir": plan.fpir,
                "splits": plan.splits,
                "hold_out": plan.hold_out,
                "sum_rule": counts,
                "checks": [{**asdict(one), "holds": one.holds} for one in checks],
            }
        )
        self.say(
            f"{len(people)} people; the curve fitted on {plan.hold_out:.0%} of them and on"
            f" {len(others)} others; {plan.splits} splits"
        )
        header = ("enrolled", "below", "stated", "95 %", "measured", "of splits", "inside", "")
        rows = [
            (
                one.people,
                f"{one.threshold:.3f}",
                f"{one.stated:.2%}",
                f"{one.low:.2%}–{one.high:.2%}",
                f"{one.measured:.2%}",
                f"{one.least:.2%}–{one.most:.2%}",
                f"{one.within:.0%}",
                "holds" if one.holds else "BROKEN",
            )
            for one in checks
        ]
        for line in table([header, *rows]):
            self.say(line)
        said = ", ".join(f"{size}: {share:.2%}" for size, share in counts.items())
        self.say(f"Counted where 1 − (1 − FMR)^N says {plan.fpir:.2%}: {said}")


def _vectors(folder: Path, embedder: Any) -> dict[str, Vector]:
    if not folder.is_dir():
        raise Refusal(f"There is no folder {folder}.", code="folder_missing")
    photos = photos_by_person(folder)
    with progress_bar(sum(map(len, photos.values())), "photo", "Embedding") as bar:
        return embed_people(photos, embedder, lambda: bar.update())
