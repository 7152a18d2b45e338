"""YuNet: another detector, small and fast, through OpenCV's own class for it.

Source: Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023. It was trained on faces
of 10 to 300 pixels, so the photo is looked at in several sizes until one is found. Its landmarks
follow a head that tilts too little, and the less the smaller the face, so each face is looked at
again, large and turned level by what was seen before.
"""

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from recognition.engine.align import FACENET_FACE, cut, similarity
from recognition.engine.detector import MAX_OVERLAP, Candidates, detections
from recognition.engine.types import Detection, Landmarks, Pixels

# Marks weaker than this are not faces; of those a little weaker half are.
MIN_CONFIDENCE = 0.6
# Its marks of faces lie closer together than CenterFace's, which the limits of quality are set by:
# (its mark, CenterFace's of the same faces), medians on LFW View 1.
_MARKS = (0.6, 0.74, 0.86, 0.92, 1.0), (0.54, 0.65, 0.75, 0.85, 1.0)
# Longer side of the input, pixels: as for CenterFace, then for a face that fills the picture.
INPUT_SIDES = (512, 1024, 192)
# Looks at each face: a square of so many pixels, with the mean face in its middle.
_LOOKS, _SIDE = 2, 320
_LEVEL_FACE = _SIDE / 2 + (FACENET_FACE - 80) * 1.25
# How far from there the face may be, pixels: else it is somebody else's.
_FARTHEST = 60
_MOST_CANDIDATES = 5000  # before overlapping ones are thinned out; OpenCV's own default


class YuNet:
    """Safe for many threads: each call takes an idle network, or loads one (230 kB)."""

    def __init__(self, path: Path) -> None:
        """path: of a verified file."""
        self._path = str(path)
        self._idle: deque[Any] = deque()
        self._idle.append(self._loaded())

    def detect(self, photo: Pixels) -> list[Detection]:
        """As `Detector` says."""
        longest = max(photo.shape[:2])
        faces: list[Detection] = []
        for side in INPUT_SIDES:
            if side == INPUT_SIDES[0] or longest > side:
                faces = self._detect_at(photo, side)
            if faces:
                break
        return [replace(face, landmarks=self._again(photo, face.landmarks)) for face in faces]

    def _again(self, photo: Pixels, landmarks: Landmarks) -> Landmarks:
        """The landmarks of one face, seen large and level; as they were when it is not found so."""
        for _ in range(_LOOKS):
            to_photo = similarity(_LEVEL_FACE, landmarks)
            found = self._run(cut(photo, to_photo, _SIDE)[:, :, ::-1])[:, 4:14].reshape(-1, 5, 2)
            away = np.linalg.norm((found - _LEVEL_FACE).mean(axis=1), axis=1)
            if not (away < _FARTHEST).any():
                break
            nearest = found[np.argmin(away)]
            landmarks = np.asarray(nearest @ to_photo[:, :2].T + to_photo[:, 2], np.float32)
        return landmarks

    def _detect_at(self, photo: Pixels, side: int) -> list[Detection]:
        height, width = photo.shape[:2]
        scale = min(1.0, side / max(height, width))
        columns, rows = (max(1, round(length * scale)) for length in (width, height))
        resized = cv2.resize(photo, (columns, rows), interpolation=cv2.INTER_AREA)
        found = self._run(np.asarray(resized[:, :, ::-1], np.uint8))
        corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
        # Eyes, nose and mouth come in our order: "right" is the person's, on the picture's left.
        confidences = np.interp(found[:, 14], *_MARKS).astype(np.float32)
        candidates = Candidates(corners, found[:, 4:14].reshape(-1, 5, 2), confidences)
        per_pixel = np.array([width / columns, height / rows], np.float32)
        return detections(candidates, per_pixel, height, width)

    def _run(self, pixels: Pixels) -> Any:
        """(rows, columns, 3) uint8 BGR → (n, 15) float32: box, landmarks, confidence."""
        try:
            network = self._idle.pop()
        except IndexError:
            network = self._loaded()
        try:
            network.setInputSize((pixels.shape[1], pixels.shape[0]))
            found = network.detect(np.ascontiguousarray(pixels))[1]
        finally:
            self._idle.append(network)
        return np.empty((0, 15), np.float32) if found is None else found

    def _loaded(self) -> Any:
        # OpenCV warns that it takes no target for a network, which it always asks for.
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            return cv2.FaceDetectorYN.create(
                self._path, "", (0, 0), MIN_CONFIDENCE, MAX_OVERLAP, _MOST_CANDIDATES
            )
        finally:
            cv2.utils.logging.setLogLevel(level)
