"""From a face in a photo to the square crop the network takes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.recipe import Recipe
from recognition.engine.types import Crop, Detection, Landmarks, Pixels

SIDE = 160  # pixels, the network's input


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


def _placement(face: Detection, recipe: Recipe) -> NDArray[np.float64]:
    """The (2, 3) map from crop pixels to photo pixels."""
    size = np.array([face.box.width, face.box.height]) * (1 + recipe.margin)
    if recipe.shape == "square":
        size[:] = size.max()
    angle = eye_angle(face.landmarks) if recipe.align == "rotate" else 0.0
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) * (size / SIDE)
    middle = np.array(face.box.centre) - turn @ np.array([SIDE / 2, SIDE / 2])
    return np.column_stack([turn, middle])


def eye_angle(landmarks: Landmarks) -> float:
    """How far the line between the eyes falls to the right, radians; 0 is level."""
    x, y = landmarks[1] - landmarks[0]
    return float(np.arctan2(y, x))
