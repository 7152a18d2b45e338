"""Detector and embedder, loaded together from verified files."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from recognition.engine import weights
from recognition.engine.align import crop
from recognition.engine.detector import CenterFace
from recognition.engine.embedder import Embedder, facenet_client
from recognition.engine.quality import measure
from recognition.engine.recipe import Recipe
from recognition.engine.sessions import Running, open_network
from recognition.engine.types import Detection, Face, Pixels


@dataclass(frozen=True, slots=True)
class Networks:
    detector: CenterFace
    embedder: Embedder
    recipe: Recipe

    @classmethod
    def load(cls, models_dir: Path, running: Running, recipe: Recipe) -> "Networks":
        """Raises WeightsMissing when a file is absent or altered."""
        detector = weights.verified(models_dir, weights.DETECTOR)
        facenet = weights.verified(models_dir, weights.FACENET)
        if running.threads is not None:
            cv2.setNumThreads(running.threads)
        # Boxes and landmarks place the crop: the detector always runs at full precision.
        exact = replace(running, precision="fp32")
        client = facenet_client(open_network(facenet, running), home=models_dir)
        return cls(CenterFace(open_network(detector, exact)), Embedder(client, recipe), recipe)

    def faces(self, photo: Pixels) -> list[Face]:
        """Every face of a (height, width, 3) uint8 RGB photo, largest first."""
        return [self._face(photo, found) for found in self.detector.detect(photo)]

    def _face(self, photo: Pixels, found: Detection) -> Face:
        cut = crop(photo, found, self.recipe)
        return Face(found.box, found.landmarks, found.confidence, cut, measure(found, cut))
