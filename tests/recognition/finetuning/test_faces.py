"""On the real networks: a face's vector is the base network's, then the head's."""

from __future__ import annotations

import numpy as np
import pytest
from django.conf import settings

from people.images import decode
from people.models import EmbeddingModel
from recognition import heads
from recognition.engine import weights
from recognition.reembedding.catalogue import add_recipe
from recognition.runtime import engine_for


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
