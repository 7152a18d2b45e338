"""manage.py evaluate_liveness"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from people.errors import Refusal
from recognition.engine import DEFAULT_RECIPE, Engine, weights
from recognition.engine.antispoof import AntiSpoof
from recognition.evaluation import presentations, replays, turns
from recognition.evaluation.presentations import At, Rate
from recognition.evaluation.replays import Photo, Tally
from recognition.liveness.frames import StepFrame
from recognition.liveness.pad import LEAST
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table

Judges = tuple[Engine, AntiSpoof | None]


class Command(FaceCommand):
    help = (
        "Measure the liveness check. FOLDER holds live/ and spoof/: error rates of the"
        " anti-spoofing networks by threshold. --turns DIR holds Name/photo.jpg, the demo photos"
        " without DIR: how often people who do as asked pass, and with --replays N how many of N"
        " generated attacks do. Exit code 0; 1 when an attack was accepted; 2 when it could not be"
        " measured."
    )
    examples = """\
  manage.py evaluate_liveness FOLDER --plot pad.svg
  manage.py evaluate_liveness --turns PEOPLE --replays 1000 --json"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
        parser.add_argument("--plot", type=Path, metavar="FILE", help="*.svg or *.png")
        demo = settings.MODELS_DIR / weights.DEMO / "train"
        parser.add_argument("--turns", type=Path, metavar="DIR", nargs="?", const=demo)
        parser.add_argument("--people", type=int, help="only so many people of DIR")
        parser.add_argument("--replays", type=int, default=0, metavar="N")
        parser.add_argument("--moves", type=int, default=settings.LIVENESS_STEPS)
        parser.add_argument(
            "--with-pad", action="store_true", help="those of --turns pass the networks as well"
        )
        parser.add_argument(
            "--detector", choices=weights.DETECTORS, default=DEFAULT_RECIPE.detector
        )
        parser.add_argument("--seed", type=int, default=0)

    def answer(self, options: dict[str, Any]) -> int:
        if options["folder"] is None and options["turns"] is None:
            raise Refusal("Name a FOLDER with live/ and spoof/, or --turns DIR.", code="no_folder")
        if not 2 <= options["moves"] <= 5:
            raise Refusal("--moves is a number from 2 to 5.", code="moves_out_of_range")
        how: dict[str, Any] = {
            "models_dir": settings.MODELS_DIR,
            "threads": settings.ENGINE_THREADS,
        }
        engine = Engine(**how, recipe=replace(DEFAULT_RECIPE, detector=options["detector"]))
        antispoof = AntiSpoof(**how)
        result: dict[str, Any] = {}
        if options["folder"] is not None:
            result["pad"] = self._pad(options["folder"], engine, antispoof, options["plot"])
        if options["turns"] is not None:
            judges = (engine, antispoof if options["with_pad"] else None)
            result |= self._active(judges, options)
        self.give(result)
        attacks = result.get("replays", {}).values()
        return NO if any(kind["accepted"] for kind in attacks) else YES

    def _pad(
        self, folder: Path, engine: Engine, antispoof: AntiSpoof, plot: Path | None
    ) -> dict[str, Any]:
        files = presentations.files_of(folder)
        with progress_bar(sum(map(len, files)), " photos", "Anti-spoofing") as bar:
            live, spoof = (
                presentations.score(
                    paths, engine=engine, antispoof=antispoof, progress=lambda: bar.update()
                )
                for paths in files
            )
        rows = [presentations.at(each, live, spoof) for each in presentations.THRESHOLDS]
        self._say_pad(rows, len(live), len(spoof))
        if plot is not None:
            presentations.plot(live, spoof, LEAST, plot)
            self.say(f"Plot: {plot}")
        return {"threshold": LEAST, "rates": [_as_json(row) for row in rows]}

    def _say_pad(self, rows: Sequence[At], live: int, spoof: int) -> None:
        self.say(f"{live} live and {spoof} spoof photos; intervals of 95 %. In use: {LEAST}.")
        cells = [(f"{row.threshold:.2f}", str(row.apcer), str(row.bpcer)) for row in rows]
        for line in table([("threshold", "APCER", "BPCER"), *cells]):
            self.say(line)

    def _active(self, judges: Judges, options: dict[str, Any]) -> dict[str, Any]:
        if judges[1] is not None:
            judges[1].load()
        photos = replays.read(options["turns"], judges[0], most_people=options["people"])
        if len({photo.person for photo in photos if replays.is_straight(photo)}) < 2:
            raise Refusal(
                f"{options['turns']} needs photos of two people that look straight at the camera,"
                " as Name/photo.jpg.",
                code="nothing_to_compare",
            )
        genuine = [
            *turns.of_photos(photos, seed=options["seed"]),
            *turns.synthetic(photos, moves=options["moves"], seed=options["seed"]),
        ]
        result = {"genuine": self._tally("Did as asked", genuine, len(genuine), judges)}
        number = options["replays"]
        if number:
            result["replays"] = self._tally("Attacks", _attacks(photos, options), number, judges)
        return result

    def _tally(
        self,
        title: str,
        answers: Iterable[tuple[str, list[StepFrame]]],
        number: int,
        judges: Judges,
    ) -> dict[str, Any]:
        tallies: dict[str, Tally] = {}
        with progress_bar(number, " answers", title) as bar:
            for kind, frames in answers:
                tally = tallies.setdefault(kind, Tally(kind))
                tally.outcomes[replays.outcome(frames, *judges)] += 1
                bar.update()
        self.say(f"{title}: {sum(tally.tried for tally in tallies.values())} answers")
        for line in table(
            [("kind", "tried", "accepted", "outcomes"), *map(_cells, tallies.values())]
        ):
            self.say(line)
        return {
            tally.kind: {
                "tried": tally.tried,
                "accepted": tally.accepted,
                "outcomes": dict(tally.outcomes),
                "rate": Rate(tally.accepted, tally.tried).as_json(),
            }
            for tally in tallies.values()
        }


def _attacks(
    photos: Sequence[Photo], options: dict[str, Any]
) -> Iterable[tuple[str, list[StepFrame]]]:
    return replays.replays(
        photos, number=options["replays"], moves=options["moves"], seed=options["seed"]
    )


def _cells(tally: Tally) -> tuple[str, int, str, str]:
    rate = Rate(tally.accepted, tally.tried)
    ended = ", ".join(f"{code} {count}" for code, count in tally.outcomes.most_common())
    return tally.kind, tally.tried, f"{tally.accepted} = {rate}", ended


def _as_json(row: At) -> dict[str, object]:
    return {
        "threshold": row.threshold,
        "apcer": row.apcer.as_json(),
        "bpcer": row.bpcer.as_json(),
    }
