"""How fast a run goes: one worker, two workers, and the engine alone on the same photos.

On a site of its own in a temporary folder, with real workers on a real queue.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from people.errors import Refusal
from recognition.evaluation.bench_rows import Row

TWO_WORKERS_AT_LEAST = 1.8
ENGINE_AT_LEAST = 0.9
QUIET_AT_LEAST = 0.5  # p95 at most twice the quiet one
LIMIT = 2.0  # photos a second of the limited run
PHOTOS, PHOTOS_FULL = 160, 480  # of each pass; with few, the last chunks keep one worker only
PATIENCE_S = 1800

# Copies of the demo photos, a person for each: the same photo may be enrolled once a person.
_ENROL = """
import json, sys
import numpy as np
from pathlib import Path
from django.core.files.base import ContentFile
from people.images import decode
from people.models import EmbeddingModel, FaceEmbedding, FaceImage, Person, Template
active = EmbeddingModel.objects.current()
files = sorted(Path({demo!r}).glob("*/*/*"))
rng = np.random.default_rng(0)
for number in range({photos}):
    photo = decode(files[number % len(files)].read_bytes())
    person = Person.objects.create(full_name=f"Copy {{number}}")
    image = FaceImage(person=person, sha256=photo.sha256, width=photo.pixels.shape[1],
                      height=photo.pixels.shape[0], source="command", state="ready")
    image.file.save("photo.jpg", ContentFile(photo.jpeg()), save=False)
    image.save()
    vector = rng.normal(size=128).astype("float32")
    vector /= np.linalg.norm(vector)
    FaceEmbedding.objects.create(image=image, model=active, vector=vector)
    Template.objects.create(person=person, model=active, vector=vector, photos=1)
"""

# From the first chunks, when every worker has its networks, to the last.
_RATE = """
import json, time
from recognition.models import ReembeddingRun
from recognition.reembedding import catalogue, runs
run = runs.start(model=catalogue.find_model(name={model!r}))
marks = []
while True:
    run.refresh_from_db()
    if run.settled >= {skip} and (not marks or run.settled != marks[-1][1]):
        marks.append((time.monotonic(), run.settled))
    if run.state == "done":
        break
    time.sleep(0.01)
(t0, n0), (t1, n1) = marks[0], marks[-1]
print(json.dumps((n1 - n0) / (t1 - t0)))
"""

# The engine alone, in one process, a batch at a time, from the stored files.
_ENGINE = """
import json, time
from people.models import FaceImage
from recognition.reembedding.catalogue import find_model
from recognition.reembedding.sources import PHOTOS_AT_ONCE, pixels_of
from recognition.runtime import engine_for
engine = engine_for(find_model(name={model!r}))
photos = [pixels_of(image) for image in FaceImage.objects.order_by("pk")]
engine.enrol(photos[:2])
began = time.monotonic()
for start in range(0, len(photos), PHOTOS_AT_ONCE):
    engine.enrol(photos[start : start + PHOTOS_AT_ONCE])
print(json.dumps(len(photos) / (time.monotonic() - began)))
"""

# p95 of questions asked by one person after the other.
_ASK = """
import json, time
from pathlib import Path
from people.images import decode
from recognition import services
data = sorted(Path({demo!r}).glob("val/*/*"))[0].read_bytes()
def ask():
    began = time.perf_counter()
    services.recognize(probe=[decode(data).pixels], source="command")
    return time.perf_counter() - began
ask()
times = sorted(ask() for _ in range({questions}))
print(json.dumps(times[int(len(times) * 0.95)] * 1000))
"""


class _Site:
    """A database, a queue and photos of its own, in a folder that is removed."""

    def __init__(self, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "VAR_DIR": str(folder),
            "MODELS_DIR": str(settings.MODELS_DIR),
            "DATABASE_URL": "",
            "CELERY_BROKER_URL": "",
            "SECRET_KEY": settings.SECRET_KEY,
            "ALLOWED_HOSTS": "localhost",
            "HTTPS": "off",
        }

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise Refusal(f"The bench's own site failed: {done.stderr[-400:]}", code="bench_failed")
        return done.stdout

    def number(self, script: str) -> float:
        return float(json.loads(self.run("shell", "-v", "0", "-c", script).splitlines()[-1]))

    @contextmanager
    def workers(self, processes: int) -> Iterator[None]:
        command = self._command("worker", "--processes", str(processes), "--clock")
        started = subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            started.terminate()
            started.wait(60)


@contextmanager
def _site(photos: int) -> Iterator[_Site]:
    demo = settings.MODELS_DIR / "demo"
    if not demo.is_dir():
        raise Refusal("There are no demo photos. Run: manage.py fetch_models", code="no_photos")
    with tempfile.TemporaryDirectory(prefix="bench-reembed-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root, the services run as another user
        site = _Site(folder)
        # Keeps the site's services up between its commands.
        with site.workers(1):
            site.run("migrate", "-v", "0")
            site.run("shell", "-v", "0", "-c", _ENROL.format(demo=str(demo), photos=photos))
        yield site


def rows(*, full: bool) -> list[Row]:
    """Raises Refusal."""
    photos = PHOTOS_FULL if full else PHOTOS
    with _site(photos) as site:
        rates = []
        for number in (1, 2):
            site.run("add_model", f"bench{number}", "--margin", f"-0.{number}")
            with site.workers(number):
                script = _RATE.format(model=f"bench{number}", skip=photos // 5)
                rates.append(site.number(script))
        engine = site.number(_ENGINE.format(model="bench1"))
        quiet, beside = _questions(site)
    one, two = rates
    return [
        Row("re-embedding, two workers", "one worker", two, one, "photos/s", two / one,
            TWO_WORKERS_AT_LEAST),
        Row("re-embedding, one worker", "the engine alone", one, engine, "photos/s", one / engine,
            ENGINE_AT_LEAST),
        Row(f"p95 beside a run of {LIMIT:g} photos/s", "p95 when it is quiet", beside, quiet, "ms",
            quiet / beside, QUIET_AT_LEAST),
    ]  # fmt: skip


def _questions(site: _Site, questions: int = 100) -> tuple[float, float]:
    """p95 in milliseconds: quiet, and beside one worker of a limited run."""
    ask = _ASK.format(demo=str(settings.MODELS_DIR / "demo"), questions=questions)
    site.run("add_model", "bench3", "--margin", "-0.3")
    with site.workers(1):
        quiet = site.number(ask)
        site.run("reembed", "bench3", "--rate", str(LIMIT))
        beside = site.number(ask)
        site.run("reembed", "bench3", "--cancel")
    return quiet, beside
