"""Photos as a camera would see them: held up and tilted, bent, or as a head that turns.

For measuring what a liveness check refuses and lets pass. A turned head is made of one photo and a
head's average shape: near to a real one up to some thirty degrees, of a nod up to some twenty, and
no more than near.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from people.images import Pixels
from recognition.engine.types import Landmarks

Array = NDArray[np.float64]

SCENE = 320  # pixels, the side of a frame that shows a photo held up
_GREY = 110.0
# A head in units of the distance between the eyes: an ellipsoid and a nose on it.
_WIDE, _HIGH, _DEEP, _MIDDLE = 1.25, 1.75, 1.4, 0.55
_NOSE, _NOSE_AT = 0.42, 0.58
_NECK = 0.9  # how far below the eyes it nods
_ROUNDS = 25
_COARSE = 4  # pixels between the points for which it is worked out where they come from


def rotation(right: float, down: float, roll: float) -> Array:
    """(3, 3); degrees. x to the right, y down, z towards the camera."""
    a, b, c = np.radians([right, down, roll])
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    tilt = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    product: Array = nod @ turn @ tilt
    return product


def held(
    photo: Pixels,
    *,
    right: float = 0,
    down: float = 0,
    roll: float = 0,
    away: float = 2.5,
    zoom: float = 1.0,
) -> Pixels:
    """A flat print before the camera, tilted by these degrees.

    away: the camera's distance in lengths of the print. Returns (320, 320, 3) uint8 RGB.
    """
    height, width = photo.shape[:2]
    longest = max(height, width)
    by = rotation(right, down, roll)
    # What a pixel of the print becomes, up to a factor: x and y in the frame, and the distance.
    to_print = np.array(
        [[1 / longest, 0, -width / 2 / longest], [0, 1 / longest, -height / 2 / longest]]
    )
    space = by[:, :2] @ to_print
    scale = away * zoom * SCENE * 0.8
    depth = -space[2] + np.array([0, 0, away])
    forward = np.stack(
        [space[0] * scale + depth * SCENE / 2, space[1] * scale + depth * SCENE / 2, depth]
    )
    v, u = np.mgrid[0:SCENE, 0:SCENE].astype(float)
    x, y, w = np.linalg.inv(forward) @ np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    return _sample(photo, (x / w).reshape(u.shape), (y / w).reshape(u.shape), outside=_GREY)


def bent(photo: Pixels, landmarks: Landmarks, *, right: float, radius: float) -> Pixels:
    """A print bent round an upright cylinder through the face, and turned with it.

    radius: of the cylinder, in units of the distance between the eyes.
    """
    across, down, eyes = _of_face(landmarks, photo)
    angle = np.radians(right)
    # Seen at u, the paper stands at this angle of the cylinder, and so that far along the print.
    at = np.arcsin(np.clip(across / radius, -1, 1)) - angle
    outside = (np.abs(across) >= radius) | (np.abs(at) > np.pi / 2)
    x, y = _to_photo(np.where(outside, 1e6, at * radius), down, landmarks, eyes)
    return _sample(photo, x, y, outside=_GREY)


def turned(
    photo: Pixels, landmarks: Landmarks, *, right: float = 0, down: float = 0, tilt: float = 0
) -> Pixels:
    """The head of a photo that looks straight, turned by these degrees; all else stays."""
    u, v, eyes = _of_face(landmarks, photo)
    u, v = u[::_COARSE, ::_COARSE], v[::_COARSE, ::_COARSE]
    by = rotation(right, down, tilt)
    x, y = u.copy(), v.copy()
    for _ in range(_ROUNDS):  # which point of the head is seen here? by successive correction
        z, beyond = _depth(x, y)
        solid = 1 / (1 + np.exp((beyond - 1) * 12))
        there = np.stack([x, y - _NECK, z])
        seen_x, seen_y = np.tensordot(by[:2], there, axes=1)
        x += 0.6 * (u - (seen_x * solid + x * (1 - solid)))
        y += 0.6 * (v - ((seen_y + _NECK) * solid + y * (1 - solid)))
    places = (_finely(each, photo) for each in _to_photo(x, y, landmarks, eyes))
    return _sample(photo, *places)


def _finely(coarse: Array, photo: Pixels) -> Array:
    """From every fourth pixel to every one."""
    v, u = np.mgrid[0 : photo.shape[0], 0 : photo.shape[1]] / _COARSE
    return np.asarray(map_coordinates(coarse, [v, u], order=1, mode="nearest"))


def closer(photo: Pixels, landmarks: Landmarks, times: float) -> Pixels:
    """The middle of the photo around the face, enlarged to the photo's size."""
    height, width = photo.shape[:2]
    x, y = landmarks.mean(axis=0)
    v, u = np.mgrid[0:height, 0:width].astype(float)
    return _sample(photo, x + (u - width / 2) / times, y + (v - height / 2) / times)


def noisy(photo: Pixels, chance: np.random.Generator, *, deviation: float = 4) -> Pixels:
    """As another frame of a camera: other light, other noise."""
    light = chance.uniform(0.8, 1.1)
    grain = deviation * chance.standard_normal(photo.shape, np.float32)
    return np.clip(photo * light + grain, 0, 255).astype(np.uint8)


def _depth(x: Array, y: Array) -> tuple[Array, Array]:
    """How far a point of the head stands towards the camera; and whether there is one: below 1."""
    beyond = (x / _WIDE) ** 2 + ((y - _MIDDLE) / _HIGH) ** 2
    steep = np.where(y < _NOSE_AT, 0.33, 0.14)
    nose = np.exp(-((x / 0.2) ** 2) / 2) * np.exp(-(((y - _NOSE_AT) / steep) ** 2) / 2)
    return _DEEP * np.sqrt(np.clip(1 - beyond, 0, None)) + _NOSE * nose, beyond


def _of_face(landmarks: Landmarks, photo: Pixels) -> tuple[Array, Array, Array]:
    """Of each pixel, right and down from between the eyes, in their distance; and that line."""
    eyes: Array = (landmarks[1] - landmarks[0]).astype(float)
    middle = landmarks[:2].mean(axis=0)
    v, u = np.mgrid[0 : photo.shape[0], 0 : photo.shape[1]].astype(float)
    from_middle = u - middle[0], v - middle[1]
    square = float(eyes @ eyes)
    right = (from_middle[0] * eyes[0] + from_middle[1] * eyes[1]) / square
    down = (from_middle[1] * eyes[0] - from_middle[0] * eyes[1]) / square
    return right, down, eyes


def _to_photo(right: Array, down: Array, landmarks: Landmarks, eyes: Array) -> tuple[Array, Array]:
    middle = landmarks[:2].mean(axis=0)
    return (
        middle[0] + right * eyes[0] - down * eyes[1],
        middle[1] + right * eyes[1] + down * eyes[0],
    )


def _sample(photo: Pixels, x: Array, y: Array, *, outside: float | None = None) -> Pixels:
    """The photo at (h, w) places of it. outside: what is beyond its edge; None: the edge."""
    mode, fill = ("nearest", 0.0) if outside is None else ("constant", outside)
    channels = [
        map_coordinates(photo[..., k], [y, x], order=1, mode=mode, cval=fill) for k in range(3)
    ]
    return np.asarray(np.stack(channels, axis=-1), np.uint8)
