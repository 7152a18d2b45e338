"""Detector and embedder, loaded together from verified files."""

import ctypes
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from recognition.engine import weights
from recognition.engine.align import crop
from recognition.engine.detector import CenterFace, Detector
from recognition.engine.dlib_network import DlibClient
from recognition.engine.embedder import Client, Embedder, facenet_client
from recognition.engine.quality import measure
from recognition.engine.recipe import DLIB, EIGHT_BITS, YUNET, Recipe
from recognition.engine.sessions import Running, open_network
from recognition.engine.types import Detection, Face, Pixels
from recognition.engine.yunet import YuNet


@dataclass(frozen=True, slots=True)
class Networks:
    detector: Detector
    embedder: Embedder
    recipe: Recipe

    @classmethod
    def load(cls, models_dir: Path, running: Running, recipe: Recipe) -> "Networks":
        """Raises WeightsMissing when a file is absent or altered, KeyError for a recipe whose
        network or detector this version does not know."""
        detector = weights.verified(models_dir, weights.DETECTORS[recipe.detector])
        network = weights.verified(models_dir, weights.NETWORKS[recipe.network])
        if running.threads is not None:
            cv2.setNumThreads(running.threads)
        client = _client(network, running, recipe, home=models_dir)
        networks = cls(_detector(detector, running, recipe), Embedder(client, recipe), recipe)
        _give_back()
        return networks

    def faces(self, photo: Pixels) -> list[Face]:
        """Every face of a (height, width, 3) uint8 RGB photo, largest first."""
        return [self._face(photo, found) for found in self.detector.detect(photo)]

    def _face(self, photo: Pixels, found: Detection) -> Face:
        cut = crop(photo, found, self.recipe)
        return Face(found.box, found.landmarks, found.confidence, cut, measure(found, cut))


def _detector(file: Path, running: Running, recipe: Recipe) -> Detector:
    if recipe.detector == YUNET:
        return YuNet(file)
    # Boxes and landmarks place the crop: the detector always runs at full precision.
    return CenterFace(open_network(file, replace(running, precision="fp32")))


def _client(file: Path, running: Running, recipe: Recipe, *, home: Path) -> Client:
    if recipe.network == DLIB:
        return DlibClient(file, home=home)  # it has one runtime and one precision, of its own
    if recipe.network == EIGHT_BITS:
        running = for_eight_bits(replace(running, precision="fp32"))
    client: Client = facenet_client(open_network(file, running), home=home)
    return client


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
