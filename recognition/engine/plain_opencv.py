"""FaceNet run by OpenCV's dnn module: a peer to measure by, never used to recognize anybody."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def by_opencv(facenet: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """(1, 160, 160, 3) float32 → (1, 128) float32, on one thread. facenet: the ONNX file."""
    cv2.setNumThreads(1)
    network = cv2.dnn.readNetFromONNX(str(facenet))

    def run(faces: NDArray[np.float32]) -> NDArray[np.float32]:
        network.setInput(faces)
        return np.asarray(network.forward(), np.float32)

    return run
