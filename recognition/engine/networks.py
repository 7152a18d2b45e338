"""Detector and embedder, loaded together from verified files."""

import ctypes
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from recognition.engine import weights
from recognition.engine.align import crop
from recognition.engine.detector import CenterFace
from recognition.engine.embedder import Embedder, facenet_client
from recognition.engine.quality import measure
from recognition.engine.recipe import EIGHT_BITS, Recipe
from recognition.engine.sessions import Running, open_network
from recognition.engine.types import Detection, Face, Pixels


@dataclass(frozen=True, slots=True)
class Networks:
    detector: CenterFace
    embedder: Embedder
    recipe: Recipe

    @classmethod
    def load(cls, models_dir: Path, running: Running, recipe: Recipe) -> "Networks":
        """Raises WeightsMissing when a file is absent or altered, KeyError for a recipe whose
        network this version does not know."""
        detector = weights.verified(models_dir, weights.DETECTOR)
        facenet = weights.verified(models_dir, weights.NETWORKS[recipe.network])
        if running.threads is not None:
            cv2.setNumThreads(running.threads)
        # Boxes and landmarks place the crop: the detector always runs at full precision.
        exact = replace(running, precision="fp32")
        embedding = for_eight_bits(exact) if recipe.network == EIGHT_BITS else running
        client = facenet_client(open_network(facenet, embedding), home=models_dir)
        networks = cls(CenterFace(open_network(detector, exact)), Embedder(client, recipe), recipe)
        _give_back()
        return networks

    def faces(self, photo: Pixels) -> list[Face]:
        """Every face of a (height, width, 3) uint8 RGB photo, largest first."""
        return [self._face(photo, found) for found in self.detector.detect(photo)]

    def _face(self, photo: Pixels, found: Detection) -> Face:
        cut = crop(photo, found, self.recipe)
        return Face(found.box, found.landmarks, found.confidence, cut, measure(found, cut))


def for_eight_bits(running: Running) -> Running:
    """OpenVINO is faster there, by a fifth or more. The runtimes round differently, by 0.02 in
    distance."""
    return replace(running, runtime="openvino") if running.runtime == "auto" else running


def _give_back() -> None:
    """Loading a network takes twice its size for a moment, which the C library would keep: 130 MB
    of each process. Other C libraries than glibc have no such function and keep less."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
