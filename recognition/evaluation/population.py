"""Made-up people who lie as real ones do, so that a search among a million is as hard as a real one.

A face under a model is `mean + who it is + how it looks today`, both parts normal, made unit
length. What makes nearest neighbours hard to find is how many directions the first part varies
along (about 50 of FaceNet's 128) and how large the second is beside it; uniform random vectors
have neither and mislead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from people.vectors import Vector

Matrix = NDArray[np.float64]

PHOTOS = 3  # of which a template is made


@dataclass(frozen=True, slots=True)
class Population:
    """mean: (d,). who, today: (d, d), whose products with their transposes are the covariances of
    people and of one person's photos."""

    mean: Vector
    who: Vector
    today: Vector

    @property
    def dimensions(self) -> int:
        return len(self.mean)

    @property
    def effective_dimensions(self) -> float:
        """Along how many directions templates vary: (Σλ)² / Σλ² of their covariance."""
        covariance = self.who @ self.who.T + self.today @ self.today.T / PHOTOS
        return float(np.trace(covariance) ** 2 / np.square(covariance).sum())

    def people(self, count: int, rng: np.random.Generator) -> Vector:
        """(count, d) float32: who they are, of no particular length."""
        return self.mean + self._normal(count, rng) @ self.who.T

    def templates(self, people: Vector, rng: np.random.Generator) -> Vector:
        """(n, d) float32 of unit L2 norm, one for each of `people`."""
        looks = self._normal(len(people), rng) @ self.today.T
        return _unit(people + looks / np.float32(np.sqrt(PHOTOS)))

    def probes(self, people: Vector, rng: np.random.Generator) -> Vector:
        """As `templates`, of one photo each, on another day."""
        return _unit(people + self._normal(len(people), rng) @ self.today.T)

    def _normal(self, count: int, rng: np.random.Generator) -> Vector:
        return rng.standard_normal((count, self.dimensions), dtype=np.float32)


def fitted(vectors: Vector, people: Sequence[str]) -> Population:
    """The population of real photos: (n, d) float32 of unit L2 norm, and whose each is.

    How one person varies is seen in people with several photos, how people differ in everybody.
    Raises ValueError when there are too few of either to say.
    """
    _names, whose, counts = np.unique(people, return_inverse=True, return_counts=True)
    if len(counts) < 2 * vectors.shape[1] or (counts[whose] > 1).sum() < 2 * vectors.shape[1]:
        raise ValueError(
            f"Give photos of at least {2 * vectors.shape[1]} people, and as many photos of people"
            " who have several."
        )
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, whose, vectors)
    centres = sums / counts[:, None]
    apart = vectors - centres[whose]
    within = apart.T @ apart / (len(vectors) - len(counts))
    mean = centres.mean(axis=0)
    spread = centres - mean
    # A centre of n photos still carries a share 1/n of how one person varies.
    between = spread.T @ spread / (len(counts) - 1) - within * (1 / counts).mean()
    return Population(_single(mean), _root(between), _root(within))


def _root(covariance: Matrix) -> Vector:
    """R with R @ R.T the covariance; what sampling made negative is nothing."""
    values, directions = np.linalg.eigh(covariance)
    return _single(directions * np.sqrt(np.maximum(values, 0)))


def _single(values: Matrix) -> Vector:
    return np.asarray(values, dtype=np.float32)


def _unit(vectors: Vector) -> Vector:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
