"""Vectors computed from other vectors: no photo is read, and the answers are the head's."""

from __future__ import annotations

import numpy as np
import pytest

from people.images import decode
from people.models import EmbeddingModel, FaceEmbedding, Template
from recognition import heads, services
from recognition.engine import DEFAULT_RECIPE
from recognition.models import AttemptSource, ProjectionHead
from recognition.reembedding import sources, switching
from tests.faces import FakeEngine, photo_of
from tests.fixtures import Enrol
from tests.recognition.reembedding.conftest import build


@pytest.fixture
def headed(model: EmbeddingModel) -> EmbeddingModel:
    """A model whose head keeps the first 16 of 128 numbers, and turns them round."""
    weights = np.eye(16, 128, dtype=np.float32)[::-1]
    recipe = heads.recipe_of(base=model, head=heads.store(weights, facts={"made": "by hand"}))
    return EmbeddingModel.objects.create(
        name="headed",
        recipe=recipe,
        dimensions=16,
        calibration=model.calibration,
        recognize_threshold=model.recognize_threshold,
        verify_threshold=model.verify_threshold,
        outlier_threshold=model.outlier_threshold,
    )


def test_a_head_embeds_everybody_without_a_photo(
    enrol: Enrol, headed: EmbeddingModel, fake_engine: FakeEngine
) -> None:
    people = [enrol(f"P{angle}", angle, angle + 1) for angle in (0, 60, 120)]
    embedded = fake_engine.embedded
    build(headed)
    assert fake_engine.embedded == embedded
    assert FaceEmbedding.objects.of(headed).count() == 6
    template = Template.objects.of(headed).get(person=people[0])
    assert template.vector.shape == (16,)
    assert template.vector[15] == pytest.approx(1.0, abs=1e-3)


def test_what_the_base_could_not_embed_is_listed(
    enrol: Enrol, headed: EmbeddingModel, model: EmbeddingModel
) -> None:
    enrol("Ann", 0, 1)
    embedding = FaceEmbedding.objects.of(model).first()
    assert embedding is not None
    embedding.delete()
    build(headed)
    failure = headed.failures.get()
    assert (failure.image_id, failure.code) == (embedding.image_id, "no_vector")


def test_a_probe_is_answered_through_the_head(
    enrol: Enrol, headed: EmbeddingModel, monkeypatch: pytest.MonkeyPatch, fake_engine: FakeEngine
) -> None:
    enrol("Ann", 10)
    switching.activate(model=build(headed))
    head = heads.head_of(headed.recipe)
    monkeypatch.setattr(fake_engine, "recipe", DEFAULT_RECIPE, raising=False)
    engine = heads.HeadedEngine(fake_engine, head)  # type: ignore[arg-type]
    monkeypatch.setattr(services, "engine_for", lambda _model: engine)
    result = services.recognize(probe=[decode(photo_of(12)).pixels], source=AttemptSource.COMMAND)
    assert (result.message, result.model) == ("Hi! Welcome Ann", "headed v1")


def test_an_altered_head_is_never_used(headed: EmbeddingModel) -> None:
    heads._load.cache_clear()
    weights = bytearray(ProjectionHead.objects.get().weights)
    weights[3] ^= 1
    ProjectionHead.objects.update(weights=bytes(weights))
    with pytest.raises(heads.HeadMissing):
        heads.head_of(headed.recipe)


def test_the_same_head_is_kept_once(db: None) -> None:
    weights = np.eye(4, 8, dtype=np.float32)
    assert heads.store(weights, facts={}) == heads.store(weights, facts={})


def test_a_head_is_a_finite_matrix(db: None) -> None:
    for weights in (np.ones(3, np.float32), np.full((2, 2), np.nan, np.float32)):
        with pytest.raises(ValueError, match="matrix"):
            heads.store(weights, facts={})


def test_a_retired_base_means_reading_the_photos(
    headed: EmbeddingModel, model: EmbeddingModel
) -> None:
    assert sources.size_for(headed) == sources.VECTORS_AT_ONCE
    EmbeddingModel.objects.filter(pk=model.pk).update(state="retired")
    EmbeddingModel.objects.filter(pk=headed.pk).update(state="active")
    assert sources.size_for(headed) == sources.PHOTOS_AT_ONCE


def test_people_stay_who_they_are_under_a_rotation(enrol: Enrol, model: EmbeddingModel) -> None:
    """A head that only turns keeps every distance."""
    ann = enrol("Ann", 10, 30)
    rng = np.random.default_rng(0)
    turn, _r = np.linalg.qr(rng.normal(size=(128, 128)))
    recipe = heads.recipe_of(base=model, head=heads.store(turn.astype(np.float32), facts={}))
    turned = EmbeddingModel.objects.create(
        name="turned", recipe=recipe, dimensions=128, recognize_threshold=0.5,
        verify_threshold=1, outlier_threshold=1.2,
    )  # fmt: skip
    build(turned)
    before, after = (Template.objects.of(m).get(person=ann).vector for m in (model, turned))
    assert after == pytest.approx(turn.astype(np.float32) @ before, abs=1e-5)
