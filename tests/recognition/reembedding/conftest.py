"""Two models whose fake engines see the same faces from two sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from people.models import EmbeddingModel
from recognition.engine import EmbeddedFace, FaceRefused, NoFace, Pixels
from recognition.models import ReembeddingRun
from recognition.reembedding import catalogue, runs
from tests.faces import FakeEngine


class OtherEngine(FakeEngine):
    """Its vectors point along other axes than the first engine's, and it can be made blind."""

    def __init__(self) -> None:
        super().__init__()
        self.blind_to: set[int] = set()  # angles
        self.fails: Exception | None = None

    def enrol(self, photos: Sequence[Pixels]) -> list[EmbeddedFace | FaceRefused]:
        if self.fails is not None:
            raise self.fails
        return super().enrol(photos)

    def probe(self, photo: Pixels) -> EmbeddedFace:
        if round(photo[..., 0].mean()) in self.blind_to:
            raise NoFace
        found = super().probe(photo)
        return EmbeddedFace(found.face, np.roll(found.embedding, 60))


@pytest.fixture
def other_engine(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> OtherEngine:
    other = OtherEngine()

    def engine_for(model: EmbeddingModel) -> FakeEngine:
        return other if model.name == "other" else fake_engine

    for module in ("recognition.enrolment", "recognition.services", "recognition.runtime"):
        monkeypatch.setattr(f"{module}.engine_for", engine_for)
    return other


@pytest.fixture
def other(model: EmbeddingModel, other_engine: OtherEngine) -> EmbeddingModel:
    """A model beside the active one, calibrated, with the same thresholds."""
    other = catalogue.add_model(name="other", changes={"margin": -0.1})
    other.calibration = model.calibration
    other.recognize_threshold = model.recognize_threshold
    other.save()
    return other


def work_off(run: ReembeddingRun) -> None:
    """What workers do, until nothing is left."""
    for _ in range(1000):
        run.refresh_from_db()
        if run.state != ReembeddingRun.State.RUNNING:
            return
        if not runs.work_one(run.pk):
            before = run.state
            run.refresh_from_db()
            if run.state == before and not run.chunks.exists():
                raise AssertionError(f"the run does not end: {run.error}")
    raise AssertionError("the run does not end")


def build(model: EmbeddingModel) -> EmbeddingModel:
    """All photos embedded under it; ready to be activated."""
    work_off(runs.start(model=model))
    model.refresh_from_db()
    return model
