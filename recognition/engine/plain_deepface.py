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
        from deepface import DeepFace

        found = DeepFace.represent(
            np.ascontiguousarray(photo[:, :, ::-1]),
            model_name="Facenet",
            detector_backend="centerface",
        )
        return np.asarray(found[0]["embedding"], np.float32)
