"""Whether two frames of a face can be two views of one picture, flat or bent.

A picture, however it is held, shows the same pixels in every frame, up to a homography and the
light; one that is bent, up to what `bending` explains. A head that has turned does not: the nose
covers another part of the cheek. So the second frame is fitted to the first, and what is told is
how alike they then are.
Source: Evangelidis and Psarakis, "Parametric Image Alignment Using Enhanced Correlation
Coefficient Maximization", PAMI 2008, as in OpenCV.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine import bending
from recognition.engine.align import similarity
from recognition.engine.types import Landmarks, Pixels

_SIDE = 96  # pixels of the square in which faces are compared
# Where the landmarks of a mean face lie in it.
_MEAN_FACE = np.array([[31, 31], [65, 31], [48, 50.7], [33.7, 66.4], [62.3, 66.4]])
_PLANE = [0, 1, 3, 4]  # eyes and corners of the mouth
_HALF_WIDTH = 26  # of the face, pixels
# Rounds of fitting, and when to stop; a blur before it widens the reach of the fit.
_ROUNDS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
_BLUR = 9
# Of a print that is bent, one side goes out of sight: the face but for so much of either side is
# looked for as well, unless the whole is so unlike that no part is worth it.
_SIDE_LEFT_OUT = 0.5  # of half its width
_WORTH_IT = 0.95
_STRIDE = 2  # pixels between those that are compared

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
    starts = (_between(points_a, points_b), np.eye(3, dtype=np.float32))
    return max(_fitted(a, b, start) for start in starts)


def likeness_when_bent(first: View, second: View) -> float:
    """The same after the best homography of paper that was bent between the two."""
    a, points_a = _level(first)
    b, points_b = _level(second)
    start = _between(points_a, points_b).astype(np.float64)
    seen, sought = (cv2.GaussianBlur(each, (_BLUR, _BLUR), 0).astype(np.float32) for each in (a, b))
    whole, *parts = _parts()
    found = bending.likeness(bending.Sampled.of(seen, whole, _HALF_WIDTH), sought, start)
    if found < _WORTH_IT:
        return found
    samples = (bending.Sampled.of(seen, part, _HALF_WIDTH) for part in parts)
    return max(found, *(bending.likeness(sample, sought, start) for sample in samples))


def _between(points_a: NDArray[np.float64], points_b: NDArray[np.float64]) -> NDArray[np.float32]:
    """The homography that eyes and mouth speak of."""
    four_a, four_b = (each[_PLANE].astype(np.float32) for each in (points_a, points_b))
    return np.asarray(cv2.getPerspectiveTransform(four_a, four_b), np.float32)


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
    cv2.ellipse(mask, middle, (_HALF_WIDTH, 34), 0, 0, 360, 255, -1)
    return mask


def _parts() -> tuple[NDArray[np.bool_], ...]:
    """The face, and all of it but its left, and but its right side, in the picture."""
    v, u = np.mgrid[0:_SIDE, 0:_SIDE]
    face = (_face() > 0) & (u % _STRIDE == 0) & (v % _STRIDE == 0)
    right = (u - _SIDE / 2) / _HALF_WIDTH
    return face, face & (right > -_SIDE_LEFT_OUT), face & (right < _SIDE_LEFT_OUT)
