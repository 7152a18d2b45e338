"""Labeled Faces in the Wild, View 1: its pairs, and what a set of embeddings scores on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from people.vectors import template_of
from recognition.engine import Embeddings
from recognition.evaluation.statistics import best_threshold, threshold_at_fmr

Distances = NDArray[np.float32]
# (n, 3) int: index of the first photo, of the second, 1 for the same person or 0.
Pairs = NDArray[np.int64]

TEMPLATE_PHOTOS = 5
FMRS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
CLASSIC = 0.7  # the distance that tutorials teach


@dataclass(frozen=True, slots=True)
class View1:
    photos: Sequence[Path]
    train: Pairs
    test: Pairs

    @property
    def people(self) -> NDArray[np.str_]:
        return np.array([photo.parent.name for photo in self.photos])

    @classmethod
    def read(cls, folder: Path) -> "View1":
        """Raises FileNotFoundError when `folder` is not View 1."""
        photos = sorted((folder / "images").glob("*/*.jpg"))
        index = {photo.stem: i for i, photo in enumerate(photos)}
        return cls(
            photos,
            _read_pairs(folder / "pairsDevTrain.txt", index),
            _read_pairs(folder / "pairsDevTest.txt", index),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve: at this threshold, FMR of impostors and TMR of genuine pairs."""

    fmr: float
    threshold: float
    tmr: float


@dataclass(frozen=True, slots=True)
class Score:
    """accuracy: on pairsDevTest, at the threshold that is best on pairsDevTrain.
    curve: over every pair of the photos, thresholds in distances 0…2.
    classic: the pairs of the curve at the classic threshold.
    templates: every photo against templates of five.
    """

    accuracy: float
    curve: list[Point]
    classic: Point
    templates: list[Point]


def score(view: View1, enrolled: Embeddings, probes: Embeddings) -> Score:
    """Compare enrolled with probes, (n, 128) float32 unit vectors in the order of the photos.

    The two are the same array unless a recipe treats enrolled photos and probes differently.
    """
    threshold = best_threshold(_distances(view.train, enrolled, probes), view.train[:, 2] == 1)
    right = (_distances(view.test, enrolled, probes) < threshold) == (view.test[:, 2] == 1)
    genuine, impostor = all_pairs(view.people, enrolled, probes)
    return Score(
        float(right.mean()),
        curve(genuine, impostor),
        at_threshold(genuine, impostor, CLASSIC),
        curve(*against_templates(view.people, enrolled, probes)),
    )


def all_pairs(
    people: NDArray[np.str_], enrolled: Embeddings, probes: Embeddings
) -> tuple[Distances, Distances]:
    """(genuine, impostor) distances of every pair of different photos, each pair once."""
    squared = np.clip(2 - 2 * (enrolled @ probes.T), 0, None)
    upper = np.triu(np.ones(squared.shape, bool), k=1)
    same = people[:, None] == people[None]
    return np.sqrt(squared[upper & same]), np.sqrt(squared[upper & ~same])


def against_templates(
    people: NDArray[np.str_], enrolled: Embeddings, probes: Embeddings
) -> tuple[Distances, Distances]:
    """(genuine, impostor) distances of photos to the templates of people with six and more.

    A template is made of the first five photos, as at enrolment; the others are probes.
    """
    names, counts = np.unique(people, return_counts=True)
    genuine, impostor = [], []
    for name in names[counts > TEMPLATE_PHOTOS]:
        own = np.flatnonzero(people == name)
        template = template_of(enrolled[own[:TEMPLATE_PHOTOS]])
        distances = np.linalg.norm(probes - template, axis=1)
        genuine.append(distances[own[TEMPLATE_PHOTOS:]])
        impostor.append(distances[people != name])
    return np.concatenate(genuine), np.concatenate(impostor)


def curve(genuine: Distances, impostor: Distances) -> list[Point]:
    """The thresholds at which one impostor in 100, in 1,000 … passes."""
    points = []
    for fmr in FMRS:
        threshold = threshold_at_fmr(impostor, fmr)
        points.append(Point(fmr, threshold, float((genuine < threshold).mean())))
    return points


def at_threshold(genuine: Distances, impostor: Distances, threshold: float) -> Point:
    return Point(
        float((impostor < threshold).mean()), threshold, float((genuine < threshold).mean())
    )


def _distances(pairs: Pairs, enrolled: Embeddings, probes: Embeddings) -> Distances:
    distances: Distances = np.linalg.norm(enrolled[pairs[:, 0]] - probes[pairs[:, 1]], axis=1)
    return distances


def _read_pairs(file: Path, index: dict[str, int]) -> Pairs:
    rows = []
    for line in file.read_text().splitlines()[1:]:
        words = line.split()
        if len(words) == 3:
            name, first, second = words
            rows.append((index[_stem(name, first)], index[_stem(name, second)], 1))
        elif len(words) == 4:
            one, first, other, second = words
            rows.append((index[_stem(one, first)], index[_stem(other, second)], 0))
    return np.array(rows, np.int64)


def _stem(name: str, number: str) -> str:
    return f"{name}_{int(number):04d}"
