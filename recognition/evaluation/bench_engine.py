"""How fast a photo becomes a vector here, beside plain deepface with the same networks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from django.conf import settings

from people.images import Photo, Pixels, decode
from recognition.engine import DEFAULT_RECIPE, Engine
from recognition.engine.plain_deepface import PlainDeepFace
from recognition.engine.recipe import EIGHT_BITS
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.timing import in_turns
from recognition.runtime import chosen_runtime

# How many times faster than plain deepface, by photo: at fp32, and at eight bits.
LEAST = {"1280x720": (5.0, 8.0), "250x250": (1.5, 3.0)}

_EIGHT_BITS = replace(DEFAULT_RECIPE, network=EIGHT_BITS)


def rows(*, full: bool) -> list[Row]:
    """Photo bytes → embedding, on the one core this process is bound to."""
    models: Path = settings.MODELS_DIR
    portrait = a_portrait(models)
    deepface = PlainDeepFace(models)
    engines = {
        "fp32": Engine(models_dir=models, runtime=chosen_runtime()),
        "int8": Engine(models_dir=models, runtime=chosen_runtime(), recipe=_EIGHT_BITS),
    }
    found = []
    for name, scene in scenes(portrait).items():
        data = Photo(scene, sha256="").jpeg()
        *ours, theirs = in_turns(
            [
                *(partial(_embed, engine.probe, data) for engine in engines.values()),
                partial(_embed, deepface.embedding, data),
            ],
            rounds=30 if full else 10,
        )
        found += [
            Row(
                work=f"photo bytes → embedding, {name}, {precision}, one core",
                against="DeepFace.represent, same detector and weights",
                ours=milliseconds,
                theirs=theirs,
                unit="ms",
                ratio=theirs / milliseconds,
                least=least,
            )
            for precision, milliseconds, least in zip(engines, ours, LEAST[name], strict=True)
        ]
    return found


def _embed(embed: Callable[[Pixels], object], data: bytes) -> None:
    embed(decode(data).pixels)


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
