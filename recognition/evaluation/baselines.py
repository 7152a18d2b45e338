"""What our embeddings are measured against, on the same photos."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from people.images import BadPhoto, decode
from people.images import Pixels as Picture
from people.vectors import Vector, unit
from recognition.engine.plain_deepface import PlainDeepFace
from recognition.evaluation.photo_sets import VectorCache, nearest_centre

SIDE = 32  # px; the whole photo is compared at this size
PIXELS, DEEPFACE = "pixels", "deepface"


class PixelByPixel:
    """The whole photo, shrunk to a square; two are as far apart as their pixels (root mean square).

    Nothing is looked for in it, so every readable photo has a vector. Distances are 0…1.
    """

    name = PIXELS
    at_once = True

    def __init__(self, cache: Path | None) -> None:
        self._cache = VectorCache(cache, f"pixels {SIDE}")

    def look(self, data: bytes, uses: Sequence[str]) -> tuple[Vector, str]:
        """(len(uses), 3·SIDE²) float32; (0, 3·SIDE²) for what is no picture. It enrols nobody."""
        sha256 = hashlib.sha256(data).hexdigest()
        vector = self._cache.get(sha256, self.name)
        if vector is None:
            try:
                small = shrink(decode(data).pixels, SIDE)
            except BadPhoto:
                return np.zeros((0, 3 * SIDE * SIDE), np.float32), ""
            scale = np.float32(255 * math.sqrt(small.size))
            vector = small.ravel()[None].astype(np.float32) / scale
            self._cache.put(sha256, self.name, vector)
        return np.repeat(vector, len(uses), axis=0), ""


def shrink(photo: Picture, side: int) -> Picture:
    """(h, w, 3) uint8 → (side, side, 3) uint8, each pixel the mean of those it covers."""
    smaller = photo.astype(np.float64)
    for axis in (0, 1):
        length = smaller.shape[axis]
        starts = np.linspace(0, length, side, endpoint=False).astype(np.intp)
        widths = np.maximum(np.diff(np.append(starts, length)), 1)
        shape = [1, 1, 1]
        shape[axis] = side
        smaller = np.add.reduceat(smaller, starts, axis=axis) / widths.reshape(shape)
    return np.asarray(np.round(smaller), np.uint8)


class DeepFace:
    """`DeepFace.represent` as its documentation shows: its own crop and pixels, our networks."""

    name = DEEPFACE
    at_once = False  # its models have no lock

    def __init__(self, models_dir: Path, cache: Path | None) -> None:
        """Raises WeightsMissing at the first photo that is not in the cache."""
        self._models_dir = models_dir
        self._cache = VectorCache(cache, f"deepface {version('deepface')} Facenet centerface")
        self._deepface: PlainDeepFace | None = None

    def look(self, data: bytes, uses: Sequence[str]) -> tuple[Vector, str]:
        """(len(uses), 128) float32 of unit norm; (0, 128) where deepface finds no face. It sets no
        limits for enrolment."""
        sha256 = hashlib.sha256(data).hexdigest()
        vector = self._cache.get(sha256, self.name)
        if vector is None:
            try:
                vector = self._embed(decode(data).pixels)
            except BadPhoto:
                vector = np.zeros((0, 128), np.float32)
            self._cache.put(sha256, self.name, vector)
        return np.repeat(vector, len(uses), axis=0), ""

    def _embed(self, photo: Picture) -> Vector:
        if self._deepface is None:
            self._deepface = PlainDeepFace(self._models_dir)
        faces = self._deepface.faces(photo)
        if not faces:
            return np.zeros((0, 128), np.float32)
        central = nearest_centre([box for box, _vector in faces], photo)
        return unit(faces[central][1])[None]


BASELINES: dict[str, Callable[[Path, Path | None], PixelByPixel | DeepFace]] = {
    PIXELS: lambda _models_dir, cache: PixelByPixel(cache),
    DEEPFACE: DeepFace,
}
