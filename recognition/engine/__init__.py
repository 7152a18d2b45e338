"""Faces in, vectors out. Importing this package loads no image library and no network."""

import os

# onnxruntime's builds send usage data to its makers unless this is set before it loads. A system
# that knows faces calls nobody.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from recognition.engine.engine import Engine
from recognition.engine.errors import (
    FaceRefused,
    ManyFaces,
    NoFace,
    PoorQuality,
    WeightsMissing,
    WeightsUnavailable,
)
from recognition.engine.reasons import Reason
from recognition.engine.recipe import DEFAULT_RECIPE, Recipe
from recognition.engine.types import (
    Box,
    Detection,
    EmbeddedFace,
    Embedding,
    Embeddings,
    Face,
    Pixels,
    Quality,
)

__all__ = [
    "DEFAULT_RECIPE",
    "Box",
    "Detection",
    "EmbeddedFace",
    "Embedding",
    "Embeddings",
    "Engine",
    "Face",
    "FaceRefused",
    "ManyFaces",
    "NoFace",
    "Pixels",
    "PoorQuality",
    "Quality",
    "Reason",
    "Recipe",
    "WeightsMissing",
    "WeightsUnavailable",
]
