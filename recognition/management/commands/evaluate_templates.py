"""manage.py evaluate_templates: what several photos and several frames are worth."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from people.errors import Refusal
from people.models import EmbeddingModel
from people.vectors import Vector
from recognition.evaluation.photo_sets import PROBE, Embedder, embed_people, photos_by_person
from recognition.evaluation.templates import Line, Question, Rate, evaluate
from recognition.management.base import YES, FaceCommand, progress_bar, table
from recognition.reembedding.catalogue import find_model
from recognition.runtime import engine_for


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < 1:
        raise ArgumentTypeError("a rate is between 0 and 1, as in 1e-4")
    return rate


class Command(FaceCommand):
    help = (
        "Measure on your own photos how often a person is accepted at a fixed false match rate: "
        "with 1, 3 and 5 enrolled photos, with 1 and 3 frames, by the nearest photo, by the mean "
        "and by the template. Nothing is enrolled. The vectors of the faces are kept in "
        "VAR_DIR/cache, which only its owner can enter; --no-cache keeps none. Exit code 0: "
        "measured; 2: error."
    )
    examples = """\
  manage.py evaluate_templates lfw_people/ --strangers lfw_view1/images
  manage.py evaluate_templates staff/ --splits 50 --json"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "people", type=Path, metavar="PEOPLE_DIR", help="Name/photo.jpg, 8 photos or more each"
        )
        parser.add_argument(
            "--strangers", type=Path, metavar="DIR", help="Name/photo.jpg of other people"
        )
        parser.add_argument(
            "--fmr",
            type=_rate,
            nargs="+",
            default=[1e-4, 1e-6],
            metavar="RATE",
            help="false match rates to measure at (default 1e-4 1e-6)",
        )
        parser.add_argument("--splits", type=int, default=20, help="random splits (default 20)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--model", metavar="MODEL", help="as in “facenet128 v2”; by default the active one"
        )
        parser.add_argument("--no-cache", action="store_true", help="keep no vectors of faces")

    def answer(self, options: dict[str, Any]) -> int:
        question = Question(
            fmrs=options["fmr"], splits=max(1, options["splits"]), seed=options["seed"]
        )
        name = options["model"]
        model = find_model(name=name) if name else EmbeddingModel.objects.current()
        people, strangers = self._vectors(model, options)
        need = max(question.photos) + max(question.frames)
        enough = [photos for photos in people.values() if len(photos) >= need]
        if len(enough) < 2:
            raise Refusal(
                f"At least two people with {need} photos of a face are needed.", code="too_few"
            )
        with progress_bar(question.splits, "split", "Comparing") as bar:
            lines = evaluate(enough, strangers, question, lambda: bar.update())
        self.give(
            {
                "model": str(model),
                "people": len(enough),
                "photos": sum(map(len, enough)),
                "strangers": len(strangers),
                "stranger_photos": sum(map(len, strangers)),
                "splits": question.splits,
                "seed": question.seed,
                "lines": [line.as_json() for line in lines],
            }
        )
        self.say(
            f"{model}: {len(enough)} people with {sum(map(len, enough))} photos, "
            f"{len(strangers)} strangers with {sum(map(len, strangers))}; {question.splits} splits"
        )
        self._print(lines, question)
        return YES

    def _vectors(
        self, model: EmbeddingModel, options: dict[str, Any]
    ) -> tuple[dict[str, Vector], list[Vector]]:
        known = _photos(options["people"])
        others = _photos(options["strangers"]) if options["strangers"] else {}
        others = {name: photos for name, photos in others.items() if name not in known}
        cache = None if options["no_cache"] else settings.VAR_DIR / "cache"
        embedder = Embedder(engine_for(model), cache)
        total = sum(map(len, [*known.values(), *others.values()]))
        with progress_bar(total, "photo", "Embedding") as bar:
            people = embed_people(known, embedder, lambda: bar.update())
            strangers = embed_people(others, embedder, lambda: bar.update(), uses=[PROBE])
        return people, list(strangers.values())

    def _print(self, lines: list[Line], question: Question) -> None:
        header = ["photos", "frames", "compared by", "genuine", "impostor"]
        header += [f"accepted at FMR {fmr:g} (95 %), below" for fmr in question.fmrs]
        rows = [
            [
                line.photos,
                line.frames,
                line.method,
                line.genuine,
                line.impostor,
                *map(_say, line.rates),
            ]
            for line in sorted(lines, key=lambda line: (line.frames, line.photos))
        ]
        for text in table([header, *rows]):
            self.say(text)
        self.say(
            "genuine, impostor: comparisons of one split. ~: fewer than 10 false matches in a "
            "split, so only indicative. n/a: too few impostors to say."
        )


def _photos(folder: Path) -> dict[str, list[Path]]:
    if not folder.is_dir():
        raise Refusal(f"There is no folder {folder}.", code="folder_missing")
    return photos_by_person(folder)


def _say(rate: Rate | None) -> str:
    if rate is None:
        return "n/a"
    mark = "~" if rate.indicative else ""
    return f"{mark}{rate.accepted:.1%} ({rate.low:.1%}–{rate.high:.1%}), {rate.threshold:.3f}"
