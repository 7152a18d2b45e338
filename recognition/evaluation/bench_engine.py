"""How fast a photo becomes a vector here, beside plain deepface with the same networks."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from django.conf import settings

from people.images import Photo, Pixels, decode
from recognition.engine import Engine
from recognition.engine.plain_deepface import PlainDeepFace
from recognition.evaluation.bench_rows import Row

# How many times faster than plain deepface, by photo.
LEAST = {"1280x720": 5.0, "250x250": 1.5}


def rows(*, full: bool) -> list[Row]:
    """Photo bytes → embedding, on one core."""
    models: Path = settings.MODELS_DIR
    portrait = a_portrait(models)
    ours, theirs = Engine(models_dir=models, threads=1), PlainDeepFace(models)
    on_one_core()
    found = []
    for name, scene in scenes(portrait).items():
        data = Photo(scene, sha256="").jpeg()
        milliseconds = in_turns(
            [
                lambda data=data: ours.probe(decode(data).pixels),
                lambda data=data: theirs.embedding(decode(data).pixels),
            ],
            rounds=30 if full else 10,
        )
        found.append(
            Row(
                work=f"photo bytes → embedding, {name}, one core",
                against="DeepFace.represent, same detector and weights",
                ours=milliseconds[0],
                theirs=milliseconds[1],
                unit="ms",
                ratio=milliseconds[1] / milliseconds[0],
                least=LEAST[name],
            )
        )
    return found


def on_one_core() -> None:
    """This process and the threads it starts from here on; children inherit it."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def in_turns(works: list[Callable[[], object]], *, rounds: int) -> list[float]:
    """The median milliseconds of each. They take turns, so that what else the machine does
    disturbs all alike; the first round, which loads and warms up, does not count."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, took in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            if number:
                took.append((time.perf_counter() - started) * 1000)
    return [median(took) for took in times]


def scenes(portrait: Pixels) -> dict[str, Pixels]:
    """The portrait at 250×250, and twice as large in a 1280×720 room that is made up."""
    rows = np.linspace(0, portrait.shape[0] - 1, 250).astype(int)
    columns = np.linspace(0, portrait.shape[1] - 1, 250).astype(int)
    small = portrait[rows][:, columns]
    y, x = np.mgrid[0:720, 0:1280]
    room = np.stack(
        [100 + 60 * np.sin(x / 90), 110 + 50 * np.cos(y / 70), 90 + 40 * np.sin((x + y) / 120)],
        axis=-1,
    ).astype(np.uint8)
    room[150:650, 400:900] = small.repeat(2, axis=0).repeat(2, axis=1)
    return {"1280x720": room, "250x250": small}


def a_portrait(models_dir: Path) -> Pixels:
    """A demo photo. Raises FileNotFoundError when there are none."""
    photos = sorted((models_dir / "demo" / "val").rglob("*.jpg"))
    if not photos:
        raise FileNotFoundError("There are no demo photos. Run: manage.py fetch_models")
    return decode(photos[0].read_bytes()).pixels
