"""manage.py finetune: a head on the vectors, trained on people, judged by others."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import CommandParser

from people.errors import Refusal
from people.models import EmbeddingModel
from people.services import find_gallery
from recognition import heads
from recognition.calibration.measuring import PhotoSet
from recognition.calibration.service import embedder, enrolled_set
from recognition.evaluation.photo_sets import embed_people, merged
from recognition.evaluation.statistics import Interval
from recognition.finetuning import plot, service
from recognition.finetuning.judging import Row, judge
from recognition.finetuning.service import Result
from recognition.finetuning.splitting import HOLDOUTS, check_enough, split
from recognition.finetuning.training import Plan, train
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table
from recognition.reembedding.catalogue import find_model


def between(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ArgumentTypeError(f"a number from {low:g} to {high:g}")
        return value

    return read


def count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError("a number from 1 to 10000")
    return int(text)


def seed(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("a whole number, 0 or more")
    return int(text)


class Command(FaceCommand):
    help = (
        "Train a projection head on the vectors of a model with a triplet loss: photos of one "
        "person nearer to each other than to those of anybody else, by a margin. People, not "
        "photos, are divided: some teach, some say when to stop, and some, who were in neither, "
        "judge. A new embedding model is registered if none of their figures is worse than "
        "before; it answers nothing until it is built, calibrated and activated. Nobody is "
        "enrolled. The vectors of a folder are kept in VAR_DIR/cache, which only its owner can "
        "enter. Exit code 0: registered, or measured with --dry-run; 1: not registered, since it "
        "is worse; 2: error."
    )
    examples = """\
  manage.py finetune --folder faces/ --dry-run
  manage.py finetune --people
  manage.py finetune --people Office --margin 0.4 --seed 1 --plot training.png"""

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--people", nargs="?", const="", metavar="GALLERY",
            help="the people of a gallery; without a name, everybody enrolled",
        )  # fmt: skip
        source.add_argument(
            "--folder", type=Path, nargs="+", metavar="DIR",
            help="Name/photo.jpg; the same name in several folders is one person",
        )  # fmt: skip
        plan = Plan()
        parser.add_argument(
            "--margin", type=between(0.01, 2), metavar="SQUARE",
            help=f"by how much, in squared distance (default {plan.margin} for FaceNet, for another"
            " network in proportion)",
        )  # fmt: skip
        parser.add_argument(
            "--epochs", type=count, default=plan.epochs, metavar="N",
            help=f"at most (default {plan.epochs}); it stops when it helps nobody any more",
        )  # fmt: skip
        parser.add_argument(
            "--holdout", type=between(*HOLDOUTS), default=0.2, metavar="SHARE",
            help="of the people, to judge (default 0.2)",
        )  # fmt: skip
        parser.add_argument("--seed", type=seed, default=0, help="of whatever is drawn at random")
        parser.add_argument(
            "--model", metavar="MODEL", help="whose vectors; default the active one"
        )
        parser.add_argument("--name", help="of the new model")
        parser.add_argument(
            "--force", action="store_true", help="register it although it is worse; put on record"
        )
        parser.add_argument("--dry-run", action="store_true", help="measure, register nothing")
        parser.add_argument(
            "--plot", type=Path, metavar="FILE",
            help=f"{', '.join(plot.SUFFIXES)}; by default finetune.png in VAR_DIR",
        )  # fmt: skip

    def answer(self, options: dict[str, Any]) -> int:
        picture = _picture(options["plot"])
        name = options["model"]
        base = find_model(name=name) if name else EmbeddingModel.objects.current()
        service.check_base(base)
        result = self._train(base, self._photos(base, options), options)
        _draw(result, picture)
        model = self._register(result, options)
        self.give({**service.as_json(result, model), "plot": str(picture)})
        self._report(result, picture)
        self._conclude(result, model, options)
        return YES if model or options["dry_run"] else NO

    def _photos(self, base: EmbeddingModel, options: dict[str, Any]) -> PhotoSet:
        if options["folder"] is None:
            name = options["people"]
            return enrolled_set(base, find_gallery(name=name) if name else None)
        try:
            return self._folder(base, options["folder"], options["holdout"])
        except OSError as error:
            raise Refusal(
                f"{error.filename} cannot be read: {error.strerror}.", code="file_unreadable"
            ) from error

    def _folder(self, base: EmbeddingModel, folders: list[Path], holdout: float) -> PhotoSet:
        for folder in folders:
            if not folder.is_dir():
                raise Refusal(f"There is no folder {folder}.", code="folder_missing")
        every = merged(folders)
        # One photo alone makes no pair: it is not embedded, and its person only counted.
        photos = {name: own for name, own in every.items() if len(own) > 1}
        # Before minutes of work; not every file has a face, so that it is asked again afterwards.
        check_enough(len(photos), len(every) - len(photos), holdout)
        with progress_bar(sum(map(len, photos.values())), "photo", "Embedding") as bar:
            found = embed_people(
                photos, embedder(base, settings.VAR_DIR / "cache"), lambda: bar.update()
            )
        nothing = np.empty((0, 2, base.dimensions), np.float32)
        name = " and ".join(folder.resolve().name for folder in folders)
        return PhotoSet(name, {person: found.get(person, nothing) for person in every})

    def _train(self, base: EmbeddingModel, photos: PhotoSet, options: dict[str, Any]) -> Result:
        parts = split(photos.people, holdout=options["holdout"], seed=options["seed"])
        margin = options["margin"] or service.margin_for(base)
        plan = Plan(margin=margin, epochs=options["epochs"], seed=options["seed"])
        with progress_bar(plan.epochs, "epoch", "Training") as bar:
            trained = train(parts.training, parts.stopping, plan, lambda: bar.update())
        # Judged is what will be stored and used.
        head = heads.Head(trained.weights, sha256="")
        return Result(
            base=base,
            source=photos.name,
            holdout=options["holdout"],
            plan=plan,
            split=parts,
            trained=trained,
            judgement=judge(parts.held_out, head.apply, seed=plan.seed),
        )

    def _register(self, result: Result, options: dict[str, Any]) -> EmbeddingModel | None:
        if options["dry_run"] or (result.objections and not options["force"]):
            return None
        return service.register(result=result, name=options["name"], force=options["force"])

    def _report(self, result: Result, picture: Path) -> None:
        parts, trained = result.split, result.trained
        photos = [sum(map(len, part)) for part in (parts.training, parts.stopping, parts.held_out)]
        self.say(
            f"{result.source}: {len(parts.training):,} people ({photos[0]:,} photos) teach,"
            f" {len(parts.stopping):,} ({photos[1]:,}) say when to stop,"
            f" {len(parts.held_out):,} ({photos[2]:,}) judge; nobody is two of them."
        )
        if parts.without_pair or parts.unused:
            self.say(
                f"Left aside: {parts.without_pair:,} people with fewer than two usable photos,"
                f" {parts.unused:,} photos beyond ten of one person."
            )
        self.say(
            f"{len(trained.history)} epochs, {trained.history[-1].triplets:,} semi-hard triplets in"
            f" the last one; kept are the weights after epoch {trained.best}."
        )
        self.say()
        header = ("people held out", "before", "95 %", "after", "95 %", "difference, 95 %")
        for line in table([header, *map(_shown, result.judgement.rows)]):
            self.say(line)
        self.say(f"\nPlot: {picture}")

    def _conclude(
        self, result: Result, model: EmbeddingModel | None, options: dict[str, Any]
    ) -> None:
        if model is None:
            for objection in result.objections:
                self.say(f"{objection[0].upper()}{objection[1:]}.")
            why = "--dry-run" if options["dry_run"] else "--force registers it nevertheless"
            self.say(f"Nothing was registered ({why}).")
            return
        forced = " by force, which is put on record" if result.objections else ""
        self.say(
            f"{model} is registered{forced}. Next: manage.py reembed “{model}” --watch, then"
            f" manage.py calibrate --model “{model}” … on people it was not trained on, then"
            f" manage.py activate_model “{model}”."
        )


def _picture(asked: Path | None) -> Path:
    """Before minutes of work. Raises Refusal: plot_format, folder_missing."""
    file: Path = asked or settings.VAR_DIR / "finetune.png"
    if file.suffix.lower() not in plot.SUFFIXES:
        raise Refusal(f"A plot ends in {', '.join(plot.SUFFIXES)}.", code="plot_format")
    if not file.resolve().parent.is_dir():
        raise Refusal(
            f"There is no folder {file.resolve().parent} for the plot.", code="folder_missing"
        )
    return file


def _draw(result: Result, picture: Path) -> None:
    try:
        plot.draw(result.trained, result.judgement, picture)
    except OSError as error:
        raise Refusal(
            f"{picture} cannot be written: {error.strerror}. Nothing was registered.",
            code="plot_unwritable",
        ) from error


def _shown(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{100 * row.before:.2f} %",
        _range(row.before_interval),
        f"{100 * row.after:.2f} %",
        _range(row.after_interval),
        "" if row.difference is None else _range(row.difference, "+.2f"),
    )


def _range(interval: Interval, form: str = ".2f") -> str:
    return f"{100 * interval.low:{form}} to {100 * interval.high:{form}}"
