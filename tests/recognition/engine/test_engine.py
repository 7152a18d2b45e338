import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition.engine import (
    DEFAULT_RECIPE,
    EmbeddedFace,
    Engine,
    Face,
    FaceRefused,
    ManyFaces,
    NoFace,
    Pixels,
    PoorQuality,
    Recipe,
    WeightsMissing,
)
from recognition.engine.engine import CALLS_AT_ONCE
from recognition.engine.limits import PROBE, choose
from recognition.heads import Head, HeadedEngine
from tests.recognition.engine.conftest import beside, shrunk

BLANK: Pixels = np.full((300, 400, 3), 128, np.uint8)


def embedding_of(outcome: EmbeddedFace | FaceRefused) -> np.ndarray:
    assert isinstance(outcome, EmbeddedFace), outcome
    return outcome.embedding


def test_few_photos_are_looked_at_at_once(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, most = 0, 0

    class Slow:
        def faces(self, _photo: Pixels) -> list[Face]:
            nonlocal looking, most
            looking += 1
            most = max(most, looking)
            time.sleep(0.02)
            looking -= 1
            return []

    engine = Engine(models_dir=models_dir)
    monkeypatch.setattr(engine, "_loaded", Slow)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(engine.faces, [BLANK] * 32))
    assert most == CALLS_AT_ONCE


def test_two_photos_of_one_person_are_near_and_of_two_people_are_far(
    engine: Engine, models_dir: Path
) -> None:
    from people.images import decode

    def vectors(name: str) -> list[np.ndarray]:
        photos = sorted((models_dir / "demo" / "val" / name).glob("*"))[:3]
        return [engine.probe(decode(photo.read_bytes()).pixels).embedding for photo in photos]

    mindy, jerry = vectors("Mindy_Kaling"), vectors("Jerry_Seinfeld")
    same = [np.linalg.norm(mindy[0] - other) for other in mindy[1:]]
    different = [np.linalg.norm(a - b) for a in mindy for b in jerry]
    assert max(same) < DEFAULT_RECIPE.bounds.verify < min(different)


def test_an_embedding_has_128_dimensions_and_unit_length(engine: Engine, portrait: Pixels) -> None:
    for vector in (engine.probe(portrait).embedding, embedding_of(engine.enrol([portrait])[0])):
        assert vector.shape == (128,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_no_faces_give_no_embeddings(engine: Engine) -> None:
    assert engine.embed([]).shape == (0, 128)
    assert engine.enrol([]) == []


def test_a_batch_embeds_as_single_photos_do(engine: Engine, demo_photos: list[Pixels]) -> None:
    photos = demo_photos * 4  # more than one batch
    batch = np.stack([embedding_of(outcome) for outcome in engine.enrol(photos)])
    single = np.stack([embedding_of(engine.enrol([photo])[0]) for photo in demo_photos])
    assert (np.sum(batch * np.tile(single, (4, 1)), axis=1) >= 0.9999).all()


def test_a_bad_photo_never_spoils_another(engine: Engine, demo_photos: list[Pixels]) -> None:
    alone = engine.enrol(demo_photos[:2])
    first, bad, second = engine.enrol([demo_photos[0], BLANK, demo_photos[1]])
    assert isinstance(bad, NoFace)
    for outcome, expected in ((first, alone[0]), (second, alone[1])):
        np.testing.assert_allclose(embedding_of(outcome), embedding_of(expected), atol=1e-5)


def test_a_photo_without_a_face_is_refused(engine: Engine) -> None:
    with pytest.raises(NoFace) as refusal:
        engine.probe(BLANK)
    assert refusal.value.code == "no_face"


def test_two_people_equally_large_are_refused(engine: Engine, portrait: Pixels) -> None:
    both = beside(portrait, portrait[:, ::-1])
    with pytest.raises(ManyFaces):
        engine.probe(both)
    assert isinstance(engine.enrol([both])[0], ManyFaces)


def test_a_small_face_in_the_background_is_overlooked(engine: Engine, portrait: Pixels) -> None:
    scene = beside(portrait, shrunk(portrait, 3))
    assert len(engine.faces(scene)) == 2
    near = embedding_of(engine.enrol([scene])[0]) @ embedding_of(engine.enrol([portrait])[0])
    assert near > 0.95
    assert engine.probe(scene).embedding @ engine.probe(portrait).embedding > 0.95


def test_a_face_neither_near_nor_far_is_refused_only_at_enrolment(
    engine: Engine, portrait: Pixels
) -> None:
    from PIL import Image

    smaller = Image.fromarray(portrait).resize(
        (int(portrait.shape[1] * 0.75), int(portrait.shape[0] * 0.75))
    )
    scene = beside(portrait, np.asarray(smaller))
    assert isinstance(engine.enrol([scene])[0], ManyFaces)
    engine.probe(scene)


def test_eight_threads_get_the_same_answers(models_dir: Path, demo_photos: list[Pixels]) -> None:
    fresh = Engine(models_dir=models_dir, threads=1)  # loading at once is part of it
    with ThreadPoolExecutor(8) as pool:
        faces = list(pool.map(fresh.probe, demo_photos * 4))
    for face, photo in zip(faces, demo_photos * 4, strict=True):
        np.testing.assert_allclose(face.embedding, fresh.probe(photo).embedding, atol=1e-5)


def test_the_networks_load_once_and_again_after_a_fork(models_dir: Path, portrait: Pixels) -> None:
    engine = Engine(models_dir=models_dir, threads=2)
    expected = engine.probe(portrait).embedding
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, engine.probe(portrait).embedding.tobytes())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        received = np.frombuffer(answer.read(), np.float32)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_allclose(received, expected, atol=1e-5)


