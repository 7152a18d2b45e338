"""A network's vectors of faces; FaceNet as deepface runs it, fed with what it was trained on."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.engine.recipe import Recipe
from recognition.engine.sessions import Session
from recognition.engine.types import Crop, Embeddings

# More in one call is not faster on a processor and takes 12 MB a crop.
BATCH = 16


class Client(Protocol):
    """One of deepface's clients. Safe for many threads."""

    def predict(self, pixels: NDArray[Any], /) -> NDArray[Any]:
        """What `preprocess` gives → (n, dimensions), of any length."""
        ...


class Embedder:
    """Runs one network; safe for many threads, as its client is."""

    def __init__(self, client: Client, recipe: Recipe) -> None:
        """client: of the recipe's network."""
        self._client = client
        self._recipe = recipe

    def embed(self, crops: Sequence[Crop], *, mirror: bool) -> Embeddings:
        """Embed aligned crops in batches of bounded size.

        crops: n of (side, side, 3) uint8 RGB. mirror: average each with its mirror image. Returns
        (n, dimensions) float32, unit L2 norm; n = 0 gives (0, dimensions).
        """
        if not crops:
            return np.empty((0, self._recipe.dimensions), np.float32)
        batches = (np.stack(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH))
        return np.concatenate([self._embed_batch(batch, mirror=mirror) for batch in batches])

    def _embed_batch(self, batch: NDArray[np.uint8], *, mirror: bool) -> Embeddings:
        pixels = preprocess(batch, self._recipe)
        vectors = _unit(self._client.predict(pixels))
        if not mirror:
            return vectors
        # A face and its mirror image are the same person; what differs is chance.
        return _unit(vectors + _unit(self._client.predict(pixels[:, :, ::-1])))


def preprocess(batch: NDArray[np.uint8], recipe: Recipe) -> NDArray[Any]:
    """(n, side, side, 3) uint8 RGB → what the network is fed: float32 of the same shape, or it is
    left as it is."""
    if recipe.preprocessing == "raw":
        return batch
    if recipe.preprocessing == "deepface":
        return (batch[..., ::-1] / 255).astype(np.float32)
    pixels = batch.astype(np.float32)
    mean = pixels.mean(axis=(1, 2, 3), keepdims=True)
    # The floor keeps a flat crop from becoming infinite; it is the training code's own.
    deviation = pixels.std(axis=(1, 2, 3), keepdims=True)
    floor = 1 / np.sqrt(pixels[0].size)
    return np.asarray((pixels - mean) / np.maximum(deviation, floor), np.float32)


def facenet_client(session: Session, *, home: Path) -> Any:
    """deepface's own client of Facenet, on a session of ours.

    session: of a verified file. home: the folder that deepface calls its home. The client's
    constructor would take every core and download what it misses, so it is not called: it does
    nothing else than open the session.
    """
    os.environ["DEEPFACE_HOME"] = str(home)
    os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
    os.environ.setdefault("DEEPFACE_LOG_LEVEL", "40")  # errors only; it prints to stdout
    from deepface.modules import modeling

    client_class = modeling.get_model_class(task="facial_recognition", model_name="Facenet")
    client = client_class.__new__(client_class)
    client.model_name = "FaceNet-128d"
    client.input_shape = (160, 160)
    client.output_shape = 128
    client.model = session
    return client


def _unit(vectors: NDArray[Any]) -> Embeddings:
    """Rows of any length → rows of length 1."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / norms, np.float32)
