"""manage.py bench_http"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from people.images import Photo
from people.models import EmbeddingModel, FaceImageSource, Gallery, Person
from people.services import enrol_photo
from recognition.devices import add_device
from recognition.enrolment import embed_images
from recognition.evaluation import http_speed
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.filling import Maker, analyze, fill
from recognition.evaluation.population import typical
from recognition.queueing import kept_in_process
from recognition.runtime import engine_for
from recognition.search import ensure_index

# HTTP must reach this share of the engine's own rate; a clock-in may cost this much of recognizing.
AT_LEAST, AT_MOST = 0.9, 1.2


class Command(BaseCommand):
    help = (
        "Recognize over HTTP with 1, 4 and 16 clients, beside the same engine called in this"
        " process; and clocking in beside recognizing, with many people enrolled. In a database"
        " and a web server of its own, which are gone afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
        parser.add_argument("--people", type=int, default=10_000, help="Synthetic, enrolled.")
        parser.add_argument("--seconds", type=float, default=8, help="Of each measurement.")
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--here", action="store_true", help="Use the database as it is.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["here"]:
            self._in_a_site_of_its_own()
            return
        call_command("migrate", verbosity=0)
        try:
            portrait = a_portrait(settings.MODELS_DIR)
        except FileNotFoundError as error:
            raise CommandError(str(error), returncode=2) from error
        photo = Photo(scenes(portrait)["1280x720"], sha256="").jpeg()
        key = _enrol(photo, options["people"])
        self._tell(_measure(photo, key, options), as_json=options["json"])

    def _in_a_site_of_its_own(self) -> None:
        with tempfile.TemporaryDirectory(prefix="face-bench-") as folder:
            Path(folder).chmod(0o711)  # as root, the services run as another user
            environment = {
                **os.environ,
                "VAR_DIR": folder,
                "MODELS_DIR": str(settings.MODELS_DIR),
                "SECRET_KEY": settings.SECRET_KEY,
                "ALLOWED_HOSTS": "127.0.0.1",
                "HTTPS": "off",
                "DATABASE_URL": "",
                "CELERY_BROKER_URL": "",
                "CLOCK_REPEAT_SECONDS": "0",  # each clock-in is an event of its own
                "THROTTLE_ADDRESS": "1000000/min",
                "THROTTLE_ACCOUNT": "1000000/min",
            }
            command = [sys.executable, *sys.argv, "--here"]
            done = subprocess.run(command, env=environment, check=False)
        if done.returncode:
            raise CommandError("The measurement failed.", returncode=2)

    def _tell(self, found: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found))
            return
        self.stdout.write(
            "clients   in process/s   HTTP/s   ratio   p50 ms   p95 ms   p99 ms  errors"
        )
        for row in found["recognize"]:
            self.stdout.write(
                f"{row['clients']:7}   {row['in_process_rps']:12.1f}   {row['http_rps']:6.1f}"
                f"   {row['ratio']:5.2f}   {row['p50_ms']:6.0f}   {row['p95_ms']:6.0f}"
                f"   {row['p99_ms']:6.0f}  {row['errors']:6}"
            )
        clock = found["clock"]
        self.stdout.write(
            f"With {clock['people']:,} people: recognize {clock['recognize_ms']:.0f} ms, clock-in"
            f" {clock['clock_ms']:.0f} ms, ratio {clock['ratio']:.2f} (at most {AT_MOST});"
            f" HTTP is to reach {AT_LEAST} of the engine's rate."
        )


def _enrol(photo: bytes, people: int) -> str:
    """One real person in a gallery with many synthetic ones; gives a device's key."""
    gallery = Gallery.objects.create(name="Bench")
    person = Person.objects.create(full_name="The person of the photo")
    with kept_in_process() as kept:
        enrol_photo(person=person, data=photo, source=FaceImageSource.COMMAND)
    embed_images(kept)
    model = EmbeddingModel.objects.current()
    fill(model, Maker(typical(np.random.default_rng(0)), 0), people)
    ensure_index(model)
    gallery.people.set(Person.objects.all())
    analyze()
    return add_device(name="Bench", galleries=[gallery]).key


def _measure(photo: bytes, key: str, options: dict[str, Any]) -> dict[str, Any]:
    engine = engine_for(EmbeddingModel.objects.current())
    with http_speed.web_server(settings.VAR_DIR / "bench.log") as port:
        recognize, clock = (
            http_speed.Target(port, f"/api/v1/{path}", key, photo)
            for path in ("recognize/", "attendance/clock/")
        )
        speeds = http_speed.measure(
            recognize,
            engine,
            clients=options["clients"],
            seconds=options["seconds"],
            rounds=options["rounds"],
        )
        asked, clocked = http_speed.median_ms(
            [recognize, clock], seconds=options["seconds"], rounds=options["rounds"]
        )
    return {
        "recognize": [{**asdict(speed), "ratio": speed.ratio} for speed in speeds],
        "clock": {
            "people": options["people"],
            "recognize_ms": asked,
            "clock_ms": clocked,
            "ratio": clocked / asked,
        },
    }
