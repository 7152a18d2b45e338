"""A picture that is bent is known again; what stands out of it and moves on its own is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recognition.engine.bending import Sampled, likeness

SIDE, UNIT = 96, 26.0
EXPLAINED = 0.9875
Grey = NDArray[np.float32]


@pytest.fixture(params=range(3))
def picture(request: pytest.FixtureRequest) -> Grey:
    chance = np.random.default_rng(request.param)
    noise = chance.normal(128, 60, (SIDE, SIDE)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3.5), np.float32)


def middle() -> NDArray[np.bool_]:
    v, u = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    return np.asarray((u / 26) ** 2 + (v / 34) ** 2 < 1)


def moved(picture: Grey, right: NDArray[np.float64], down: NDArray[np.float64]) -> Grey:
    """right, down: how far each pixel's contents come from, pixels."""
    v, u = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    x, y = (u + right).astype(np.float32), (v + down).astype(np.float32)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def found(picture: Grey, other: Grey) -> float:
    return likeness(Sampled.of(picture, middle(), UNIT), other, np.eye(3))


def bent(picture: Grey, *, degrees: float, pixels: float) -> Grey:
    """Shifted across a line at this angle, by the square of how far from it."""
    v, u = (np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2) / UNIT
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    shift = pixels * (cos * u + sin * v) ** 2
    return moved(picture, cos * shift, sin * shift)


def test_a_picture_is_itself(picture: Grey) -> None:
    assert found(picture, picture) == pytest.approx(1)


@pytest.mark.parametrize("degrees", [0, 40, 90])
def test_a_picture_that_is_bent_in_any_direction_is_known_again(
    picture: Grey, degrees: float
) -> None:
    assert found(picture, bent(picture, degrees=degrees, pixels=3)) > EXPLAINED


def test_light_and_contrast_do_not_matter(picture: Grey) -> None:
    assert found(picture, 0.6 * bent(picture, degrees=0, pixels=3) + 40) > EXPLAINED


def test_what_stands_out_and_moves_on_its_own_is_not_explained(picture: Grey) -> None:
    v, u = (np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2) / UNIT
    nose = 11 * np.exp(-((u / 0.3) ** 2) - (v / 0.4) ** 2)
    assert found(picture, moved(picture, nose, np.zeros_like(nose))) < EXPLAINED


@pytest.mark.parametrize("start", [np.zeros((3, 3)), np.full((3, 3), np.nan)])
def test_a_start_that_is_none_finds_nothing(picture: Grey, start: NDArray[np.float64]) -> None:
    assert likeness(Sampled.of(picture, middle(), UNIT), picture, start) == 0


def test_a_picture_of_one_colour_is_like_nothing(picture: Grey) -> None:
    blank = np.full_like(picture, 128)
    assert found(blank, blank) == 0
    assert found(blank, picture) == 0
    assert found(picture, blank) < EXPLAINED
