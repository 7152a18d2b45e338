"""Synthetic people whose truth is known: what tells them apart, and what only disturbs."""

from __future__ import annotations

import numpy as np

from people.vectors import Vector

DIMENSIONS = 24


def people_of(
    count: int,
    photos: int = 4,
    *,
    nuisance: float = 0.0,
    noise: float = 0.12,
    dimensions: int = DIMENSIONS,
    seed: int = 0,
) -> dict[str, Vector]:
    """name → (photos, 2, d). Each person has a direction of their own; each photo some noise in all
    directions, and `nuisance` times a random number in the last one, as the light might be."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, 1, 1, dimensions)) / np.sqrt(dimensions)
    rows = centres + noise * rng.normal(size=(count, photos, 2, dimensions))
    rows[..., -1] = nuisance * rng.normal(size=(count, photos, 2))
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    return {f"P{number}": own for number, own in enumerate(rows.astype(np.float32))}
