"""CenterFace: where the faces of a photo are.

Source: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019.
The network marks face centres on a map of a quarter of its input's size; each mark carries the
box's size, the centre's offset and five landmarks. Boxes agree with deepface's client of the same
network; the session is kept, and the input bounded, where deepface loads and runs at full size.
"""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.sessions import Session
from recognition.engine.types import Box, Detection, Landmarks, Pixels, largest_first

STRIDE = 4  # pixels of the network's input for each cell of its output
MULTIPLE = 32  # the input's sides must be multiples of this
# Marks weaker than this are not faces; deepface's own default.
MIN_CONFIDENCE = 0.35
# Of two boxes that overlap by more (intersection over union), the weaker is a duplicate.
MAX_OVERLAP = 0.3
# Longer side of the input, pixels. A face of a tenth of a 720p frame's height keeps 29 pixels at
# the first size; when nothing is found, people farther away get a second look at the next.
INPUT_SIDES = (512, 1024)

Array = NDArray[np.float32]


class Detector(Protocol):
    """Safe for many threads."""

    def detect(self, photo: Pixels) -> list[Detection]:
        """Every face, largest first.

        photo: (height, width, 3) uint8 RGB, any size above zero. Boxes and landmarks are in
        pixels of the photo; boxes lie inside it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Candidates:
    """n boxes as (n, 4) x1 y1 x2 y2, landmarks (n, 5, 2), scores (n,), float32, input pixels."""

    boxes: Array
    landmarks: Array
    scores: Array


class CenterFace:
    """Runs one session; safe for many threads, as the session is."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, photo: Pixels) -> list[Detection]:
        """As `Detector` says."""
        longest = max(photo.shape[:2])
        for side in INPUT_SIDES:
            faces = self._detect_at(photo, side)
            if faces or longest <= side:
                break
        return faces

    def _detect_at(self, photo: Pixels, side: int) -> list[Detection]:
        height, width = photo.shape[:2]
        rows, columns = _input_size(height, width, side)
        shrinks = rows < height or columns < width
        resized = cv2.resize(
            photo, (columns, rows), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        blob = np.ascontiguousarray(resized.transpose(2, 0, 1)[None], dtype=np.float32)
        outputs = self._session.run(["537", "538", "539", "540"], {"input.1": blob})
        found = _strongest(_decode(*(output[0] for output in outputs)))
        scale = np.array([width / columns, height / rows], np.float32)
        return detections(found, scale, height, width)


def _input_size(height: int, width: int, side: int) -> tuple[int, int]:
    """(rows, columns) of the network's input: at most `side`, never above the photo's own size
    rounded up."""
    scale = min(1.0, side / max(height, width))
    rows, columns = (int(np.ceil(n * scale / MULTIPLE)) * MULTIPLE for n in (height, width))
    return rows, columns


def _decode(heat: Array, sizes: Array, offsets: Array, points: Array) -> Candidates:
    """Output maps → candidates. heat: (1, h, w); sizes, offsets: (2, h, w), y before x;
    points: (10, h, w), y before x, relative to the box."""
    row, column = np.nonzero(heat[0] > MIN_CONFIDENCE)
    height, width = np.exp(sizes[:, row, column]) * STRIDE
    top = (row + offsets[0, row, column] + 0.5) * STRIDE - height / 2
    left = (column + offsets[1, row, column] + 0.5) * STRIDE - width / 2
    relative = points[:, row, column].reshape(5, 2, -1)
    landmarks = np.stack([relative[:, 1] * width + left, relative[:, 0] * height + top], axis=-1)
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    return Candidates(
        boxes.astype(np.float32),
        landmarks.transpose(1, 0, 2).astype(np.float32),
        heat[0, row, column],
    )


def _strongest(found: Candidates) -> Candidates:
    """Non-maximum suppression: of overlapping boxes the one with the highest score stays."""
    order = np.argsort(-found.scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[_overlap(found.boxes[best], found.boxes[rest]) < MAX_OVERLAP]
    return Candidates(found.boxes[kept], found.landmarks[kept], found.scores[kept])


def _overlap(box: Array, others: Array) -> Array:
    """Intersection over union of (4,) with (n, 4) → (n,)."""
    lower = np.minimum(box[2:], others[:, 2:])
    upper = np.maximum(box[:2], others[:, :2])
    shared = np.prod(np.clip(lower - upper, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    union = np.prod(box[2:] - box[:2]) + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-6), np.float32)


def detections(found: Candidates, scale: Array, height: int, width: int) -> list[Detection]:
    """scale: (2,), how many pixels of the photo (height, width) one of the input's is, x and y."""
    corners = found.boxes.reshape(-1, 2, 2) * scale
    corners = np.clip(corners, 0, np.array([width, height], np.float32))
    points: Landmarks = found.landmarks * scale
    faces = []
    for (upper, lower), landmarks, score in zip(corners, points, found.scores, strict=True):
        w, h = (float(n) for n in lower - upper)
        if w >= 1 and h >= 1:
            box = Box(float(upper[0]), float(upper[1]), w, h)
            faces.append(Detection(box, landmarks, min(float(score), 1.0)))
    return largest_first(faces)
