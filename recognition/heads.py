"""Models whose vectors are computed from another model's vectors by a linear map.

Such a recipe has a key `head`: {"base": key of the other EmbeddingModel, "sha256": which
ProjectionHead}. A vector of it is unit(W · v), v the base model's vector of the same face: no photo
is read to embed everybody again. `store` keeps a head, `recipe_of` makes the recipe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from people.errors import Refusal
from people.models import EmbeddingModel
from people.vectors import Vector
from recognition.engine import (
    EmbeddedFace,
    Embeddings,
    Engine,
    Face,
    FaceRefused,
    Pixels,
    WeightsMissing,
)
from recognition.models import ProjectionHead

KEY = "head"


class HeadMissing(WeightsMissing):
    """As a network's file that is missing: nobody's fault who asks, and it may come back."""

    code = "head_missing"

    def __init__(self) -> None:
        Refusal.__init__(
            self, "The head of this model is not in the database, or was altered. Train it again."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """weights: (k, d) float32; the base model has d dimensions, the model with the head k."""

    weights: Vector = field(repr=False)
    sha256: str

    def apply(self, vectors: Vector) -> Vector:
        """(n, d) float32 → (n, k) float32, rows of unit L2 norm.

        Raises ValueError when one of them comes out without direction.
        """
        mapped = np.asarray(vectors, np.float32) @ self.weights.T
        norms = np.linalg.norm(mapped, axis=1, keepdims=True)
        if not (norms > 1e-9).all():
            raise ValueError("a vector without direction has no unit form")
        return np.asarray(mapped / norms, np.float32)


def store(weights: Vector, *, facts: Mapping[str, Any]) -> ProjectionHead:
    """Keep a head; the same weights again are the same row.

    weights: (k, d) float32, finite. facts: how it was trained, for people.
    """
    data = np.ascontiguousarray(weights, dtype="<f4")
    if data.ndim != 2 or not np.isfinite(data).all():
        raise ValueError("a head is a matrix of finite numbers")
    rows, columns = data.shape
    head, _created = ProjectionHead.objects.get_or_create(
        sha256=_digest(data.tobytes(), rows, columns),
        defaults={
            "weights": data.tobytes(),
            "rows": rows,
            "columns": columns,
            "facts": dict(facts),
        },
    )
    return head


def recipe_of(*, base: EmbeddingModel, head: ProjectionHead) -> dict[str, Any]:
    """What makes a face's vector: everything the base does, then the head."""
    return {
        **base.recipe,
        "dimensions": head.rows,
        KEY: {"base": base.pk, "sha256": head.sha256},
    }


def base_of(model: EmbeddingModel) -> EmbeddingModel | None:
    """Whose vectors this model's are computed from; None when it needs the photos."""
    head = model.recipe.get(KEY)
    return EmbeddingModel.objects.get(pk=head["base"]) if head else None


def head_of(recipe: Mapping[str, Any]) -> Head:
    """Raises HeadMissing."""
    return _load(recipe[KEY]["sha256"])


@lru_cache(maxsize=4)
def _load(sha256: str) -> Head:
    row = ProjectionHead.objects.filter(sha256=sha256).first()
    if row is None or _digest(bytes(row.weights), row.rows, row.columns) != sha256:
        raise HeadMissing
    weights = np.frombuffer(bytes(row.weights), dtype="<f4").reshape(row.rows, row.columns)
    return Head(weights.astype(np.float32), sha256)


def _digest(data: bytes, rows: int, columns: int) -> str:
    return hashlib.sha256(f"{rows}x{columns}:".encode() + data).hexdigest()


class HeadedEngine(Engine):
    """The base recipe's engine with a head on it. It loads no networks of its own."""

    def __init__(self, engine: Engine, head: Head) -> None:
        # A name of its own: vectors may be kept by recipe, and these are others than the base's.
        name = f"{engine.recipe.name}+{head.sha256}"
        recipe = replace(engine.recipe, name=name, dimensions=len(head.weights))
        super().__init__(models_dir=Path(), recipe=recipe)
        self._engine = engine
        self._head = head

    @property
    def makes(self) -> str:
        return f"{self._engine.makes} {self.recipe.to_json()}"

    def load(self) -> None:
        self._engine.load()

    def faces(self, photo: Pixels) -> list[Face]:
        return self._engine.faces(photo)

    def pitch(self, photo: Pixels, face: Face) -> float:
        return self._engine.pitch(photo, face)

    def embed(self, faces: Sequence[Face], *, enrolled: bool = False) -> Embeddings:
        return self._head.apply(self._engine.embed(faces, enrolled=enrolled))

    def enrol(self, photos: Sequence[Pixels]) -> list[EmbeddedFace | FaceRefused]:
        return [self._mapped(outcome) for outcome in self._engine.enrol(photos)]

    def probe(self, photo: Pixels) -> EmbeddedFace:
        return self._map(self._engine.probe(photo))

    def probe_all(self, photo: Pixels) -> list[EmbeddedFace | FaceRefused]:
        return [self._mapped(outcome) for outcome in self._engine.probe_all(photo)]

    def _mapped(self, outcome: EmbeddedFace | FaceRefused) -> EmbeddedFace | FaceRefused:
        return outcome if isinstance(outcome, FaceRefused) else self._map(outcome)

    def _map(self, found: EmbeddedFace) -> EmbeddedFace:
        return replace(found, embedding=self._head.apply(found.embedding[None])[0])
