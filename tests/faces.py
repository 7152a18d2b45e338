"""A stand-in for the engine where the face is beside the point.

A picture of one colour is a face: its red value is an angle, and the vector of that face points
there. So a test says how far apart two faces are by two angles. Green pictures have no face,
blue ones two; what is half green is a face in the dark.

A frame of a liveness challenge tells its step by a little green: `frame_for` makes it. Its blue is
where the face is in the picture, for nobody holds the head twice in the same place.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from recognition.engine import (
    Box,
    EmbeddedFace,
    Embedding,
    Embeddings,
    Face,
    FaceRefused,
    ManyFaces,
    NoFace,
    Pixels,
    Quality,
)
from recognition.engine.limits import PROBE, choose
from recognition.engine.types import Landmarks

_DARK = 64
_QUALITY = Quality(size=120, sharpness=1, brightness=0.5, yaw=0, pitch=0, roll=0)


def photo_of(angle: float, *, variant: int = 0) -> bytes:
    """PNG bytes of a face at this angle, 0…180 degrees; variants are other photos of it."""
    return _png((round(angle), 0, 100 + variant))


def photo_without_face(*, variant: int = 0) -> bytes:
    return _png((0, 255, variant))


def photo_too_dark(angle: float = 0) -> bytes:
    """The limits refuse this face."""
    return _png((round(angle), _DARK, 100))


def photo_of_two() -> bytes:
    return _png((0, 0, 255))


# How a head of five points is held in a frame of a step: turned to the picture's right and tilted
# to the person's left, degrees; and its size.
_HELD: dict[str, tuple[float, float, float]] = {
    "look_straight": (0, 0, 100),
    "turn_left": (30, 0, 100),
    "turn_right": (-30, 0, 100),
    "tilt_left": (0, 20, 100),
    "tilt_right": (0, -20, 100),
    "come_closer": (0, 0, 150),
    "look_up": (0, 0, 100),
}
_LIFTED = 20  # degrees, where that is the step
_STEP_BY_GREEN = dict(enumerate(_HELD))
# Eyes, tip of the nose, corners of the mouth: right, down and towards the camera.
_HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.58, 0.55], [-0.42, 1.04, 0], [0.42, 1.04, 0]])


# Of one challenge there is one; another has another.
VARIANTS = 150
_BESIDE = 6  # pixels, from one variant to the next


def frame_for(step: str, angle: float, *, variant: int = 0) -> Pixels:
    """Pixels of the face at this angle while it does what the step asks for.

    variant: 0 to VARIANTS - 1, another picture of the same, a little further to the right.
    """
    pixels = np.empty((64, 64, 3), np.uint8)
    pixels[:] = round(angle), list(_HELD).index(step), 100 + variant
    return pixels


def with_bystander(pixels: Pixels, *, share: float) -> Pixels:
    """The same picture, and on it somebody else whose face is this share as large: 0.1 to 1."""
    crowded = pixels.copy()
    crowded[0, 0] = 255, 255, round(share * 100)
    return crowded


def head(right: float, tilt: float, size: float = 100) -> Landmarks:
    """(5, 2): the landmarks of a head held so, degrees, seen from far away."""
    a, b = math.radians(right), math.radians(tilt)
    turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0]])
    lean = np.array([[math.cos(b), -math.sin(b)], [math.sin(b), math.cos(b)]])
    return np.asarray(_HEAD @ (lean @ turn).T * size + 200, np.float32)


def _step_of(photo: Pixels) -> str:
    green = photo[:, :, 1].astype(float).mean()
    return _STEP_BY_GREEN.get(round(green), "look_straight")


def _png(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    return out.getvalue()


def distance_of(degrees: float) -> float:
    """‖a−b‖₂ of two unit vectors this far apart."""
    return 2 * math.sin(math.radians(degrees) / 2)


def _vector(angle: float) -> Embedding:
    vector = np.zeros(128, dtype=np.float32)
    vector[:2] = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return vector


class FakeEngine:
    """Answers as the engine does, from colours."""

    def __init__(self) -> None:
        self.embedded = 0

    def enrol(self, photos: Sequence[Pixels]) -> list[EmbeddedFace | FaceRefused]:
        outcomes: list[EmbeddedFace | FaceRefused] = []
        for photo in photos:
            try:
                outcomes.append(self.probe(photo))
            except FaceRefused as refusal:
                outcomes.append(refusal)
        return outcomes

    def probe_all(self, photo: Pixels) -> list[EmbeddedFace | FaceRefused]:
        """Pictures of one colour show one face, or none."""
        try:
            return [self.probe(photo)]
        except NoFace:
            return []
        except FaceRefused as refusal:
            return [refusal]

    def faces(self, photo: Pixels) -> list[Face]:
        try:
            face = self.probe(photo).face
        except NoFace:
            return []
        red, green, percent = photo[0, 0]
        if (red, green) != (255, 255):
            return [face]
        side = face.box.side * int(percent) / 100
        return [face, replace(face, box=Box(0, 0, side, side))]

    def pitch(self, photo: Pixels, _face: Face) -> float:
        return _LIFTED if _step_of(photo) == "look_up" else 0.0

    def embed(self, faces: Sequence[Face]) -> Embeddings:
        """The angle is in the crop's red."""
        return np.stack([_vector(float(face.crop[0, 0, 0])) for face in faces])

    def probe(self, photo: Pixels) -> EmbeddedFace:
        red, green, blue = photo.reshape(-1, 3).astype(float).mean(axis=0)
        if green > 128:
            raise NoFace
        if blue > 250:
            raise ManyFaces
        right, tilt, size = _HELD[_step_of(photo)]
        beside = round(blue - 100) * _BESIDE
        face = Face(
            box=Box(8, 8, 48, 48),
            landmarks=head(right, tilt, size) + np.array([beside, 0], np.float32),
            confidence=0.9,
            crop=np.full((160, 160, 3), round(red), dtype=np.uint8),
            quality=replace(_QUALITY, brightness=0.01) if green == _DARK else _QUALITY,
        )
        choose([face], PROBE)
        self.embedded += 1
        return EmbeddedFace(face=face, embedding=_vector(red))

    def load(self) -> None:
        """Nothing to load."""
