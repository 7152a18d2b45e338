"""manage.py evaluate: how accurate, on pairs of photos that you choose."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import ProgrammingError

from people.errors import Refusal
from people.models import EmbeddingModel
from people.services import find_gallery
from recognition.calibration.stored import shipped
from recognition.engine import DEFAULT_RECIPE
from recognition.evaluation.baselines import BASELINES
from recognition.evaluation.groups import read_labels
from recognition.evaluation.pair_sets import from_file, from_folder, from_gallery
from recognition.evaluation.report import write_report
from recognition.evaluation.results import as_json
from recognition.evaluation.runs import Evaluation, Plan, run
from recognition.evaluation.tables import failures_of, sentences_of, source_of, tables_of
from recognition.management.base import YES, FaceCommand, is_missing_table, progress_bar, table
from recognition.reembedding.catalogue import find_model
from recognition.runtime import engine_for

MAX_PAIRS = 20_000_000  # about 6,300 photos, each with each; takes 1 GB


def _distance(text: str) -> float:
    distance = float(text)
    if not 0 < distance < 2:
        raise ArgumentTypeError("a distance is between 0 and 2, as in 0.96")
    return distance


def _at_least_ten(text: str) -> int:
    if not text.isdigit() or int(text) < 10:
        raise ArgumentTypeError("give a number from 10 on")
    return int(text)


class Command(FaceCommand):
    help = (
        "Measure how accurately faces are told apart: on the pairs of a file in the format of "
        "Labeled Faces in the Wild, on a folder Name/photo.jpg, or on the enrolled people. "
        "Nothing is enrolled or changed. "
        "In a photo with several faces the one nearest the centre counts. A pair with a photo in "
        "which no face is found counts as “different” in every figure, and as a probe of 1:N it is "
        "a miss. Failure to enrol: the photos that enrolment, which is stricter, would refuse, by "
        "reason; of a gallery those it has rejected, which are in no pair. Both photos of a pair "
        "are treated as enrolled ones are (averaged with their mirror image), since a pair has no "
        "order; --door treats the second as a single frame at the door. "
        "Accuracy of a file with folds: each fold at the threshold that is best on the others, "
        "mean and standard error; with --train: at the threshold that is best there; else on ten "
        "folds drawn at random. For folders and galleries it is counted on as many impostor pairs "
        "as genuine ones. Intervals are of 95 %, by resampling people; where nothing goes wrong, "
        "by the rule of three. Figures that the sample cannot support are left out, with why. "
        "Vectors are kept in VAR_DIR/cache, which only its owner can enter: a second look takes "
        "seconds. Exit code 0: measured; 2: error."
    )
    examples = """\
  manage.py evaluate --pairs pairs.txt --images lfw/
  manage.py evaluate --pairs pairsDevTest.txt --train pairsDevTrain.txt --images lfw/ \\
      --baseline pixels --baseline deepface --report report.html
  manage.py evaluate --folder staff_photos/ --groups staff.csv --json
      staff.csv: person,sex,age      photo,light
                 Ada_Lovelace,f,36   Ada_Lovelace/1.jpg,dim
  manage.py evaluate --gallery Office --report office.html --with-photos"""

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--pairs", type=Path, metavar="FILE", help="pairs, in LFW's format")
        source.add_argument("--folder", type=Path, metavar="DIR", help="Name/photo.jpg: all pairs")
        source.add_argument(
            "--gallery", nargs="?", const="", metavar="NAME",
            help="enrolled people, of this gallery or all: all pairs of their vectors",
        )  # fmt: skip
        parser.add_argument(
            "--images", type=Path, metavar="DIR", help="photos of the pairs: Name/Name_0001.jpg"
        )
        parser.add_argument(
            "--train", type=Path, metavar="FILE", help="pairs to choose the threshold on"
        )
        parser.add_argument(
            "--threshold", type=_distance, help="use this one, instead of the best for accuracy"
        )
        parser.add_argument(
            "--door", action="store_true", help="the second photo of a pair is a frame at the door"
        )
        parser.add_argument(
            "--max-pairs", type=_at_least_ten, default=MAX_PAIRS, metavar="N",
            help=f"of a folder or gallery; beyond, a sample (default {MAX_PAIRS:,})",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="of whatever is drawn at random")
        parser.add_argument(
            "--groups", type=Path, metavar="CSV",
            help="person,property,… or photo,property,…: figures by group, and the gap",
        )  # fmt: skip
        parser.add_argument(
            "--baseline", action="append", default=[], choices=BASELINES,
            help="measure beside it, on the same pairs: the photos pixel by pixel, or deepface's "
            "own preprocessing with FaceNet and CenterFace",
        )  # fmt: skip
        parser.add_argument(
            "--report", type=Path, metavar="FILE.html", help="write a page with curves, by itself"
        )
        parser.add_argument(
            "--with-photos", action="store_true",
            help="the report shows names and photos of the worst errors",
        )  # fmt: skip
        parser.add_argument(
            "--model", metavar="MODEL", help="as in “facenet128 v2”; by default the active one"
        )
        parser.add_argument("--no-cache", action="store_true", help="keep no vectors of faces")

    def answer(self, options: dict[str, Any]) -> int:
        _check(options)
        labels = read_labels(options["groups"]) if options["groups"] else None
        model = _model(options["model"], needed=options["gallery"] is not None)
        evaluation = run(
            _plan(options, model, labels),
            model,
            engine_for(model),
            models_dir=settings.MODELS_DIR,
            cache=None if options["no_cache"] else settings.VAR_DIR / "cache",
            progress=lambda total, what: progress_bar(total, "photo", what),
        )
        if options["report"]:
            write_report(evaluation, options["report"], with_photos=options["with_photos"])
        self.give(as_json(evaluation))
        self._print(evaluation, options["report"])
        return YES

    def _print(self, evaluation: Evaluation, report: Path | None) -> None:
        self.say(f"{evaluation.model}: {source_of(evaluation)}")
        for one in tables_of(evaluation):
            self.say(f"\n{one.title}")
            for line in table([one.header, *one.rows]):
                self.say(line)
            for note in one.notes:
                self.say(f"  {note}")
        self.say()
        for sentence in (*sentences_of(evaluation), *failures_of(evaluation)):
            self.say(sentence)
        if report:
            self.say(f"Report: {report}")


def _check(options: dict[str, Any]) -> None:
    """Before minutes of work: what does not go together, and where nothing can be written."""
    of_pairs = options["pairs"] is not None
    wrong = {
        "--pairs needs --images, the folder of its photos.": of_pairs and not options["images"],
        "--images goes with --pairs only.": options["images"] and not of_pairs,
        "--train goes with --pairs only.": options["train"] and not of_pairs,
        "--threshold and --train both say which threshold: give one.": options["train"]
        and options["threshold"],
        "--door does not go with --gallery: what is enrolled is no frame at the door.": options[
            "door"
        ]
        and options["gallery"] is not None,
        "--with-photos goes with --report only.": options["with_photos"] and not options["report"],
    }
    for sentence, applies in wrong.items():
        if applies:
            raise Refusal(sentence, code="options")
    if options["report"] and not options["report"].resolve().parent.is_dir():
        raise Refusal(
            f"There is no folder {options['report'].resolve().parent} for the report.",
            code="folder_missing",
        )


def _plan(options: dict[str, Any], model: EmbeddingModel, labels: Any) -> Plan:
    common = {
        "door": options["door"],
        "threshold": options["threshold"],
        "labels": labels,
        "baselines": list(dict.fromkeys(options["baseline"])),
        "seed": options["seed"],
    }
    drawn = {"max_pairs": options["max_pairs"], "seed": options["seed"]}
    if options["pairs"]:
        images = options["images"]
        train = from_file(options["train"], images) if options["train"] else None
        return Plan(from_file(options["pairs"], images), train, **common)
    if options["folder"]:
        return Plan(from_folder(options["folder"], **drawn), one_to_many=True, **common)
    gallery = find_gallery(name=options["gallery"]) if options["gallery"] else None
    pairs, kept, rejected = from_gallery(model, gallery, **drawn)
    return Plan(pairs, kept=kept, rejected=rejected, one_to_many=True, **common)


def _model(name: str | None, *, needed: bool) -> EmbeddingModel:
    """The named or the active one. Photos in files need no database: there the default one stands
    in."""
    try:
        return find_model(name=name) if name else EmbeddingModel.objects.current()
    except ProgrammingError as error:
        if needed or name or not is_missing_table(error):
            raise
    return EmbeddingModel(
        name=DEFAULT_RECIPE.name,
        version=DEFAULT_RECIPE.version,
        recipe=asdict(DEFAULT_RECIPE),
        dimensions=DEFAULT_RECIPE.dimensions,
        verify_threshold=DEFAULT_RECIPE.bounds.verify,
        recognize_threshold=DEFAULT_RECIPE.bounds.recognize,
        calibration=shipped(),
    )
