"""dlib's ResNet, as deepface runs it.

Source: King, "High Quality Face Recognition with Deep Metric Learning", 2017, through deepface's
Dlib.
"""

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.engine.errors import PackageMissing


class DlibClient:
    """deepface's own client of Dlib, on a verified file; safe for many threads."""

    def __init__(self, path: Path, *, home: Path) -> None:
        """home: the folder that deepface calls its home. Its client's constructor would download
        what it misses, so it is not called: it does nothing else than load the file.

        Raises PackageMissing.
        """
        try:
            import dlib
        except ImportError as error:
            raise PackageMissing("dlib-bin") from error
        os.environ["DEEPFACE_HOME"] = str(home)
        os.environ.setdefault("DEEPFACE_LOG_LEVEL", "40")  # errors only; it prints to stdout
        from deepface.modules import modeling

        client_class = modeling.get_model_class(task="facial_recognition", model_name="Dlib")
        self._client = client_class.__new__(client_class)
        self._client.model = SimpleNamespace(model=dlib.face_recognition_model_v1(str(path)))
        self._lock = threading.Lock()

    def predict(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 150, 150, 3) uint8 RGB → (n, 128) float32, not of unit length.

        One at a time: a batch is no faster, and dlib lets no other thread run meanwhile.
        """
        vectors = [self._one(crop[:, :, ::-1]) for crop in batch]  # as deepface calls it: BGR
        return np.array(vectors, np.float32)

    def _one(self, bgr: NDArray[np.uint8]) -> Any:
        with self._lock:
            return self._client.forward(bgr)
