"""How far a head has moved, told from how far a picture of one has. Pure.

A flat picture, however it is held, waved or bent out of square, is seen through a homography: the
one that carries its eyes and the corners of its mouth from one frame to the next carries the tip of
its nose, too. The nose of a real head stands before the plane of those four and leaves its place
in it when the head turns. So a turn is measured in that plane: what a homography explains is taken
out first, and only parallax is left. A nod is not: the detector hardly shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.engine.types import Landmarks, eye_angle

# Where the plane's four points are put: the eyes one unit apart, the mouth as on a mean face.
_PLANE = np.array([[-0.5, 0.0], [0.5, 0.0], [-0.42, 1.04], [0.42, 1.04]])
# How far the tip of the nose stands before that plane, in units of the distance of the eyes.
_NOSE_DEPTH = 0.55


@dataclass(frozen=True, slots=True)
class Place:
    """How a face is held.

    across, along: where the tip of the nose is in the plane of eyes and mouth, to the right and
    downwards in the picture, units of the distance between the eyes. size: pixels, the root of the
    area of the four points' quadrilateral. roll: degrees, positive when the line between the eyes
    falls to the right. pitch: degrees, positive when the head is lifted, from any start.
    """

    across: float
    along: float
    size: float
    roll: float
    pitch: float


def place(landmarks: Landmarks, pitch: float) -> Place:
    """landmarks: (5, 2) float, pixels. pitch: as the engine says. A degenerate face has its nose
    nowhere: NaN."""
    four = landmarks[[0, 1, 3, 4]].astype(np.float64)
    try:
        nose = _carry(_homography(four, _PLANE), landmarks[2].astype(np.float64))
    except np.linalg.LinAlgError:
        nose = np.array([np.nan, np.nan])
    roll = float(np.degrees(eye_angle(landmarks)))
    return Place(float(nose[0]), float(nose[1]), float(np.sqrt(abs(_area(four)))), roll, pitch)


def turned(straight: Place, now: Place) -> tuple[float, float]:
    """Degrees by which the nose moved in the plane between two frames, to the right and down.

    To the right of the picture is the person's left. A nose that stands d before the plane moves
    in it by d·tan(angle).
    """
    moved = np.array([now.across - straight.across, now.along - straight.along])
    right, down = np.degrees(np.arctan2(moved, _NOSE_DEPTH))
    return float(right), float(down)


def lifted(straight: Place, now: Place) -> float:
    """Degrees by which the head looks further up."""
    return now.pitch - straight.pitch


def tilted(straight: Place, now: Place) -> float:
    """Degrees by which the head leans over; positive towards the person's left shoulder."""
    return (now.roll - straight.roll + 180) % 360 - 180


def grown(straight: Place, now: Place) -> float:
    """How many times larger the face has become."""
    return now.size / max(straight.size, 1e-6)


def _homography(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (3, 3) map that carries four points to four others. Raises LinAlgError."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3)


def _carry(by: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, w = by @ np.append(point, 1.0)
    return np.array([x, y]) / w if abs(w) > 1e-9 else np.array([np.nan, np.nan])


def _area(four: NDArray[np.float64]) -> float:
    """Of the quadrilateral; rows: upper left, upper right, lower left, lower right."""
    x, y = four[[0, 1, 3, 2]].T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
