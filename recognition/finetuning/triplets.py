"""Anchor, positive, negative: which triplets teach, what they cost, and which way is down. Pure.

f(v) = unit(W·v). A triplet of a photo a, another photo p of the same person and a photo n of
somebody else costs [‖f(a)−f(p)‖² − ‖f(a)−f(n)‖² + margin]₊. Anchors are photos as the door sees
them, the others photos as they are enrolled: those are what will be compared.

Source: Schroff, Kalenichenko, Philbin, "FaceNet: A Unified Embedding for Face Recognition and
Clustering", CVPR 2015: the loss is equation 3, semi-hard negatives are equation 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """n photos. anchors, others: (n, d), each as a probe and as enrolled. person: (n,), whose."""

    anchors: Floats
    others: Floats
    person: Index

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True, eq=False)
class Triplets:
    """(t,) places in Photos: anchor among the anchors, positive and negative among the others."""

    anchor: Index
    positive: Index
    negative: Index

    def __len__(self) -> int:
        return len(self.anchor)


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """rows: (n, k) of unit L2 norm; norms: (n, 1), what they were before."""

    rows: Floats
    norms: Floats

    def backward(self, gradient: Floats) -> Floats:
        """From the gradient by the unit rows to that by the rows as they were.

        A change along a row is undone by scaling it to length 1: only what is across counts.
        """
        along = (gradient * self.rows).sum(axis=1, keepdims=True)
        return np.asarray((gradient - along * self.rows) / self.norms)


def project(weights: Floats, vectors: Floats) -> Projected:
    """weights: (k, d). vectors: (n, d)."""
    mapped = vectors @ weights.T
    norms = np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), 1e-12)
    return Projected(mapped / norms, norms)


def squared_distances(a: Floats, b: Floats) -> Floats:
    """(n, k) and (m, k) unit rows → (n, m) ‖a−b‖², 0…4."""
    return np.asarray(np.maximum(2.0 - 2.0 * (a @ b.T), 0.0))


def mine(weights: Floats, photos: Photos, margin: float) -> Triplets:
    """For each anchor and positive the nearest semi-hard negative: farther than the positive, but
    by less than the margin. Pairs that have none teach nothing now, and are left out.

    Nearer negatives than the positive are passed over: early on they are often mistakes in the
    labels, and pull everything into one point.
    """
    squared = _between(weights, photos)
    same = photos.person[:, None] == photos.person
    anchor, positive = np.nonzero(same & ~np.eye(len(photos), dtype=bool))
    near = squared[anchor, positive]
    farther = np.where(same[anchor] | (squared[anchor] <= near[:, None]), np.inf, squared[anchor])
    negative = farther.argmin(axis=1)
    teaches = farther[np.arange(len(anchor)), negative] < near + margin
    return Triplets(anchor[teaches], positive[teaches], negative[teaches])


def loss_and_gradient(
    weights: Floats, photos: Photos, triplets: Triplets, margin: float
) -> tuple[float, Floats]:
    """The mean loss of the triplets, and its gradient by the weights, (k, d). None cost nothing."""
    if not len(triplets):
        return 0.0, np.zeros_like(weights)
    anchors, others = project(weights, photos.anchors), project(weights, photos.others)
    alike = anchors.rows @ others.rows.T
    positive = triplets.anchor, triplets.positive
    negative = triplets.anchor, triplets.negative
    # Of unit rows ‖a−p‖² = 2 − 2a·p. So ∂/∂a = −2p and ∂/∂p = −2a; what either lacks of a−p lies
    # along the row itself, which backward() leaves out.
    costs = 2.0 * (alike[negative] - alike[positive]) + margin
    slope = 2.0 * (costs > 0) / len(triplets)
    pull = np.zeros_like(alike)
    np.add.at(pull, positive, -slope)
    np.add.at(pull, negative, slope)
    gradient = anchors.backward(pull @ others.rows).T @ photos.anchors
    gradient += others.backward(pull.T @ anchors.rows).T @ photos.others
    return float(np.maximum(costs, 0).mean()), gradient


def nearest_stranger_loss(weights: Floats, photos: Photos, margin: float) -> float:
    """The mean loss of every pair of one person against the stranger nearest to its anchor.

    Nothing is picked by what the weights are good at, so two epochs compare. The mean is over
    people, so that nobody's many photos decide.
    """
    squared = _between(weights, photos)
    same = photos.person[:, None] == photos.person
    stranger = np.where(same, np.inf, squared).min(axis=1)
    anchor, positive = np.nonzero(same & ~np.eye(len(photos), dtype=bool))
    costs = np.maximum(squared[anchor, positive] - stranger[anchor] + margin, 0.0)
    _people, whose = np.unique(photos.person[anchor], return_inverse=True)
    return float((np.bincount(whose, costs) / np.bincount(whose)).mean())


def _between(weights: Floats, photos: Photos) -> Floats:
    """(n, n): every photo as an anchor to every photo as one of the others."""
    anchors, others = project(weights, photos.anchors), project(weights, photos.others)
    return squared_distances(anchors.rows, others.rows)
