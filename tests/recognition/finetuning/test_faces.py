"""A face's vector under a tuned model is the base network's, then the head's."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from people.images import decode
from people.models import EmbeddingModel
from recognition import heads
from recognition.calibration.service import embedder
from recognition.engine import DEFAULT_RECIPE, weights
from recognition.evaluation.photo_sets import PROBE, VectorCache
from recognition.reembedding.catalogue import add_recipe
from recognition.runtime import engine_for
from tests.faces import FakeEngine


@pytest.mark.usefixtures("db")
def test_a_probe_goes_through_the_network_and_then_the_head() -> None:
    if not weights.check(settings.MODELS_DIR).complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    base = EmbeddingModel.objects.current()
    matrix = np.eye(128, dtype=np.float32) + 0.1 * np.eye(128, k=3, dtype=np.float32)
    recipe = heads.recipe_of(base=base, head=heads.store(matrix, facts={}))
    headed = add_recipe(name="headed", recipe=recipe)
    photo = sorted((settings.MODELS_DIR / "demo" / "val").glob("*/*"))[2]
    pixels = decode(photo.read_bytes()).pixels
    plain = engine_for(base).probe(pixels).embedding
    found = engine_for(headed).probe(pixels).embedding
    expected = matrix @ plain
    assert found == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)
    assert np.linalg.norm(found - plain) > 0.01


@pytest.mark.usefixtures("db")
def test_photos_embedded_under_the_base_are_not_embedded_again(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A calibration of the tuned model takes the vectors the base's calibration has kept."""
    base = EmbeddingModel.objects.current()
    matrix = np.eye(128, dtype=np.float32)[::-1]
    recipe = heads.recipe_of(base=base, head=heads.store(matrix, facts={}))
    headed = add_recipe(name="headed", recipe=recipe)
    row = np.eye(1, 128, 3, dtype=np.float32)
    fake_engine.makes = DEFAULT_RECIPE.to_json()  # type: ignore[attr-defined]
    monkeypatch.setattr("recognition.calibration.service.engine_for", lambda _model: fake_engine)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"some bytes")
    kept = VectorCache(tmp_path / "cache", DEFAULT_RECIPE.to_json())
    kept.put(hashlib.sha256(b"some bytes").hexdigest(), PROBE, row)
    found = embedder(headed, tmp_path / "cache").vectors_of(photo, [PROBE])
    assert np.array_equal(found, row[:, ::-1])
    assert fake_engine.embedded == 0
