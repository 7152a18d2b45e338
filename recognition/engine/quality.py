"""How usable a face is, measured before the network sees it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.types import Crop, Detection, Landmarks, Quality, eye_angle

# Sharpness is compared at one size, below that of most faces, so that a face is not called
# blurred for being small: `too_small` says that.
_COMPARED_SIDE = 80
# Of the crop's side, cut away on each edge: hair and background are not the face.
_EDGE = 0.15
# Deviation of the luminance, 0…255, below which a picture counts as flat.
_LEAST_CONTRAST = 25.0
# How far the tip of the nose stands before the plane of eyes and mouth, in units of the distance
# between the eyes, and where it lies between eyes (0) and mouth (1) on a frontal face. The second
# is the mean over LFW View 1; the first makes the angles right to about ten degrees.
_NOSE_DEPTH = 0.55
_NOSE_HEIGHT = 0.56
_EYES_TO_MOUTH = 1.04  # on a frontal face, in units of the distance between the eyes


def measure(face: Detection, crop: Crop) -> Quality:
    """Measure one face. crop: (side, side, 3) uint8 RGB, cut out of the photo the face is in."""
    grey = _inner(crop)
    yaw, pitch, roll = pose(face.landmarks)
    return Quality(
        size=face.box.side,
        sharpness=_sharpness(grey),
        brightness=float(grey.mean()) / 255,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
    )


def pose(landmarks: Landmarks) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in degrees, 0 frontal, from (5, 2) landmarks.

    roll: the slope of the line between the eyes, positive when it falls to the right.
    yaw: a nose that stands d before the face moves by d·sin(yaw) while the eyes close up by
    cos(yaw), so offset / eye distance = d·tan(yaw); positive towards the right of the picture.
    pitch: in the same way, how far the nose has left its place between eyes and mouth; positive
    is looking down.
    """
    roll = eye_angle(landmarks)
    level = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    left, right, nose, mouth_left, mouth_right = landmarks @ level.T
    eyes, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
    between_eyes = max(float(right[0] - left[0]), 1e-3)
    eyes_to_mouth = max(float(mouth[1] - eyes[1]), 1e-3)
    along = (nose[1] - eyes[1]) / eyes_to_mouth
    # The middle of the face where the nose is, on the line from the eyes to the mouth.
    middle = eyes[0] + along * (mouth[0] - eyes[0])
    yaw = np.arctan2((nose[0] - middle) / between_eyes, _NOSE_DEPTH)
    pitch = np.arctan2(along - _NOSE_HEIGHT, _NOSE_DEPTH / _EYES_TO_MOUTH)
    degrees = np.degrees([yaw, pitch, roll])
    return float(degrees[0]), float(degrees[1]), float(degrees[2])


def _inner(crop: Crop) -> NDArray[np.float32]:
    """(80, 80) float32 luminance, 0…255, of the face without its surroundings."""
    edge = round(crop.shape[0] * _EDGE)
    grey = cv2.cvtColor(crop[edge:-edge, edge:-edge], cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = (_COMPARED_SIDE, _COMPARED_SIDE)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def _sharpness(grey: NDArray[np.float32]) -> float:
    """Fine detail as a share of all detail: deviation of the Laplacian / of the luminance.

    Dividing by the luminance's own deviation makes a dim or flat picture no less sharp, down to
    a floor where rounding is all that is left. A slight blur goes first, so that the sensor's
    noise does not count as detail. Source: the Laplacian's energy as a measure of focus,
    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    detail = cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F)
    return float(detail.std() / max(float(grey.std()), _LEAST_CONTRAST))
