"""What deepface does by itself with the same files: the yardstick for boxes and speed."""

import os
from pathlib import Path

import cv2
import numpy as np

from recognition.engine import weights
from recognition.engine.sessions import open_session
from recognition.engine.types import Box, Embedding, Pixels


class PlainDeepFace:
    """deepface's CenterFace and Facenet, called as its documentation shows.

    Only its threads are bounded, as ours are. Before it detects it pads the photo to twice its
    width and height with black, so that its detector works on four times the area.
    """

    def __init__(self, models_dir: Path) -> None:
        """Raises WeightsMissing: deepface would download what is absent, unchecked."""
        weights.verified(models_dir, weights.CENTERFACE)
        weights.verified(models_dir, weights.FACENET)
        os.environ["DEEPFACE_HOME"] = str(models_dir)
        os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
        os.environ.setdefault("DEEPFACE_LOG_LEVEL", "40")
        cv2.setNumThreads(1)
        from deepface.modules.modeling import build_model

        client = build_model(task="facial_recognition", model_name="Facenet")
        client.model = open_session(models_dir / weights.FACENET, threads=1)

    def boxes(self, photo: Pixels) -> list[Box]:
        """Faces of a (height, width, 3) uint8 RGB photo, in deepface's own order."""
        from deepface.modules.modeling import build_model

        client = build_model(task="face_detector", model_name="centerface")
        found = client.detect_faces(np.ascontiguousarray(photo[:, :, ::-1]))
        return [Box(area.x, area.y, area.w, area.h) for area in found]

    def embedding(self, photo: Pixels) -> Embedding:
        """(128,) float32 of the first face, not of unit length. photo: as for `boxes`."""
        return self._represent(photo)[0][1]

    def faces(self, photo: Pixels) -> list[tuple[Box, Embedding]]:
        """Each face with its (128,) float32, not of unit length; none where deepface finds none."""
        from deepface.modules.exceptions import FaceNotDetected

        try:
            return self._represent(photo)
        except FaceNotDetected:
            return []

    def _represent(self, photo: Pixels) -> list[tuple[Box, Embedding]]:
        from deepface import DeepFace

        found = DeepFace.represent(
            np.ascontiguousarray(photo[:, :, ::-1]),
            model_name="Facenet",
            detector_backend="centerface",
        )
        return [
            (
                Box(*(float(face["facial_area"][side]) for side in "xywh")),
                np.asarray(face["embedding"], np.float32),
            )
            for face in found
        ]
