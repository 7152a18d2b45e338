"""manage.py calibrate: how near is near enough, measured."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from people.errors import Refusal
from people.models import EmbeddingModel
from people.services import find_gallery
from recognition import thresholds
from recognition.acceptance import Accepted, accepted, fixed_by_environment
from recognition.calibration import service
from recognition.calibration.fitting import RESAMPLES
from recognition.calibration.identification import fmr_for
from recognition.calibration.measuring import (
    FITS,
    Measured,
    PhotoSet,
    check_supported,
    combine,
    measure,
)
from recognition.calibration.promise import in_words
from recognition.calibration.stored import Calibration
from recognition.evaluation.photo_sets import embed_people, merged
from recognition.management.base import YES, FaceCommand, progress_bar, table
from recognition.reembedding.catalogue import find_model

POOLS = (20, 100, 1_000, 10_000)
SHOWN = 5  # of the pairs of names that may be one person


def rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise ArgumentTypeError("a rate is between 0 and 1, as in 1e-4")
    return value


def _model(name: str | None) -> EmbeddingModel:
    return find_model(name=name) if name else EmbeddingModel.objects.current()


def count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise ArgumentTypeError("a number from 1 to 100")
    return int(text)


class Command(FaceCommand):
    help = (
        "Measure how often strangers are how near to templates, and keep the curve on an embedding "
        "model, by default the active one: from a folder Name/photo.jpg, from the people enrolled "
        "here, or from both (the stricter counts). Thresholds follow from it and from the error "
        "rates you accept. Nobody is enrolled. The vectors of a folder are kept in VAR_DIR/cache, "
        "which only its owner can enter; --no-cache keeps none. Exit code 0: kept; 2: error, "
        "nothing changed."
    )
    examples = """\
  manage.py calibrate --folder faces/ --dry-run
  manage.py calibrate --gallery
  manage.py calibrate --folder faces/ --gallery Office --fpir 0.005
  manage.py calibrate --folder faces/ --model "tighter v1"    before it is activated"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--folder", type=Path, nargs="+", metavar="DIR",
            help="Name/photo.jpg; the same name in several folders is one person",
        )  # fmt: skip
        parser.add_argument(
            "--model", metavar="MODEL",
            help="as in “facenet128 v2”, one to be activated later; by default the active one",
        )  # fmt: skip
        parser.add_argument("--name", help="what to call the set of the folders")
        parser.add_argument(
            "--gallery",
            nargs="?",
            const="",
            metavar="NAME",
            help="the people of a gallery; without a name, everybody enrolled",
        )
        parser.add_argument(
            "--photos", type=count, default=5, metavar="N",
            help="a template is made of so many photos at most (default 5)",
        )  # fmt: skip
        parser.add_argument(
            "--frames", type=count, default=3, metavar="N",
            help="frames of a probe of several frames (default 3; 1 leaves them out)",
        )  # fmt: skip
        parser.add_argument(
            "--fmr", type=rate, metavar="RATE", help="accept and keep: false matches of verify"
        )
        parser.add_argument(
            "--fpir", type=rate, metavar="RATE", help="accept and keep: strangers with a name"
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--dry-run", action="store_true", help="measure and show, keep nothing")
        parser.add_argument("--no-cache", action="store_true", help="keep no vectors of faces")

    def answer(self, options: dict[str, Any]) -> int:
        if options["folder"] is None and options["gallery"] is None:
            raise Refusal("Say what to measure on: --folder, --gallery or both.", code="no_set")
        model = _model(options["model"])
        rates = self._rates(options)
        sets = self._sets(model, options)
        measured = self._measure(sets, options)
        calibration = combine(
            measured,
            source=" and ".join(photos.name for photos in sets),
            is_own=any(photos.is_own for photos in sets),
            measured_on=service.today(),
        )
        people = max(thresholds.pool_size(model), 1)
        self._check(calibration, rates, people)
        if not options["dry_run"]:
            service.keep(model=model, calibration=calibration)
            if options["fmr"] or options["fpir"]:
                service.accept(rates)
        self._report(model, calibration, measured, rates, people, kept=not options["dry_run"])
        return YES

    def _rates(self, options: dict[str, Any]) -> Accepted:
        now = accepted()
        for option, field in (("fmr", "verify_fmr"), ("fpir", "recognize_fpir")):
            if options[option] and field in fixed_by_environment():
                raise Refusal(
                    f"{fixed_by_environment()[field]} in the environment decides; change it there.",
                    code="set_by_environment",
                )
        fmr, fpir = options["fmr"] or now.verify_fmr, options["fpir"] or now.recognize_fpir
        if not 1e-8 <= fmr <= 0.01 or not 1e-6 <= fpir <= 0.5:
            raise Refusal(
                "Accept 1e-8 to 0.01 with --fmr, and 1e-6 to 0.5 with --fpir.",
                code="rate_out_of_range",
            )
        return Accepted(fmr, fpir, now.fnmr_warning)

    def _sets(self, model: EmbeddingModel, options: dict[str, Any]) -> list[PhotoSet]:
        """The people enrolled here first: their effects count before a public set's."""
        sets = []
        if options["gallery"] is not None:
            name = options["gallery"]
            sets.append(service.enrolled_set(model, find_gallery(name=name) if name else None))
        if options["folder"] is not None:
            sets.append(self._folder(model, options))
        return sets

    def _folder(self, model: EmbeddingModel, options: dict[str, Any]) -> PhotoSet:
        folders: list[Path] = options["folder"]
        for folder in folders:
            if not folder.is_dir():
                raise Refusal(f"There is no folder {folder}.", code="folder_missing")
        photos = merged(folders)
        cache = None if options["no_cache"] else settings.VAR_DIR / "cache"
        embedder = service.embedder(model, cache)
        with progress_bar(sum(map(len, photos.values())), "photo", "Embedding") as bar:
            people = embed_people(photos, embedder, lambda: bar.update())
        name = options["name"] or " and ".join(folder.resolve().name for folder in folders)
        return PhotoSet(name, people)

    def _measure(self, sets: list[PhotoSet], options: dict[str, Any]) -> list[Measured]:
        with progress_bar(FITS * RESAMPLES * len(sets), "resample", "Fitting") as bar:
            return [
                measure(
                    photos,
                    template_photos=options["photos"],
                    frames=options["frames"],
                    seed=options["seed"],
                    progress=lambda: bar.update(),
                )
                for photos in sets
            ]

    def _check(self, calibration: Calibration, rates: Accepted, people: int) -> None:
        """Raises TooFew: what cannot be supported is not kept."""
        for curve in (calibration.single, calibration.several):
            check_supported(
                curve, fmr=rates.verify_fmr, what=f"1:1 errors of {in_words(rates.verify_fmr)}"
            )
            check_supported(
                curve,
                fmr=fmr_for(rates.recognize_fpir, people),
                what=f"{in_words(rates.recognize_fpir)} strangers among {people:,} people",
            )

    def _report(
        self,
        model: EmbeddingModel,
        calibration: Calibration,
        measured: list[Measured],
        rates: Accepted,
        people: int,
        *,
        kept: bool,
    ) -> None:
        rows = _threshold_rows(calibration, rates, people)
        suspects = [suspect for one in measured for suspect in one.suspects]
        self.give(
            {
                "model": str(model),
                "kept": kept,
                "people": people,
                "accepted": {"fmr": rates.verify_fmr, "fpir": rates.recognize_fpir},
                "thresholds": [dict(zip(_KEYS, row, strict=True)) for row in rows],
                "suspects": [[s.one, s.other, round(s.distance, 3)] for s in suspects],
                "calibration": calibration.as_json(),
            }
        )
        for source in calibration.sets:
            self.say(
                f"{source['name']}: {source['people']:,} people, {source['photos']:,} photos;"
                f" {source['templates']:,} templates of {source['template_photos']} photos,"
                f" {source['frames']} frame{'s' * (source['frames'] > 1)} a probe:"
                f" {source['comparisons']:,} comparisons between different people"
            )
        self.say()
        for line in table([("FMR", "distance", "95 %", ""), *_curve_rows(calibration)]):
            self.say(line)
        self.say()
        header = ("threshold for", "one frame", "several", "strangers", "95 %", "")
        for line in table([header, *map(_shown, rows)]):
            self.say(line)
        self._say_suspects([(s.one, s.other, s.distance) for s in suspects])
        self.say()
        self.say(f"Kept on {model}." if kept else "Nothing was changed (--dry-run).")

    def _say_suspects(self, suspects: list[tuple[str, str, float]]) -> None:
        if not suspects:
            return
        self.say()
        self.say("Nearer than chance allows; are these one person under two names?")
        for one, other, distance in suspects[:SHOWN]:
            self.say(f"  {one} / {other}, distance {distance:.2f}")
        if len(suspects) > SHOWN:
            self.say(f"  and {len(suspects) - SHOWN} more")


_KEYS = ("for", "single", "several", "fpir", "low", "high", "supported")


def _threshold_rows(
    calibration: Calibration, rates: Accepted, people: int
) -> list[tuple[str, float, float, float, float, float, bool]]:
    pools = sorted({*POOLS, people})
    asked = [("verify (1:1)", rates.verify_fmr, rates.verify_fmr, 1)]
    asked += [
        (f"{n:,} people", fmr_for(rates.recognize_fpir, n), rates.recognize_fpir, n) for n in pools
    ]
    rows = []
    for name, fmr, stated, pool in asked:
        distance = calibration.single.distance_at(fmr)
        low, high = calibration.single.interval_at(distance)
        rows.append((
            name, round(distance, 4), round(calibration.several.distance_at(fmr), 4), stated,
            min(1.0, low * pool), min(1.0, high * pool), calibration.single.supports(fmr),
        ))  # fmt: skip
    return rows


def _curve_rows(calibration: Calibration) -> list[tuple[str, float, str, str]]:
    return [
        (
            f"{point.fmr:.0e}",
            round(point.distance, 3),
            f"{point.low:.1e}–{point.high:.1e}",
            "counted" if point.measured else "fitted",
        )
        for point in calibration.single.points[::4]
        if point.fmr >= calibration.single.supported * 0.999
    ]


def _shown(row: tuple[str, float, float, float, float, float, bool]) -> tuple[object, ...]:
    name, single, several, stated, low, high, supported = row
    return (
        name, f"{single:.3f}", f"{several:.3f}", in_words(stated), f"{low:.2g}–{high:.2g}",
        "" if supported else "not supported by this sample",
    )  # fmt: skip
