"""A stand-in for the engine where the face is beside the point.

A picture of one colour is a face: its red value is an angle, and the vector of that face points
there. So a test says how far apart two faces are by two angles. Green pictures have no face.
"""

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from recognition.engine import Box, EmbeddedFace, Face, FaceRefused, NoFace, Pixels, Quality

_QUALITY = Quality(size=120, sharpness=1, brightness=0.5, yaw=0, pitch=0, roll=0)


def photo_of(angle: float, *, variant: int = 0) -> bytes:
    """PNG bytes of a face at this angle, 0…180 degrees; variants are other photos of it."""
    return _png((round(angle), 0, 100 + variant))


def photo_without_face(*, variant: int = 0) -> bytes:
    return _png((0, 255, variant))


def _png(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    return out.getvalue()


def distance_of(degrees: float) -> float:
    """‖a−b‖₂ of two unit vectors this far apart."""
    return 2 * math.sin(math.radians(degrees) / 2)


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

    def probe(self, photo: Pixels) -> EmbeddedFace:
        red, green, _blue = photo.reshape(-1, 3).astype(float).mean(axis=0)
        if green > 128:
            raise NoFace
        self.embedded += 1
        vector = np.zeros(128, dtype=np.float32)
        vector[:2] = math.cos(math.radians(red)), math.sin(math.radians(red))
        face = Face(
            box=Box(8, 8, 48, 48),
            landmarks=np.zeros((5, 2), dtype=np.float32),
            confidence=0.9,
            crop=np.zeros((160, 160, 3), dtype=np.uint8),
            quality=_QUALITY,
        )
        return EmbeddedFace(face=face, embedding=vector)

    def load(self) -> None:
        """Nothing to load."""
