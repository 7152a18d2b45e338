"""From a face in a photo to the square crop the network takes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.recipe import Recipe
from recognition.engine.types import Crop, Detection, Pixels, eye_angle

SIDE = 160  # pixels, the network's input
# Landmarks in a square crop without margin, the mean over LFW View 1, pixels.
_MEAN_FACE = np.array([[53.3, 61.2], [107.9, 61.2], [79.6, 93.2], [55.8, 118.3], [101.6, 118.2]])

Matrix = NDArray[np.float64]


def crop(photo: Pixels, face: Detection, recipe: Recipe) -> Crop:
    """Cut a face out as the recipe says.

    photo: (height, width, 3) uint8 RGB. Returns (160, 160, 3) uint8 RGB; what lies outside the
    photo is black.
    """
    to_photo = _placement(face, recipe)
    # A large face is first cut out at a whole multiple of the final size and then averaged down:
    # sampling it sparsely would alias.
    shrink = float(np.sqrt(abs(np.linalg.det(to_photo[:, :2]))))
    multiple = min(max(1, int(np.ceil(shrink))), 8)
    fine = to_photo.copy()
    fine[:, :2] /= multiple
    cut = cv2.warpAffine(
        photo,
        fine,
        (SIDE * multiple, SIDE * multiple),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    if multiple > 1:
        cut = cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def _placement(face: Detection, recipe: Recipe) -> Matrix:
    """The (2, 3) map from crop pixels to photo pixels."""
    if recipe.align == "landmarks":
        middle = SIDE / 2
        return similarity(middle + (_MEAN_FACE - middle) / (1 + recipe.margin), face.landmarks)
    size = np.array([face.box.width, face.box.height]) * (1 + recipe.margin)
    angle = eye_angle(face.landmarks) if recipe.align == "rotate" else 0.0
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) * (size / SIDE)
    shift = np.array(face.box.centre) - turn @ np.array([SIDE / 2, SIDE / 2])
    return np.column_stack([turn, shift])


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> Matrix:
    """The (2, 3) map by turning, scaling and shifting that brings (n, 2) points nearest to others.

    Least squares in closed form: with points as complex numbers, target ≈ a · source + b.
    """
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred)
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
