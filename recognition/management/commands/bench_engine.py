"""manage.py bench_engine"""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from people.errors import Refusal
from people.images import decode
from recognition.engine import Engine
from recognition.engine.plain_deepface import PlainDeepFace
from recognition.evaluation import bench_engine


class Command(BaseCommand):
    help = (
        "Time photo bytes → embedding on one core, beside deepface's own pipeline with the same"
        " networks. Exit code 1 when a target is missed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--photo", type=Path, help="A portrait; otherwise a demo photo.")
        parser.add_argument("--rounds", type=int, default=10)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        timings = self._measure(options["photo"], options["rounds"])
        met = all(timing.ratio <= timing.target for timing in timings)
        if options["json"]:
            rows = [
                {
                    "photo": timing.photo,
                    "ours_ms": round(timing.ours_ms, 1),
                    "deepface_ms": round(timing.deepface_ms, 1),
                    "ratio": round(timing.ratio, 3),
                    "target": timing.target,
                }
                for timing in timings
            ]
            self.stdout.write(json.dumps({"met": met, "rows": rows}))
        else:
            self.stdout.write("   photo      ours ms   deepface ms   ratio   at most")
            for timing in timings:
                self.stdout.write(
                    f"{timing.photo:>9}   {timing.ours_ms:8.1f}   {timing.deepface_ms:11.1f}"
                    f"   {timing.ratio:5.2f}   {timing.target:7.2f}"
                )
        if not met:
            sys.exit(1)

    def _measure(self, photo: Path | None, rounds: int) -> list[bench_engine.Timing]:
        folder: Path = settings.MODELS_DIR
        try:
            portrait = (
                decode(photo.read_bytes()).pixels if photo else bench_engine.a_portrait(folder)
            )
            with tqdm(total=2 * (rounds + 1), disable=None, leave=False) as bar:
                return bench_engine.measure(
                    Engine(models_dir=folder, threads=1),
                    PlainDeepFace(folder),
                    portrait,
                    rounds=rounds,
                    progress=bar.update,
                )
        except (Refusal, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
