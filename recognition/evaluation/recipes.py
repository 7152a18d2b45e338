"""Which recipe tells people apart best: every candidate on LFW View 1."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from people.images import decode
from recognition.engine import DEFAULT_RECIPE, Embeddings, Engine, Recipe
from recognition.engine.recipe import DLIB, EIGHT_BITS, YUNET
from recognition.engine.sessions import Precision
from recognition.evaluation.pairs import Score, View1, score
from recognition.evaluation.photo_sets import most_central

_BOX = replace(DEFAULT_RECIPE, flip="never", align="rotate", margin=0.0)
_LANDMARKS = replace(_BOX, align="landmarks")
_DLIB = replace(_LANDMARKS, network=DLIB, preprocessing="raw")
# What is compared; last come those whose networks are optional. Mirroring is scored for each of
# them, from the same embeddings.
CANDIDATES: dict[str, Recipe] = {
    "deepface's pixels": replace(_BOX, preprocessing="deepface"),
    "box": _BOX,
    "box + 10 %": replace(_BOX, margin=0.1),
    "box + 20 %": replace(_BOX, margin=0.2),
    "box + 10 %, not levelled": replace(_BOX, margin=0.1, align="none"),
    "landmarks - 10 %": replace(_LANDMARKS, margin=-0.1),
    "landmarks": _LANDMARKS,
    "landmarks, eight bits": replace(_LANDMARKS, network=EIGHT_BITS),
    "landmarks + 10 %": replace(_LANDMARKS, margin=0.1),
    "Dlib, box": replace(_DLIB, align="rotate"),
    "Dlib, landmarks - 10 %": replace(_DLIB, margin=-0.1),
    "Dlib, landmarks": _DLIB,
    "Dlib, landmarks + 10 %": replace(_DLIB, margin=0.1),
    "YuNet, landmarks": replace(_LANDMARKS, detector=YUNET),
    "YuNet, Dlib, landmarks": replace(_DLIB, detector=YUNET),
}


def compare(
    view: View1,
    *,
    models_dir: Path,
    precision: Precision,
    cache: Path,
    names: Sequence[str],
    progress: Callable[[], object],
) -> Iterator[tuple[str, dict[str, Score]]]:
    """Score candidates one by one: name, and the score for each way of mirroring.

    precision: FaceNet runs at it. cache: folder for embeddings, named by it, the recipe and the
    photos they come from.
    """
    for name in names:
        engine = Engine(models_dir=models_dir, recipe=CANDIDATES[name], precision=precision)
        plain, mirrored = _embeddings(engine, view, cache / precision, progress)
        both = plain + mirrored
        both /= np.linalg.norm(both, axis=1, keepdims=True)
        yield (
            name,
            {
                "never": score(view, plain, plain),
                "enrolment": score(view, both, plain),
                "always": score(view, both, both),
            },
        )


def _embeddings(
    engine: Engine, view: View1, cache: Path, progress: Callable[[], object]
) -> tuple[Embeddings, Embeddings]:
    """Of every photo and of its mirror image, each (n, dimensions)."""
    key = hashlib.sha256(engine.recipe.to_json().encode())
    for photo in view.photos:
        key.update(photo.read_bytes())
    file = cache / f"{key.hexdigest()}.npy"
    if file.is_file():
        stored: Embeddings = np.load(file)
    else:
        batches = [_embed(engine, batch, progress) for batch in _batches(view.photos)]
        stored = np.concatenate(batches, axis=1)
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, stored)
    return stored[0], stored[1]


def _embed(engine: Engine, photos: Sequence[Path], progress: Callable[[], object]) -> Embeddings:
    """(2, n, dimensions): as they are, and mirrored."""
    faces = []
    for photo in photos:
        pixels = decode(photo.read_bytes()).pixels
        faces.append(most_central(engine.faces(pixels), pixels))
        progress()
    mirrored = [replace(face, crop=face.crop[:, ::-1]) for face in faces]
    return np.stack([engine.embed(faces), engine.embed(mirrored)])


def _batches(photos: Sequence[Path], size: int = 16) -> Iterator[Sequence[Path]]:
    for start in range(0, len(photos), size):
        yield photos[start : start + size]
