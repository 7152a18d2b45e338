"""Embeddings of a tree `Name/photo.jpg` for measurements, kept from one run to the next.

The cache holds vectors of faces by the SHA-256 of the photo's bytes and the recipe: as private as
the photos themselves, so only its owner can enter the folder.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from people.images import BadPhoto, Pixels, decode
from people.vectors import Vector
from recognition.engine import Box, Engine, Face, FaceRefused
from recognition.engine.limits import ENROLMENT, choose

PROBE, ENROLLED = "probe", "enrolled"
# What enrolment would say is kept like a vector, by the limits it was said under.
_REFUSAL = f"refusal-{hashlib.sha256(repr(ENROLMENT).encode()).hexdigest()[:8]}"
# Of photos in a set, in the order they are looked for.
SUFFIXES = (".jpg", ".jpeg", ".png")


class VectorCache:
    """Vectors by the SHA-256 of the photo's bytes and by what made them. None keeps nothing."""

    def __init__(self, folder: Path | None, maker: str) -> None:
        """maker: whatever changes the vectors, as a recipe in JSON."""
        self._folder = None
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._folder = folder / hashlib.sha256(maker.encode()).hexdigest()[:16]
            self._folder.mkdir(mode=0o700, exist_ok=True)

    def get(self, sha256: str, use: str) -> NDArray[Any] | None:
        if self._folder is None:
            return None
        kept = self._folder / f"{sha256}-{use}.npy"
        try:
            found: NDArray[Any] = np.load(kept)
        except (FileNotFoundError, ValueError, EOFError):  # absent, or cut off by a full disk
            return None
        return found

    def put(self, sha256: str, use: str, vectors: NDArray[Any]) -> None:
        """Whole or not at all: two runs at once may share the cache."""
        if self._folder is None:
            return
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            np.save(file, vectors)
        Path(name).replace(self._folder / f"{sha256}-{use}.npy")


class Embedder:
    """The vector of the face nearest the centre, as in sets of portraits with bystanders."""

    at_once = True  # several threads may ask

    def __init__(
        self, engine: Engine, cache: Path | None, head: Callable[[Vector], Vector] | None = None
    ) -> None:
        """head: what is applied to the engine's vectors. Kept are those without it, so that models
        on one network share them."""
        self._engine = engine
        self._head = head
        self._cache = VectorCache(cache, engine.makes)

    def vectors_of(self, photo: Path, uses: Sequence[str]) -> Vector:
        """(len(uses), d) float32 of unit norm; (0, d) for a photo without a usable face.

        uses: what the vector is for, "probe" or "enrolled"; a recipe may treat them differently.
        Raises WeightsMissing, OSError.
        """
        return self.vectors_of_bytes(photo.read_bytes(), uses)

    def vectors_of_bytes(self, data: bytes, uses: Sequence[str]) -> Vector:
        """The same for a photo that is in memory. Safe for several threads at once."""
        return self._vectors(_Sight(self._engine, data), uses)

    def look(self, data: bytes, uses: Sequence[str]) -> tuple[Vector, str]:
        """The same, and the code with which enrolment would refuse the photo; "" if it would not.

        Enrolment is strict: it refuses photos, too, that can be compared.
        """
        sight = _Sight(self._engine, data)
        vectors = self._vectors(sight, uses)
        kept = self._cache.get(sight.sha256, _REFUSAL)
        if kept is not None:
            return vectors, str(kept)
        _face, refusal = sight.seen
        self._cache.put(sight.sha256, _REFUSAL, np.array(refusal))
        return vectors, refusal

    def _vectors(self, sight: _Sight, uses: Sequence[str]) -> Vector:
        found: dict[str, Vector] = {}
        for use in uses:
            kept = self._cache.get(sight.sha256, use)
            if kept is None:
                face, _refusal = sight.seen
                kept = self._engine.embed(face, enrolled=use == ENROLLED)
                self._cache.put(sight.sha256, use, kept)
            found[use] = kept
        vectors = np.concatenate([found[use] for use in uses])
        return vectors if self._head is None or not len(vectors) else self._head(vectors)


class _Sight:
    """One photo, looked at once, and only when something of it is not known yet."""

    def __init__(self, engine: Engine, data: bytes) -> None:
        self._engine = engine
        self._data = data

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self._data).hexdigest()

    @cached_property
    def seen(self) -> tuple[list[Face], str]:
        """The face that is meant, if any, and the code with which enrolment refuses the photo."""
        try:
            pixels = decode(self._data).pixels
        except BadPhoto as error:
            return [], error.code
        faces = self._engine.faces(pixels)
        central = [most_central(faces, pixels)] if faces else []
        try:
            choose(faces, ENROLMENT)
        except FaceRefused as refusal:
            return central, refusal.code
        return central, ""


def most_central(faces: Sequence[Face], pixels: Pixels) -> Face:
    """The face that is meant: one photo of LFW in five shows a second one. At least one face."""
    return faces[nearest_centre([face.box for face in faces], pixels)]


def nearest_centre(boxes: Sequence[Box], pixels: Pixels) -> int:
    height, width = pixels.shape[:2]

    def from_centre(index: int) -> float:
        x, y = boxes[index].centre
        return math.hypot(x - width / 2, y - height / 2)

    return min(range(len(boxes)), key=from_centre)


def photos_by_person(folder: Path) -> dict[str, list[Path]]:
    """Folder name → its photos, in order."""
    return {
        person.name: sorted(path for path in person.iterdir() if path.is_file())
        for person in sorted(folder.iterdir())
        if person.is_dir()
    }


def merged(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Several such trees as one; a photo that is in more than one of them counts once."""
    found: dict[str, dict[str, Path]] = {}
    for folder in folders:
        for name, photos in photos_by_person(folder).items():
            own = found.setdefault(name, {})
            for photo in photos:
                own.setdefault(hashlib.sha256(photo.read_bytes()).hexdigest(), photo)
    return {name: list(own.values()) for name, own in found.items()}


def embed_people(
    people: dict[str, list[Path]],
    embedder: Embedder,
    progress: Callable[[], object],
    *,
    uses: Sequence[str] = (PROBE, ENROLLED),
) -> dict[str, Vector]:
    """(n, len(uses), d) for each person of whom at least one photo shows a face."""
    found: dict[str, Vector] = {}
    for name, photos in people.items():
        vectors = []
        for photo in photos:
            of_photo = embedder.vectors_of(photo, uses)
            progress()
            if len(of_photo):
                vectors.append(of_photo)
        if vectors:
            found[name] = np.stack(vectors)
    return found
