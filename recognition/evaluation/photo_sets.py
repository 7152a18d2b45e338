"""Embeddings of a tree `Name/photo.jpg` for measurements, kept from one run to the next.

The cache holds vectors of faces by the SHA-256 of the photo's bytes and the recipe: as private as
the photos themselves, so only its owner can enter the folder.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from people.images import BadPhoto, Pixels, decode
from people.vectors import Vector
from recognition.engine import Engine, Face

PROBE, ENROLLED = "probe", "enrolled"


class Embedder:
    """The vector of the face nearest the centre, as in sets of portraits with bystanders."""

    def __init__(self, engine: Engine, cache: Path | None) -> None:
        self._engine = engine
        self._folder = cache
        if cache is not None:
            recipe = hashlib.sha256(engine.recipe.to_json().encode()).hexdigest()[:16]
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            cache.chmod(0o700)
            self._folder = cache / recipe
            self._folder.mkdir(mode=0o700, exist_ok=True)

    def vectors_of(self, photo: Path, uses: Sequence[str]) -> Vector:
        """(len(uses), d) float32 of unit norm; (0, d) for a photo without a usable face.

        uses: what the vector is for, "probe" or "enrolled"; a recipe may treat them differently.
        Raises WeightsMissing, OSError.
        """
        data = photo.read_bytes()
        name = f"{hashlib.sha256(data).hexdigest()}-{'-'.join(uses)}.npy"
        kept = self._folder / name if self._folder else None
        if kept and kept.exists():
            found: Vector = np.load(kept)
            return found
        vectors = self._embed(data, uses)
        if kept:
            _write(kept, vectors)
        return vectors

    def _embed(self, data: bytes, uses: Sequence[str]) -> Vector:
        nothing = np.zeros((0, self._engine.recipe.dimensions), dtype=np.float32)
        try:
            pixels = decode(data).pixels
        except BadPhoto:
            return nothing
        faces = self._engine.faces(pixels)
        if not faces:
            return nothing
        face = [_central(faces, pixels)]
        return np.concatenate([self._engine.embed(face, enrolled=u == ENROLLED) for u in uses])


def _central(faces: Iterable[Face], pixels: Pixels) -> Face:
    height, width = pixels.shape[:2]

    def from_centre(face: Face) -> float:
        x, y = face.box.centre
        return math.hypot(x - width / 2, y - height / 2)

    return min(faces, key=from_centre)


def _write(path: Path, vector: Vector) -> None:
    """Whole or not at all: two runs at once may share the cache."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        np.save(file, vector)
    Path(name).replace(path)


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
