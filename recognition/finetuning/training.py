"""From the identity down the gradient, for as long as other people profit. Pure: numpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from people.vectors import Vector
from recognition.finetuning.triplets import (
    Floats,
    Photos,
    loss_and_gradient,
    mine,
    nearest_stranger_loss,
)

PEOPLE_AT_ONCE = 256  # of a batch: so many strangers a negative is chosen among
LEAST_STEPS = 10  # of an epoch: few people go round several times, drawn anew
PHOTOS_AT_ONCE = 4  # of one person in a batch
STOPPING_PHOTOS = 2000  # every photo with every photo: bounds the memory


@dataclass(frozen=True, slots=True)
class Plan:
    """rate: Adam's step. decay: how strongly the weights are pulled back to the identity.
    patience: epochs without gain for the people held aside, before it ends."""

    margin: float = 0.2
    epochs: int = 100
    patience: int = 10
    rate: float = 5e-4
    decay: float = 1e-2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """loss: mean over the semi-hard triplets met, as the weights went on. stopping: of the people
    held aside, against their nearest strangers. Two losses of a different kind."""

    number: int
    loss: float
    triplets: int
    stopping: float


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """weights: (d, d) float32, as they were after epoch `best`; 0 is before the first, where they
    are the identity. untrained: the loss of the people held aside at the start."""

    weights: Vector = field(repr=False)
    best: int
    untrained: float
    history: tuple[Epoch, ...]


def train(
    people: Sequence[Vector],
    stopping: Sequence[Vector],
    plan: Plan,
    progress: Callable[[], object] = lambda: None,
) -> Trained:
    """people, stopping: (n, 2, d) each, every photo as a probe and as enrolled, n ≥ 2; nobody is in
    both. progress: told after each epoch. The same plan and people give the same weights.
    """
    rng = np.random.default_rng(plan.seed)
    aside = photos_of(_at_most(stopping, STOPPING_PHOTOS))
    weights = np.eye(people[0].shape[-1])
    untrained = lowest = nearest_stranger_loss(weights, aside, plan.margin)
    kept, best = weights.copy(), 0
    descent = Adam(weights, plan.rate)
    history: list[Epoch] = []
    for number in range(1, plan.epochs + 1):
        loss, triplets = _one_epoch(descent, people, plan, rng)
        after = nearest_stranger_loss(descent.weights, aside, plan.margin)
        history.append(Epoch(number, loss, triplets, after))
        progress()
        if after < lowest:
            lowest, kept, best = after, descent.weights.copy(), number
        elif number - best >= plan.patience:
            break
    return Trained(kept.astype(np.float32), best, untrained, tuple(history))


def _one_epoch(
    descent: Adam, people: Sequence[Vector], plan: Plan, rng: np.random.Generator
) -> tuple[float, int]:
    """Everybody at least once. Returns the mean loss of the triplets, and how many they were."""
    cost, count = 0.0, 0
    identity = np.eye(len(descent.weights))
    for photos in _batches(people, rng):
        triplets = mine(descent.weights, photos, plan.margin)
        loss, gradient = loss_and_gradient(descent.weights, photos, triplets, plan.margin)
        descent.step(gradient + plan.decay * (descent.weights - identity))
        cost += loss * len(triplets)
        count += len(triplets)
    return cost / max(count, 1), count


def _batches(people: Sequence[Vector], rng: np.random.Generator) -> Iterator[Photos]:
    starts = range(0, len(people), PEOPLE_AT_ONCE)
    for _round in range(math.ceil(LEAST_STEPS / len(starts))):
        order = rng.permutation(len(people))
        for start in starts:
            chosen = [people[index] for index in order[start : start + PEOPLE_AT_ONCE]]
            yield photos_of([own[rng.permutation(len(own))[:PHOTOS_AT_ONCE]] for own in chosen])


def photos_of(people: Sequence[Vector]) -> Photos:
    rows = np.concatenate(people).astype(np.float64)
    whose = np.repeat(np.arange(len(people)), [len(own) for own in people])
    return Photos(rows[:, 0], rows[:, 1], whose)


def _at_most(people: Sequence[Vector], photos: int) -> Sequence[Vector]:
    """The first of them that have so many photos together."""
    upto = np.cumsum([len(own) for own in people])
    return people[: max(2, int(np.searchsorted(upto, photos, side="right")))]


class Adam:
    """Steps of about the same length in every direction, whatever the gradient's scale there.

    Source: Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.
    """

    def __init__(self, weights: Floats, rate: float) -> None:
        self.weights = weights.copy()
        self._rate = rate
        self._mean = np.zeros_like(weights)
        self._square = np.zeros_like(weights)
        self._steps = 0

    def step(self, gradient: Floats) -> None:
        self._steps += 1
        self._mean += 0.1 * (gradient - self._mean)
        self._square += 0.001 * (gradient**2 - self._square)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.999**self._steps)
        self.weights -= self._rate * mean / (np.sqrt(square) + 1e-8)
