"""How fast a photo becomes a vector here, beside plain deepface with the same networks."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from people.images import Photo, Pixels, decode
from recognition.engine import Engine
from recognition.engine.plain_deepface import PlainDeepFace

# At most this share of plain deepface's time, by photo.
TARGETS = {"1280x720": 0.25, "250x250": 0.75}


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians in milliseconds, photo bytes → embedding, one processor core."""

    photo: str
    ours_ms: float
    deepface_ms: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.deepface_ms

    @property
    def target(self) -> float:
        return TARGETS[self.photo]


def measure(
    engine: Engine,
    deepface: PlainDeepFace,
    portrait: Pixels,
    *,
    rounds: int,
    progress: Callable[[], object] = lambda: None,
) -> list[Timing]:
    """Time both, taking turns, so that what else the machine does disturbs both alike.

    portrait: (height, width, 3) uint8 RGB with one face. Runs on one core from here on.
    """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    timings = []
    for name, scene in scenes(portrait).items():
        data = Photo(scene, sha256="").jpeg()
        ours, theirs = [], []
        for _ in range(rounds + 1):
            ours.append(_milliseconds(engine.probe, data))
            theirs.append(_milliseconds(deepface.embedding, data))
            progress()
        # The first of each loads the networks.
        timings.append(Timing(name, median(ours[1:]), median(theirs[1:])))
    return timings


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


def _milliseconds(embed: Callable[[Pixels], object], data: bytes) -> float:
    started = time.perf_counter()
    embed(decode(data).pixels)
    return (time.perf_counter() - started) * 1000
