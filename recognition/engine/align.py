"""From a face in a photo to the square crop the network takes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.recipe import DLIB, EIGHT_BITS, FACENET, Recipe
from recognition.engine.types import Crop, Detection, Pixels, eye_angle

Matrix = NDArray[np.float64]

# Landmarks in a square crop without margin, pixels of the network's input. FaceNet's: the mean over
# LFW View 1.
FACENET_FACE = np.array([[53.3, 61.2], [107.9, 61.2], [79.6, 93.2], [55.8, 118.3], [101.6, 118.2]])
# Dlib's: where they lie in the chips it was trained on, which dlib cuts with a quarter of padding.
# Source: the mean face of `get_face_chip_details`, dlib/image_transforms/interpolation.h.
_DLIB_FACE = np.array([[47.5, 46.6], [100.5, 46.6], [74.0, 76.6], [50.4, 103.0], [97.6, 103.0]])
_MEAN_FACES = {FACENET: FACENET_FACE, EIGHT_BITS: FACENET_FACE, DLIB: _DLIB_FACE}


def crop(photo: Pixels, face: Detection, recipe: Recipe) -> Crop:
    """Cut a face out as the recipe says.

    photo: (height, width, 3) uint8 RGB. Returns (side, side, 3) uint8 RGB, the side that of the
    network's input; what lies outside the photo is black.
    """
    return cut(photo, _placement(face, recipe), recipe.side)


def cut(photo: Pixels, to_photo: Matrix, side: int) -> Crop:
    """to_photo: the (2, 3) map from pixels of the (side, side, 3) crop to those of the photo."""
    # A large face is first cut out at a whole multiple of the final size and then averaged down:
    # sampling it sparsely would alias.
    shrink = float(np.sqrt(abs(np.linalg.det(to_photo[:, :2]))))
    multiple = min(max(1, int(np.ceil(shrink))), 8)
    fine = to_photo.copy()
    fine[:, :2] /= multiple
    found = cv2.warpAffine(
        photo,
        fine,
        (side * multiple, side * multiple),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    if multiple > 1:
        found = cv2.resize(found, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(found, np.uint8)


def _placement(face: Detection, recipe: Recipe) -> Matrix:
    """The (2, 3) map from crop pixels to photo pixels."""
    middle = recipe.side / 2
    if recipe.align == "landmarks":
        mean_face = _MEAN_FACES[recipe.network]
        return similarity(middle + (mean_face - middle) / (1 + recipe.margin), face.landmarks)
    size = np.array([face.box.width, face.box.height]) * (1 + recipe.margin)
    angle = eye_angle(face.landmarks) if recipe.align == "rotate" else 0.0
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) * (size / recipe.side)
    shift = np.array(face.box.centre) - turn @ np.array([middle, middle])
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
