"""The one place where vectors cross between numpy and Postgres."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector.django import VectorField

Vector = NDArray[np.float32]


class EmbeddingField(VectorField):
    """A `vector` column of any dimension that reads as float32 and compares with nothing.

    Values: (d,) float32, unit L2 norm. pgvector's own field reads as a list of floats.
    """

    def deconstruct(self) -> tuple[Any, Any, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "people.vectors.EmbeddingField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        read = super().from_db_value(value, expression, connection)
        return None if read is None else np.asarray(read, dtype=np.float32)

    def to_python(self, value: Any) -> Any:
        return value


def unit(vector: Vector) -> Vector:
    """Scale to unit L2 norm. (d,) → (d,) float32. Raises ValueError for a zero vector."""
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm < 1e-9:
        raise ValueError("a vector without direction has no unit form")
    return np.asarray(vector / norm, dtype=np.float32)


def template_of(embeddings: Vector) -> Vector:
    """One vector for a person: the geometric median of the embeddings, renormalized.

    Weiszfeld's iteration gives a vector far from the rest less weight, so that one photo which
    does not belong moves the template little; with one or two embeddings it is their mean.

    embeddings: (n, d) float32, n ≥ 1, rows of unit L2 norm.
    Returns (d,) float32 of unit L2 norm. Raises ValueError when n = 0 or they cancel out.
    Source: Weiszfeld, "Sur le point pour lequel la somme des distances…", 1937.
    """
    if len(embeddings) == 0:
        raise ValueError("a template needs at least one embedding")
    centre = unit(embeddings.mean(axis=0))
    for _ in range(8):
        distances = np.linalg.norm(embeddings - centre, axis=1)
        weights = 1.0 / np.maximum(distances, 0.05)
        centre = unit((embeddings * weights[:, None]).sum(axis=0))
    return centre
