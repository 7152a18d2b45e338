"""Made-up people who lie as real ones do, so that a search among them is as hard as a real one.

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

# FaceNet's 128 numbers vary along about 60 directions and not at all along the rest. By how much,
# for people and for one person's photos: largest variance, and after how many directions it has
# fallen to a third (1/e). From `manage.py bench_search --faces DIR` with photos of 2,187 people of
# Labeled Faces in the Wild; nothing of anybody's face is left in seven numbers.
_DIMENSIONS, _DIRECTIONS = 128, 60
_MEAN_LENGTH = 0.18
_WHO, _WHO_FALLS = 0.0284, 29.4
_TODAY, _TODAY_FALLS = 0.0095, 26.8


@dataclass(frozen=True, slots=True)
class Population:
    """mean: (d,). who, today: (d, k), whose products with their transposes are the covariances of
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
        return self.mean + self._normal(count, self.who, rng)

    def templates(self, people: Vector, rng: np.random.Generator) -> Vector:
        """(n, d) float32 of unit L2 norm, one for each of `people`."""
        looks = self._normal(len(people), self.today, rng)
        return _unit(people + looks / np.float32(np.sqrt(PHOTOS)))

    def probes(self, people: Vector, rng: np.random.Generator) -> Vector:
        """As `templates`, of one photo each, on another day."""
        return _unit(people + self._normal(len(people), self.today, rng))

    def _normal(self, count: int, root: Vector, rng: np.random.Generator) -> Vector:
        return rng.standard_normal((count, root.shape[1]), dtype=np.float32) @ root.T


def typical(rng: np.random.Generator) -> Population:
    """A population as hard to search as the one measured, in directions of its own."""
    order = np.arange(_DIRECTIONS)

    def spread(largest: float, falls: float) -> Vector:
        return _single(directions() * np.sqrt(largest * np.exp(-order / falls)))

    def directions() -> Matrix:
        mixed, _ = np.linalg.qr(rng.standard_normal((_DIRECTIONS, _DIRECTIONS)))
        return np.asarray(space @ mixed)

    space, _ = np.linalg.qr(rng.standard_normal((_DIMENSIONS, _DIRECTIONS)))
    mean = directions()[:, 0] * _MEAN_LENGTH
    return Population(_single(mean), spread(_WHO, _WHO_FALLS), spread(_TODAY, _TODAY_FALLS))


def spectrum(population: Population) -> dict[str, float]:
    """What `typical` is made of, for this population: see the constants above."""
    found = {"mean_length": float(np.linalg.norm(population.mean))}
    for name, root in (("who", population.who), ("today", population.today)):
        variances = np.square(np.linalg.svd(root, compute_uv=False))
        kept = variances[variances > variances[0] / 20]
        slope, start = np.polyfit(np.arange(len(kept)), np.log(kept), 1)
        found |= {name: float(np.exp(start)), f"{name}_falls": float(-1 / slope)}
        found[f"{name}_directions"] = float(len(kept))
    return found


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
