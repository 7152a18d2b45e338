"""Which triplets are picked, what they cost, and that the gradient is the slope of that."""

from __future__ import annotations

import numpy as np
import pytest

from recognition.finetuning.training import Adam, photos_of
from recognition.finetuning.triplets import (
    Floats,
    Photos,
    Projected,
    Triplets,
    loss_and_gradient,
    mine,
    nearest_stranger_loss,
    project,
)
from tests.recognition.finetuning.synthetic import people_of

STEP = 1e-6


def at(degrees: float) -> list[float]:
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def photos_at(*angles_of_people: tuple[float, ...]) -> Photos:
    rows = np.array([at(angle) for own in angles_of_people for angle in own])
    whose = np.repeat(np.arange(len(angles_of_people)), [len(own) for own in angles_of_people])
    return Photos(rows, rows, whose)


def squared(degrees: float) -> float:
    return float(2 - 2 * np.cos(np.radians(degrees)))


def numeric(weights: Floats, cost: object) -> Floats:
    """The slope in every single weight, from both sides."""
    assert callable(cost)
    slope = np.zeros_like(weights)
    for place in np.ndindex(*weights.shape):
        aside = np.zeros_like(weights)
        aside[place] = STEP
        slope[place] = (cost(weights + aside) - cost(weights - aside)) / (2 * STEP)
    return slope


@pytest.mark.parametrize("shape", [(6, 6), (4, 6)])
@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_the_gradient_is_the_slope(shape: tuple[int, int], margin: float) -> None:
    rng = np.random.default_rng(3)
    photos = photos_of(list(people_of(9, 3, noise=0.5, dimensions=6, seed=1).values()))
    weights = np.eye(*shape) + 0.3 * rng.normal(size=shape)
    triplets = mine(weights, photos, margin)
    assert len(triplets) > 5
    loss, gradient = loss_and_gradient(weights, photos, triplets, margin)
    assert loss > 0
    assert np.abs(gradient).max() > 1e-3
    slope = numeric(weights, lambda w: loss_and_gradient(w, photos, triplets, margin)[0])
    assert gradient == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_triplets_that_are_far_enough_have_no_slope() -> None:
    """The hinge: of two triplets one costs, and the other is left out of cost and gradient."""
    photos = photos_at((0, 10), (60, 80))
    both = Triplets(np.array([0, 0]), np.array([1, 1]), np.array([2, 3]))
    one = Triplets(both.anchor[:1], both.positive[:1], both.negative[:1])
    margin = squared(70) - squared(10)  # the stranger at 60° is inside, the one at 80° outside
    loss, gradient = loss_and_gradient(np.eye(2), photos, both, margin)
    of_one, gradient_of_one = loss_and_gradient(np.eye(2), photos, one, margin)
    assert loss == pytest.approx(of_one / 2)
    assert gradient == pytest.approx(gradient_of_one / 2)


def test_the_slope_of_scaling_to_length_one() -> None:
    rng = np.random.default_rng(0)
    rows, by_unit = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))

    def cost(raw: Floats) -> float:
        return float((project(np.eye(4), raw).rows * by_unit).sum())

    found: Projected = project(np.eye(4), rows)
    assert found.backward(by_unit) == pytest.approx(numeric(rows, cost), rel=1e-5, abs=1e-8)


def test_no_triplet_costs_nothing_and_moves_nothing() -> None:
    photos = photos_at((0, 1), (90, 91))
    triplets = mine(np.eye(2), photos, 0.2)
    assert len(triplets) == 0
    loss, gradient = loss_and_gradient(np.eye(2), photos, triplets, 0.2)
    assert (loss, np.abs(gradient).max()) == (0.0, 0.0)


def test_the_negative_is_the_nearest_that_is_farther_than_the_positive() -> None:
    # For the anchor at 0° with its positive at 20°: the stranger at 10° is too near, that at 25° is
    # the nearest behind the positive, that at 28° is farther.
    photos = photos_at((0, 20), (10,), (25,), (28,))
    triplets = mine(np.eye(2), photos, 0.2)
    chosen = dict(zip(zip(triplets.anchor, triplets.positive, strict=True), triplets.negative,
                      strict=True))  # fmt: skip
    assert chosen[0, 1] == 3


def test_negatives_beyond_the_margin_teach_nothing() -> None:
    photos = photos_at((0, 10), (60,))
    apart = squared(50) - squared(10)  # seen from 10°, the nearer of the two
    assert len(mine(np.eye(2), photos, apart - 0.01)) == 0
    assert list(mine(np.eye(2), photos, apart + 0.01).anchor) == [1]


def test_a_photo_is_no_positive_of_itself() -> None:
    photos = photos_at((0,), (5,), (10,))
    assert len(mine(np.eye(2), photos, 2.0)) == 0


def test_the_nearest_stranger_counts_in_equal_parts_of_people() -> None:
    """Ann has many photos and no stranger near; Bob has two, and one near."""
    photos = photos_at((0, 0, 0, 0), (90, 120), (130,))
    margin = 0.2
    of_bob = [squared(30) - squared(40) + margin, squared(30) - squared(10) + margin]
    expected = np.mean([0.0, np.mean(np.maximum(of_bob, 0))])
    assert nearest_stranger_loss(np.eye(2), photos, margin) == pytest.approx(expected)


def test_adam_walks_down_a_slope() -> None:
    descent = Adam(np.array([[4.0, -3.0]]), rate=0.1)
    for _ in range(200):
        descent.step(2 * descent.weights)
    assert np.abs(descent.weights).max() < 0.05
