"""Decisions about distances. Pure: no database, no image, no Django.

Distances are ‖a−b‖₂ of unit vectors, 0…2. Every comparison fails closed: what cannot be computed
(no candidate, a NaN) is never below a threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from people.errors import Refusal
from people.vectors import unit

Who = TypeVar("Who")

# Two people nearer to each other than this, seen from the probe, cannot be told apart: it is
# the noise of float32 and of one re-encoding, not a matter of likeness.
TIE = 1e-3


class FramesDiffer(Refusal):
    code = "frames_differ"

    def __init__(self) -> None:
        super().__init__("The frames do not show one and the same person. Take them again.")


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Who]):
    """Somebody the probe may be."""

    who: Who
    distance: float


@dataclass(frozen=True, slots=True)
class Decision(Generic[Who]):
    """match: who it is, or nobody. tied: two people were equally near, so it is nobody."""

    match: Candidate[Who] | None
    tied: bool = False


def is_same_person(distance: float, threshold: float) -> bool:
    return distance < threshold


def decide(candidates: Sequence[Candidate[Who]], threshold: float) -> Decision[Who]:
    """1:N. candidates: nearest first, each person once."""
    if not candidates or not is_same_person(candidates[0].distance, threshold):
        return Decision(match=None)
    if len(candidates) > 1 and candidates[1].distance - candidates[0].distance < TIE:
        return Decision(match=None, tied=True)
    return Decision(match=candidates[0])


def combine_frames(embeddings: NDArray[np.float32], limit: float) -> NDArray[np.float32]:
    """One probe from several frames of one face: their mean, renormalized.

    embeddings: (n, d) float32, n ≥ 1, rows of unit L2 norm. limit: the largest distance between
    two frames of one person. Returns (d,) float32 of unit L2 norm. Raises FramesDiffer.
    """
    gram = embeddings @ embeddings.T
    farthest = float(np.sqrt(np.maximum(2.0 - 2.0 * gram, 0.0)).max())
    if not farthest <= limit:
        raise FramesDiffer
    return unit(embeddings.mean(axis=0))


def distance_between(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """‖a−b‖₂ of two (d,) unit vectors."""
    return float(np.linalg.norm(a - b))
