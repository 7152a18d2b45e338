"""manage.py compare_recipes"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from people.errors import Refusal
from recognition.engine.sessions import Precision
from recognition.evaluation.pairs import Point, Score, View1
from recognition.evaluation.recipes import CANDIDATES, compare


class Command(BaseCommand):
    help = (
        "Compare recipes (margin, alignment, pixels, mirroring) on LFW View 1: accuracy with the"
        " threshold picked on pairsDevTrain, and the true match rate over all pairs of its photos."
        " At ENGINE_PRECISION. About five minutes for each candidate on one core; embeddings are"
        " kept in VAR_DIR."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--view1", type=Path, required=True, metavar="DIR")
        parser.add_argument("--only", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["json"]:
            self.stdout.write(
                f"{'recipe':28}{'mirror':11}{'accuracy':>9}   threshold and TMR at FMR"
                " 1e-2, 1e-3, 1e-4, 1e-5, 1e-6"
            )
        try:
            view = View1.read(options["view1"])
            total = len(view.photos) * len(options["only"])
            with tqdm(total=total, unit=" photos", disable=None, leave=False) as bar:
                for name, scores in compare(
                    view,
                    models_dir=settings.MODELS_DIR,
                    precision=cast(Precision, settings.ENGINE_PRECISION),
                    cache=settings.VAR_DIR / "cache" / "recipes",
                    names=options["only"],
                    progress=bar.update,
                ):
                    self._write(name, scores, as_json=options["json"])
        except (Refusal, OSError) as error:
            raise CommandError(str(error), returncode=2) from error

    def _write(self, name: str, scores: dict[str, Score], *, as_json: bool) -> None:
        """JSON is one line for each recipe, as it is known."""
        if as_json:
            rows = {flip: asdict(score) for flip, score in scores.items()}
            self.stdout.write(json.dumps({"recipe": name, "scores": rows}))
            return
        for flip, score in scores.items():
            head = f"{name:28}{flip:11}{score.accuracy:9.2%}"
            self.stdout.write(f"{head}   {_points(score.curve)}")
            classic = score.classic
            self.stdout.write(
                f"    below {classic.threshold}: FMR {classic.fmr:.1e}, TMR {classic.tmr:.1%}"
            )
            self.stdout.write(f"{'    against templates of five':48}   {_points(score.templates)}")


def _points(curve: list[Point]) -> str:
    return "  ".join(f"{point.threshold:.3f} {point.tmr:6.1%}" for point in curve)
