"""How far a head is lifted, from a mesh of its face.

Five landmarks hardly show it: detectors put the nose of a lifted face nearly where a level one has
it. The mesh has depth, learned from faces in three dimensions. Source: Kartynnik, Ablavatski,
Grishchenko, Grundmann, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
2019: MediaPipe's face mesh.
"""

from collections import deque
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.engine.align import FACENET_FACE, cut, similarity
from recognition.engine.types import Landmarks, Pixels

_SIDE = 192  # pixels, the network's input
# Where the mean face lies in it: a quarter of room around the face, as it was trained.
_MEAN_FACE = _SIDE / 2 + (FACENET_FACE - 80) * 1.1
# Points of the mesh: the top of the forehead, and below the nose. A mouth that opens moves neither.
_FOREHEAD, _BELOW_NOSE = 10, 2


class FaceMesh:
    """Safe for many threads: each call takes an idle network, or loads one (2 MB)."""

    def __init__(self, path: Path) -> None:
        """path: of a verified file, which is read now and not again."""
        self._file = np.frombuffer(path.read_bytes(), np.uint8)
        self._idle: deque[Any] = deque([self._loaded()])

    def pitch(self, photo: Pixels, landmarks: Landmarks) -> float:
        """Degrees, positive when the head is lifted; of use only beside another of that person.

        photo: (h, w, 3) uint8 RGB. landmarks: (5, 2), of the face in it.
        """
        points = self._points(cut(photo, similarity(_MEAN_FACE, landmarks), _SIDE))
        _, down, away = points[_BELOW_NOSE] - points[_FOREHEAD]
        return float(-np.degrees(np.arctan2(away, down)))

    def _points(self, face: Pixels) -> NDArray[np.float32]:
        """(192, 192, 3) uint8 RGB → (468, 3): to the right, down and away from the camera."""
        try:
            network = self._idle.pop()
        except IndexError:
            network = self._loaded()
        try:
            network.setInput(cv2.dnn.blobFromImage(face, 1 / 255))
            found = network.forward()
        finally:
            self._idle.append(network)
        return np.array(found, np.float32).reshape(-1, 3)

    def _loaded(self) -> Any:
        return cv2.dnn.readNetFromTFLite(self._file)