def test_importing_the_engine_loads_no_image_library() -> None:
    code = (
        "import sys, recognition.engine;"
        "print({'cv2', 'onnxruntime', 'openvino', 'deepface', 'onnx', 'h5py'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr


def test_missing_networks_name_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"manage\.py fetch_models"):
        Engine(models_dir=tmp_path).probe(BLANK)


def test_vectors_of_another_precision_are_kept_apart(tmp_path: Path) -> None:
    """Else a calibration at bf16 would rest on vectors that were kept at fp32."""
    exact, less = Engine(models_dir=tmp_path), Engine(models_dir=tmp_path, precision="bf16")
    head = Head(np.eye(2, 128, dtype=np.float32), "0" * 64)
    made = {one.makes for one in (exact, less, HeadedEngine(exact, head), HeadedEngine(less, head))}
    assert len(made) == 4


def test_a_recipe_survives_json() -> None:
    assert Recipe.from_json(DEFAULT_RECIPE.to_json()) == DEFAULT_RECIPE


@pytest.mark.parametrize(
    "recipe",
    [
        replace(DEFAULT_RECIPE, align="none"),
        replace(DEFAULT_RECIPE, align="rotate"),
        replace(DEFAULT_RECIPE, align="landmarks"),
    ],
    ids=["none", "rotate", "landmarks"],
)
def test_every_alignment_knows_a_person_again(
    models_dir: Path, portrait: Pixels, recipe: Recipe
) -> None:
    other = Engine(models_dir=models_dir, recipe=recipe)
    default = Engine(models_dir=models_dir)
    assert other.probe(portrait).embedding @ default.probe(portrait).embedding > 0.7


def test_a_tiny_photo_is_refused_not_an_error(engine: Engine) -> None:
    with pytest.raises(FaceRefused):
        engine.probe(np.zeros((1, 1, 3), np.uint8))


def test_refusals_are_poor_quality_with_a_sentence(engine: Engine, portrait: Pixels) -> None:
    with pytest.raises(PoorQuality) as refusal:
        engine.probe((portrait * 0.05).astype(np.uint8))
    assert refusal.value.code == "too_dark"
    assert refusal.value.message.startswith("The face is too dark.")


def test_a_refusal_says_which_face_cannot_be_used(engine: Engine, portrait: Pixels) -> None:
    dark = (portrait * 0.05).astype(np.uint8)
    (face,) = engine.faces(dark)
    with pytest.raises(PoorQuality) as refusal:
        engine.probe(dark)
    (among_all,) = engine.probe_all(dark)
    (at_enrolment,) = engine.enrol([dark])
    for refused in (refusal.value, among_all, at_enrolment):
        assert isinstance(refused, PoorQuality)
        assert refused.face is not None
        assert (refused.face.box, refused.face.quality) == (face.box, face.quality)


def test_a_face_that_is_hardly_one_is_named_in_its_refusal(
    engine: Engine, portrait: Pixels
) -> None:
    (face,) = engine.faces(portrait)
    unclear = replace(face, confidence=0.1)
    with pytest.raises(PoorQuality) as refusal:
        choose([unclear], PROBE)
    assert (refusal.value.code, refusal.value.face) == ("low_confidence", unclear)
