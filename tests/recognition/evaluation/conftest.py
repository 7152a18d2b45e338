"""Photos whose faces are angles, compared by the real command."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from people.vectors import Vector
from recognition.engine import DEFAULT_RECIPE, Box, Face, ManyFaces, NoFace, Pixels
from tests.faces import FakeEngine, photo_of, photo_without_face


class AngleEngine(FakeEngine):
    """Takes the two steps of the engine apart, as measurements do."""

    makes = DEFAULT_RECIPE.to_json()

    def faces(self, photo: Pixels) -> list[Face]:
        try:
            found = self.probe(photo)
        except NoFace:
            return []
        except ManyFaces:  # two as large, which can be compared and not enrolled
            (one,) = self.faces(np.full_like(photo, (90, 0, 100)))
            return [one, replace(one, box=Box(200, 200, one.box.side, one.box.side))]
        angle = np.degrees(np.arctan2(found.embedding[1], found.embedding[0]))
        return [replace(found.face, landmarks=np.full((5, 2), angle, np.float32))]

    def embed(self, faces: Sequence[Face], *, enrolled: bool = False) -> Vector:
        """Enrolled faces are five degrees on, so that a test sees which of the two was taken."""
        vectors = np.zeros((len(faces), 128), np.float32)
        for vector, face in zip(vectors, faces, strict=True):
            angle = np.radians(face.landmarks[0, 0] + (5 if enrolled else 0))
            vector[:2] = np.cos(angle), np.sin(angle)
        return vectors


@pytest.fixture
def angles(monkeypatch: pytest.MonkeyPatch) -> AngleEngine:
    engine = AngleEngine()
    monkeypatch.setattr(
        "recognition.management.commands.evaluate.engine_for", lambda _model: engine
    )
    return engine


@pytest.fixture(autouse=True)
def cache_of_its_own(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Ten people, 18° apart, with three photos each a degree apart; the last of Zoe has no face."""
    folder = tmp_path / "images"
    for index, name in enumerate([*(f"P{number}" for number in range(9)), "Zoe"]):
        for number in (1, 2, 3):
            blank = name == "Zoe" and number == 3
            angle = 18 * index + number
            draw(folder, name, number, None if blank else angle)
    return folder


def draw(folder: Path, name: str, number: int, angle: float | None) -> None:
    path = folder / name / f"{name}_{number:04d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = photo_without_face(variant=number) if angle is None else photo_of(angle, variant=number)
    path.write_bytes(data)
