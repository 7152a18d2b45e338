"""manage.py bench_login"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from people.models import FaceImageSource, Person
from people.services import enrol_photo
from recognition.enrolment import embed_images
from recognition.evaluation import login_timing
from recognition.evaluation.bench_engine import a_portrait
from recognition.evaluation.login_timing import Timing
from recognition.liveness import StepFrame
from recognition.login import brakes, faces
from recognition.login.accounts import Mode
from recognition.login.faces import Claim, Sent
from recognition.queueing import kept_in_process

_KNOWN, _UNKNOWN = "known", "nobody"


class Command(BaseCommand):
    help = (
        "The time of a log-in by face for a wrong face and for a name that nobody has, in turns,"
        " with both distributions. In a database of its own, which is gone afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pairs", type=int, default=200)
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--here", action="store_true", help="Use the database as it is.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["here"]:
            self._in_a_database_of_its_own()
            return
        call_command("migrate", verbosity=0)
        # What is compared is the same with a challenge, which both kinds answer alike.
        settings.FACE_LOGIN_MODE, settings.FACE_LOGIN_LIVENESS = "claimed", "off"
        try:
            portrait = a_portrait(settings.MODELS_DIR)
        except FileNotFoundError as error:
            raise CommandError(str(error), returncode=2) from error
        _enrol_somebody_else()
        frame = StepFrame(portrait, "look_straight", 0)
        timing = login_timing.measure(
            wrong_face=partial(_attempt, _KNOWN, frame),
            unknown_name=partial(_attempt, _UNKNOWN, frame),
            pairs=options["pairs"],
        )
        self._tell(timing, as_json=options["json"])

    def _in_a_database_of_its_own(self) -> None:
        connection.close()
        with tempfile.TemporaryDirectory(prefix="face-bench-") as folder:
            Path(folder).chmod(0o711)  # as root, the embedded services run as another user
            environment = os.environ | {
                "VAR_DIR": folder,
                "MODELS_DIR": str(settings.MODELS_DIR),
                "DATABASE_URL": "",
                "CELERY_BROKER_URL": "",
                "SECRET_KEY": settings.SECRET_KEY,
                "ALLOWED_HOSTS": "localhost",
                "HTTPS": "off",
            }
            done = subprocess.run([*sys.orig_argv, "--here"], env=environment, check=False)
        sys.exit(done.returncode)

    def _tell(self, timing: Timing, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(timing) | {"is_hidden": timing.is_hidden}))
            return
        for name, quartiles in (
            ("wrong face", timing.wrong_face),
            ("unknown name", timing.unknown_name),
        ):
            low, middle, high = quartiles
            self.stdout.write(f"{name:14}{low:8.1f}{middle:8.1f}{high:8.1f} ms (25, 50, 75 %)")
        self.stdout.write(
            f"difference    {timing.difference:8.2f} ms, 95 % interval {timing.low:.2f} to"
            f" {timing.high:.2f}; noise of one kind {timing.noise:.2f} ms, {timing.pairs} pairs"
        )
        self.stdout.write("hidden in the noise" if timing.is_hidden else "NOT hidden in the noise")


def _enrol_somebody_else() -> None:
    """A demo person who is not the one of the portrait."""
    user = User.objects.create_user(_KNOWN)
    person = Person.objects.create(full_name="Known", user=user)
    photo = sorted((settings.MODELS_DIR / "demo" / "train" / "Jerry_Seinfeld").glob("*"))[2]
    with kept_in_process() as waiting:
        enrol_photo(person=person, data=photo.read_bytes(), source=FaceImageSource.COMMAND)
    embed_images(waiting)


def _attempt(name: str, frame: StepFrame) -> None:
    claim = Claim(mode=Mode.CLAIMED, bound_to="bench", address="192.0.2.1", name=name)
    found = faces.answer(claim=claim, read=lambda: Sent(nonce="", frames=[frame]))
    if found.code != "no_match":
        raise CommandError(f"A wrong face was answered with {found.code}.")
    # Otherwise the sixth would wait. Of each kind the same rows are touched.
    brakes.release(name=name)
