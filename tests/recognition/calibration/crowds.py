"""Synthetic identities: vectors that lie as those of faces do, and whose truth is known."""

import numpy as np

from people.vectors import Vector
from recognition.calibration.comparisons import Person, person_of

DIMENSIONS = 128
SPREAD = np.linspace(1.6, 0.2, DIMENSIONS)  # most of it in about fifty directions, as measured
GROUPS = 12  # people of one group resemble each other more


def vectors(
    people: int, photos: int = 2, *, seed: int = 0, within: float = 0.45
) -> dict[str, Vector]:
    """name → (photos, 2, d). within: how far photos of one person spread. Groups are the same for
    every seed: other people of the same kind."""
    groups = np.random.default_rng(12345).normal(size=(GROUPS, DIMENSIONS)) * SPREAD * 0.7
    rng = np.random.default_rng(seed)
    centres = groups[rng.integers(0, GROUPS, people)]
    centres = centres + rng.normal(size=(people, DIMENSIONS)) * SPREAD
    noise = rng.normal(size=(people, photos, DIMENSIONS)) * SPREAD * within
    rows = centres[:, None] + noise
    rows = (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)
    return {f"P{seed}-{n}": np.repeat(own[:, None], 2, axis=1) for n, own in enumerate(rows)}


def crowd(people: int, photos: int = 2, *, seed: int = 0, enrolled: int = 5) -> list[Person]:
    found = vectors(people, photos, seed=seed).values()
    return [person_of(own, enrolled=enrolled, frames=1) for own in found]
