"""What the engine takes and gives: plain values, no network and no image library."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# (height, width, 3) uint8 RGB.
Pixels = NDArray[np.uint8]
# (side, side, 3) uint8 RGB: a face as the network sees it, before standardization.
Crop = NDArray[np.uint8]
# (dimensions,) float32, unit L2 norm.
Embedding = NDArray[np.float32]
# (n, dimensions) float32, each row of unit L2 norm.
Embeddings = NDArray[np.float32]
# (5, 2) float32 x, y in pixels of the photo: the eye on the left of the picture, the eye on its
# right, the tip of the nose, the corner of the mouth on the left, the one on the right.
Landmarks = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the photo, inside it."""

    x: float
    y: float
    width: float
    height: float

    @property
    def side(self) -> float:
        """The shorter side: the size that decides how much detail a face has."""
        return min(self.width, self.height)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0…1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(0.0, width) * max(0.0, height)
        return shared / max(self.area + other.area - shared, 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """Where a face is. confidence: 0…1, on CenterFace's scale whichever the detector."""

    box: Box
    landmarks: Landmarks
    confidence: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable one face is; `quality.py` says how each number is measured.

    size: shorter side of the face's box, pixels of the photo.
    sharpness: of the size-normalized face, without unit; higher is sharper.
    brightness: mean luminance of the face, 0 (black) … 1 (white).
    yaw, pitch, roll: head pose estimated from the landmarks, degrees, 0 is frontal.
    """

    size: float
    sharpness: float
    brightness: float
    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of a photo, cut out and measured. crop: (side, side, 3) uint8 RGB."""

    box: Box
    landmarks: Landmarks
    confidence: float
    crop: Crop = field(repr=False)
    quality: Quality


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFace:
    """A face with its vector. embedding: (dimensions,) float32, unit L2 norm."""

    face: Face
    embedding: Embedding = field(repr=False)


def largest_first(faces: Sequence[Detection]) -> list[Detection]:
    return sorted(faces, key=lambda face: face.box.area, reverse=True)


def eye_angle(landmarks: Landmarks) -> float:
    """How far the line between the eyes falls to the right, radians; 0 is level."""
    x, y = landmarks[1] - landmarks[0]
    return float(np.arctan2(y, x))
