"""Whether two frames of a face can be two views of one flat picture.

A picture, however it is held, shows the same pixels in every frame, up to a homography and the
light. A head that has turned does not: the nose covers another part of the cheek. So the second
frame is fitted to the first by a homography, and what is told is how alike they then are.
Source: Evangelidis and Psarakis, "Parametric Image Alignment Using Enhanced Correlation
Coefficient Maximization", PAMI 2008, as in OpenCV.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.align import similarity
from recognition.engine.types import Landmarks, Pixels

_SIDE = 96  # pixels of the square in which faces are compared
# Where the landmarks of a mean face lie in it.
_MEAN_FACE = np.array([[31, 31], [65, 31], [48, 50.7], [33.7, 66.4], [62.3, 66.4]])
_PLANE = [0, 1, 3, 4]  # eyes and corners of the mouth
# Rounds of fitting, and when to stop; a blur before it widens the reach of the fit.
_ROUNDS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
_BLUR = 9

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One face of a photo. photo: (h, w, 3) uint8 RGB; landmarks: (5, 2), its pixels."""

    photo: Pixels
    landmarks: Landmarks

    def mirrored(self) -> "View":
        width = self.photo.shape[1]
        swapped = self.landmarks[[1, 0, 2, 4, 3]].copy()
        swapped[:, 0] = width - 1 - swapped[:, 0]
        return View(np.ascontiguousarray(self.photo[:, ::-1]), swapped)


def likeness(first: View, second: View) -> float:
    """The correlation of the faces after the best homography: 1 for a picture and itself.

    0 when they cannot be fitted at all, which two views of one picture seldom are.
    """
    a, points_a = _level(first)
    b, points_b = _level(second)
    from_points = cv2.getPerspectiveTransform(
        points_a[_PLANE].astype(np.float32), points_b[_PLANE].astype(np.float32)
    )
    starts = (np.asarray(from_points, np.float32), np.eye(3, dtype=np.float32))
    return max(_fitted(a, b, start) for start in starts)


def _fitted(a: Grey, b: Grey, start: NDArray[np.float32]) -> float:
    try:
        found, _ = cv2.findTransformECC(
            a, b, start.copy(), cv2.MOTION_HOMOGRAPHY, _ROUNDS, _face(), _BLUR
        )
    except cv2.error:  # it ran away, or there is nothing to correlate
        return 0.0
    return float(np.nan_to_num(found))


def _level(view: View) -> tuple[Grey, NDArray[np.float64]]:
    """The face in grey, (96, 96) uint8, and where its landmarks are there."""
    to_square = similarity(view.landmarks.astype(np.float64), _MEAN_FACE)
    grey = cv2.cvtColor(view.photo, cv2.COLOR_RGB2GRAY)
    scale = float(np.sqrt(abs(np.linalg.det(to_square[:, :2]))))
    if scale < 0.7:  # sampling it sparsely would alias
        grey = cv2.GaussianBlur(grey, (0, 0), 0.5 / scale)
    cut = cv2.warpAffine(grey, to_square, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE)
    points = view.landmarks @ to_square[:, :2].T + to_square[:, 2]
    return np.asarray(cut, np.uint8), points


def _face() -> Grey:
    """Only the face counts: hair and background are not what turns."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    middle = (_SIDE // 2, _SIDE // 2)
    cv2.ellipse(mask, middle, (26, 34), 0, 0, 360, 255, -1)
    return mask
