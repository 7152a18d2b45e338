"""Whether one picture becomes another when the paper it is printed on is bent.

Paper bends about one straight line at a time: seen from wherever, what moves a point across that
line depends on how far from it the point is, and on nothing else. So the second picture is fitted
by a homography after such a shift. The tip of a nose, which moves beyond the lips below it and the
forehead above it, is not explained by any.
Method: Levenberg-Marquardt on the difference of the normalized pictures, as in Baker and Matthews,
"Lucas-Kanade 20 Years On", IJCV 2004, forwards and additive.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_HOMOGRAPHY = 8  # its parameters, as differences from the identity
_POWERS = 3  # of the distance from the line, from the square on, by which the paper shifts
_NUMBER = _HOMOGRAPHY + 1 + _POWERS  # and the direction across the line, radians
_ROUNDS = 30
_TRIES = 6  # of a step, each smaller
_ENOUGH = 1e-5  # less gain than this is none


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """The part of a picture that is to be found again.

    x, y: (n,) places, in units of `unit` pixels from the middle of the picture. values: (n,) grey.
    """

    x: Array
    y: Array
    values: Array
    unit: float

    @classmethod
    def of(cls, picture: NDArray[np.float32], where: NDArray[np.bool_], unit: float) -> Sampled:
        y, x = ((each - len(picture) / 2) / unit for each in np.array(np.nonzero(where), float))
        return cls(x, y, picture[where].astype(np.float64), unit)


def likeness(part: Sampled, other: NDArray[np.float32], start: Array) -> float:
    """The correlation of a part of one picture with where it is in the other, after the best fit.

    other: (s, s) float32 grey, as large as the picture of the part. start: (3, 3), the homography
    to begin with, in pixels. 0 when nothing can be begun with it, or there is nothing to find.
    """
    if not np.ptp(part.values) >= 1:
        return 0.0
    found = np.zeros(_NUMBER)
    # A homography that runs away gives infinite places, which no step is taken to.
    with np.errstate(all="ignore"):
        found[:_HOMOGRAPHY] = _in_units(start, part.unit, len(other) / 2)
        return _climb(_Search(part, other), found) if np.isfinite(found).all() else 0.0


def _climb(seeks: _Search, found: Array) -> float:
    cost, jacobian, rest = seeks.at(found)
    damping = 1e-3
    for _ in range(_ROUNDS):
        normal, towards = jacobian.T @ jacobian, jacobian.T @ rest
        for _ in range(_TRIES):
            scale = damping * (np.diag(normal) + 1e-6)
            try:
                moved = found + np.linalg.solve(normal + np.diag(scale), towards)
            except np.linalg.LinAlgError:
                return 1 - cost / 2
            lower = seeks.cost(moved)
            if lower < cost:
                break
            damping *= 10
        else:
            break
        gain, found, damping = cost - lower, moved, max(damping / 5, 1e-7)
        cost, jacobian, rest = seeks.at(found)
        if gain < _ENOUGH:
            break
    return 1 - cost / 2


def _in_units(homography: Array, unit: float, middle: float) -> Array:
    to_pixels = np.array([[unit, 0, middle], [0, unit, middle], [0, 0, 1]])
    own = np.linalg.inv(to_pixels) @ homography @ to_pixels
    return np.asarray((own / own[2, 2] - np.eye(3)).ravel()[:_HOMOGRAPHY], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Warp:
    """Where the places of a part are. x, y: once shifted. u, v: in the other picture, through w.

    powers: (4, n), of the distance from the line. shift: across it. cos, sin: of its direction.
    """

    x: Array
    y: Array
    u: Array
    v: Array
    w: Array
    powers: Array
    shift: Array
    cos: float
    sin: float


class _Search:
    """The squared difference between the part and what is found in its place, both normalized."""

    def __init__(self, part: Sampled, other: NDArray[np.float32]) -> None:
        self._part = part
        self._other = other
        self._slopes = [
            np.asarray(cv2.Sobel(other, cv2.CV_32F, *order, ksize=3) / 8 * part.unit, np.float32)
            for order in ((1, 0), (0, 1))
        ]
        self._wanted, _ = _normalized(part.values)

    def cost(self, at: Array) -> float:
        warp = self._warp(at)
        seen, _ = _normalized(self._look(self._other, warp))
        return _squared(self._wanted - seen)

    def at(self, at: Array) -> tuple[float, Array, Array]:
        """The cost, the (n, 12) change of what is seen with each parameter, and what is left."""
        warp = self._warp(at)
        seen, norm = _normalized(self._look(self._other, warp))
        du, dv = (self._look(slope, warp) for slope in self._slopes)
        change = self._changes(at, warp, du, dv)
        change = (change - change.mean(axis=0)) / norm
        change -= np.outer(seen, seen @ change)
        left = self._wanted - seen
        return _squared(left), change, left

    def _warp(self, at: Array) -> _Warp:
        cos, sin = float(np.cos(at[_HOMOGRAPHY])), float(np.sin(at[_HOMOGRAPHY]))
        powers = _powers(cos * self._part.x + sin * self._part.y)
        shift = at[_HOMOGRAPHY + 1 :] @ powers[1:]
        x, y = self._part.x + cos * shift, self._part.y + sin * shift
        h = at[:_HOMOGRAPHY]
        w = 1 + h[6] * x + h[7] * y
        u, v = ((1 + h[0]) * x + h[1] * y + h[2]) / w, (h[3] * x + (1 + h[4]) * y + h[5]) / w
        return _Warp(x, y, u, v, w, powers, shift, cos, sin)

    def _changes(self, at: Array, warp: _Warp, du: Array, dv: Array) -> Array:
        h, x, y, cos, sin = at[:_HOMOGRAPHY], warp.x, warp.y, warp.cos, warp.sin
        down = -(du * warp.u + dv * warp.v)
        by_homography = [du * x, du * y, du, dv * x, dv * y, dv, down * x, down * y]
        by_x = du * (1 + h[0]) + dv * h[3] + down * h[6]
        by_y = du * h[1] + dv * (1 + h[4]) + down * h[7]
        by_shift = by_x * cos + by_y * sin
        along = cos * self._part.y - sin * self._part.x
        steep = (at[_HOMOGRAPHY + 1 :] * (2 + np.arange(_POWERS))) @ warp.powers[:-1]
        by_angle = by_shift * steep * along + (by_y * cos - by_x * sin) * warp.shift
        by_power = by_shift * warp.powers[1:]
        return np.stack([*by_homography, by_angle, *by_power], axis=1) / warp.w[:, None]

    def _look(self, picture: NDArray[np.float32], warp: _Warp) -> Array:
        middle = len(picture) / 2
        x, y = (
            (each * self._part.unit + middle).astype(np.float32)[None] for each in (warp.u, warp.v)
        )
        found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found[0], np.float64)


def _powers(values: Array) -> Array:
    """From the first on, one more than the paper shifts by; by products, as powers are slow."""
    found = [values]
    for _ in range(_POWERS):
        found.append(found[-1] * values)
    return np.stack(found)


def _normalized(values: Array) -> tuple[Array, float]:
    """With a mean of 0 and a norm of 1; and what the norm was. All alike: as if far from it."""
    centred = values - values.mean()
    norm = max(float(np.linalg.norm(centred)), 1e-6)
    return centred / norm, norm


def _squared(values: Array) -> float:
    found = float(values @ values)
    return found if np.isfinite(found) else np.inf
