"""FaceNet at eight bits: the same people, in vectors of its own."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition.engine import DEFAULT_RECIPE, Engine, Pixels, weights
from recognition.engine.embedder import preprocess
from recognition.engine.quantize import RANGES, measured_ranges
from recognition.engine.recipe import EIGHT_BITS


@pytest.fixture(scope="module")
def eight_bits(
    models_dir: Path, eight_bits_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Engine:
    folder = tmp_path_factory.mktemp("models")
    for file in (weights.DETECTOR, weights.FACENET):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).symlink_to(models_dir / file)
    (folder / weights.FACENET_INT8).symlink_to(eight_bits_file)
    assert weights.is_derived(folder, weights.FACENET_INT8), "other bytes than those pinned"
    return Engine(models_dir=folder, recipe=replace(DEFAULT_RECIPE, network=EIGHT_BITS))


def test_vectors_at_eight_bits_are_near_the_exact_ones_but_not_the_same(
    eight_bits: Engine, engine: Engine, demo_photos: list[Pixels]
) -> None:
    for photo in demo_photos:
        cosine = float(eight_bits.probe(photo).embedding @ engine.probe(photo).embedding)
        assert 0.97 < cosine < 0.9999


def test_eight_bits_know_everybody_from_everybody_else(
    eight_bits: Engine, demo_photos: list[Pixels]
) -> None:
    faces = [eight_bits.probe(photo).face for photo in demo_photos]
    plain, enrolled = eight_bits.embed(faces), eight_bits.embed(faces, enrolled=True)
    cosines = enrolled @ plain.T
    assert cosines.diagonal().min() > 0.9
    assert cosines[~np.eye(len(faces), dtype=bool)].max() < 0.5


def test_eight_bits_give_the_same_vector_again(eight_bits: Engine, portrait: Pixels) -> None:
    first, second = (eight_bits.probe(portrait).embedding for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_stored_ranges_hold_what_flows_on_other_photos(
    engine: Engine, models_dir: Path, demo_photos: list[Pixels]
) -> None:
    crops = np.stack([engine.probe(photo).face.crop for photo in demo_photos])
    found = measured_ranges(models_dir / weights.FACENET, [preprocess(crops, DEFAULT_RECIPE)])
    stored = json.loads(RANGES.read_text())
    assert found.keys() == stored.keys()
    highest = np.array([(found[name][1], stored[name][1]) for name in stored])
    ratios = highest[:, 0] / highest[:, 1]
    # Few of five faces reach what was the most of 47; none goes far beyond.
    assert 0.5 < np.median(ratios) <= 1.05
    assert ratios.max() < 1.6
