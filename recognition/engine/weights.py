"""Which files the networks are, where they lie, and whether they are what was verified."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recognition.engine import recipe as recipes
from recognition.engine.errors import PackageMissing, WeightsMissing
from recognition.engine.recipe import Recipe

WEIGHTS = Path(".deepface/weights")  # where deepface looks, below its home
DEMO = Path("demo")
MANIFEST = Path("manifest.json")

# deepface's name for its FaceNet of 128 dimensions.
FACENET = WEIGHTS / "facenet_weights.onnx"
# The detector as published, for deepface's own client.
CENTERFACE = WEIGHTS / "centerface.onnx"
# The same network with inputs of any size, which onnxruntime asks for.
DETECTOR = Path("centerface_any_size.onnx")

# MediaPipe's mesh of a face, which tells whether a head is lifted.
FACE_MESH = Path("face_landmark.tflite")

# The files as `fetch_models` makes them from the pinned packages, always the same bytes.
PINNED = {
    FACENET: "36a54bd18c6d8e63091a22c835b381b8da67f79e5d9647bc873fd50c78505e0b",
    CENTERFACE: "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    DETECTOR: "7ec7feaae1861ab628d79860fcea587724e5694ac700f3efef7dafa669ba1393",
    FACE_MESH: "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
}

# FaceNet at eight bits, made here from the pinned one, always the same bytes.
FACENET_INT8 = Path("facenet_int8.onnx")
DERIVED = {FACENET_INT8: "7756b93a43148b24a5d98632153b4765730bda2c2dd15c0d2355cb1f4c674501"}

# deepface's anti-spoofing networks, as it publishes them; `fetch_models --pad` brings them.
PAD_NEAR = WEIGHTS / "2.7_80x80_MiniFASNetV2.onnx"
PAD_WIDE = WEIGHTS / "4_0_0_80x80_MiniFASNetV1SE.onnx"
PAD = {
    PAD_NEAR: "64fabc1ef3c745864baa4be2087bacecd6d369f351958e75a6966a8d42999cb1",
    PAD_WIDE: "98b99d6e7270e51abaf28aeb930d960e549b8cfe59a3bc3e2ee2622ae25d6c5c",
}

# Another network and another detector, under the names deepface looks for.
DLIB = WEIGHTS / "dlib_face_recognition_resnet_model_v1.dat"
YUNET = WEIGHTS / "face_detection_yunet_2023mar.onnx"

# What is fetched by itself, by the option of `fetch_models` that brings it. A system may do without
# all but the mesh.
BY_OPTION: Mapping[str, Mapping[Path, str]] = {
    "mesh": {FACE_MESH: PINNED[FACE_MESH]},
    "pad": PAD,
    "dlib": {DLIB: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"},
    "yunet": {YUNET: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"},
}

# The file of each network and detector a recipe may name.
NETWORKS = {recipes.FACENET: FACENET, recipes.EIGHT_BITS: FACENET_INT8, recipes.DLIB: DLIB}
DETECTORS = {recipes.CENTERFACE: DETECTOR, recipes.YUNET: YUNET}


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. Paths are relative to the models folder."""

    verified: list[Path]
    bad: list[Path]

    @property
    def complete(self) -> bool:
        return not self.bad

    @property
    def knows_faces(self) -> bool:
        """Whether faces can be embedded; asking somebody to move takes the mesh, too."""
        return not set(self.bad) - {FACE_MESH}


def check(models_dir: Path) -> Report:
    """Hash every file that should be there: the networks, and what the manifest lists. What is
    derived from them is made again whenever it is needed, so its absence is not bad."""
    return _report(models_dir, {**read_manifest(models_dir), **_acceptable(models_dir)})


def check_option(models_dir: Path, option: str) -> Report:
    """The same of the files of one of BY_OPTION."""
    return _report(models_dir, BY_OPTION[option])


def has_pad(models_dir: Path) -> bool:
    """Whether one of the anti-spoofing networks is there, genuine or not."""
    return any((models_dir / file).exists() for file in PAD)


def _report(models_dir: Path, expected: Mapping[Path, str]) -> Report:
    bad = [path for path, digest in expected.items() if not _is(models_dir / path, digest)]
    return Report([path for path in expected if path not in bad], bad)


def verified(models_dir: Path, file: Path) -> Path:
    """The path of a network whose bytes were checked just now (0.1 s for the largest).

    Raises WeightsMissing when the file is absent or altered.
    """
    path = models_dir / file
    if not _is(path, _expected(models_dir, file)):
        raise _missing(file)
    return path


def require(models_dir: Path, recipe: Recipe) -> None:
    """Raises WeightsMissing unless all is there that a recipe needs. Says it early and cheaply:
    bytes are looked at again only when the file has changed. What is loaded is `verified`."""
    for file in (DETECTORS[recipe.detector], NETWORKS[recipe.network]):
        _require(models_dir, file)
    if recipe.network == recipes.DLIB and find_spec("dlib") is None:
        raise PackageMissing("dlib-bin")


def require_mesh(models_dir: Path) -> None:
    """The same of the mesh, which only liveness needs."""
    _require(models_dir, FACE_MESH)


def _require(models_dir: Path, file: Path) -> None:
    path = models_dir / file
    try:
        seen = path.stat()
    except OSError as error:
        raise _missing(file) from error
    if _sha256_of(path, seen.st_size, seen.st_mtime_ns) != _expected(models_dir, file):
        raise _missing(file)


@lru_cache(maxsize=16)
def _sha256_of(path: Path, _size: int, _modified: int) -> str:
    return sha256(path)


def _expected(models_dir: Path, file: Path) -> str:
    apart = {file: digest for files in BY_OPTION.values() for file, digest in files.items()}
    return {**_acceptable(models_dir), **DERIVED, **apart}[file]


def _missing(file: Path) -> WeightsMissing:
    option = next((f" --{name}" for name, files in BY_OPTION.items() if file in files), "")
    return WeightsMissing(file.name, f"manage.py fetch_models{option}")


def is_derived(models_dir: Path, file: Path) -> bool:
    """Is this file of DERIVED there, and what it should be?"""
    return _is(models_dir / file, DERIVED[file])


def read_manifest(models_dir: Path) -> dict[Path, str]:
    """SHA-256 by relative path, as the last fetch wrote it; empty when there is none."""
    try:
        listed: dict[str, Any] = json.loads((models_dir / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {
        Path(name): str(digest)
        for name, digest in listed.items()
        if not Path(name).is_absolute() and ".." not in Path(name).parts
    }


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _acceptable(models_dir: Path) -> dict[Path, str]:
    """The networks' hashes. deepface's own FaceNet file differs from ours in its bytes; a fetch
    that had to take it, and saw it give the reference embedding, wrote its hash down."""
    own = read_manifest(models_dir).get(FACENET)
    return {**PINNED, FACENET: own} if own else PINNED


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest
