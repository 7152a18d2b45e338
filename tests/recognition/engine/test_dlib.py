"""dlib's network: as deepface runs it, cut out as dlib does, and its distances are its own."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from people.images import decode
from people.vectors import template_of
from recognition.engine import DEFAULT_RECIPE, Engine, Face, Pixels, WeightsMissing
from recognition.engine.align import crop
from recognition.engine.recipe import DLIB
from recognition.engine.types import Box, Detection

RECIPE = replace(DEFAULT_RECIPE, network=DLIB, preprocessing="raw")


@pytest.fixture(scope="module")
def dlib(with_dlib: Path) -> Engine:
    return Engine(models_dir=with_dlib, recipe=RECIPE)


@pytest.fixture(scope="module")
def by_person(dlib: Engine, with_dlib: Path) -> list[list[Face]]:
    """Three faces of each demo person."""
    people = sorted((with_dlib / "demo" / "val").iterdir())
    return [
        [dlib.faces(decode(photo.read_bytes()).pixels)[0] for photo in sorted(who.glob("*"))[:3]]
        for who in people
    ]


def test_an_embedding_has_128_dimensions_and_unit_length(
    dlib: Engine, by_person: list[list[Face]]
) -> None:
    for enrolled in (False, True):
        vectors = dlib.embed(by_person[0], enrolled=enrolled)
        assert vectors.shape == (3, 128)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert dlib.embed([]).shape == (0, 128)
    assert by_person[0][0].crop.shape == (150, 150, 3)


def test_a_vector_is_what_deepface_gives_for_the_same_crop(
    dlib: Engine, by_person: list[list[Face]], with_dlib: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", str(with_dlib))
    from deepface.models.facial_recognition.dlib.Dlib import DlibClient

    theirs = DlibClient()
    for face, *_ in by_person:
        vector = np.array(theirs.forward(face.crop[:, :, ::-1] / 255))  # BGR in 0…1, as it is fed
        # Its pixels come back from 0…1 one lower here and there.
        assert np.linalg.norm(vector / np.linalg.norm(vector) - dlib.embed([face])[0]) < 0.05


def test_people_are_told_apart_at_its_own_bounds_and_not_at_facenets(
    dlib: Engine, by_person: list[list[Face]]
) -> None:
    templates = [template_of(dlib.embed(faces[:2], enrolled=True)) for faces in by_person]
    probes = dlib.embed([faces[2] for faces in by_person])
    distances = np.linalg.norm(probes[:, None] - np.stack(templates)[None], axis=2)
    same = np.eye(len(by_person), dtype=bool)
    assert distances[same].max() < RECIPE.bounds.verify < distances[~same].min()
    # At those everybody would be everybody.
    assert distances[~same].max() < DEFAULT_RECIPE.bounds.recognize


def test_a_face_is_cut_out_where_dlib_would(with_dlib: Path) -> None:
    import dlib as package

    eyes = np.array([[400, 300], [480, 315]])  # inner and outer corners beside them
    along = (eyes[1] - eyes[0]) * 0.2
    nose = eyes.mean(axis=0) + np.array([-along[1], along[0]]) * 3.9  # below the tip
    corners = [eyes[1] + along, eyes[1] - along, eyes[0] - along, eyes[0] + along, nose]
    chip = package.get_face_chip_details(
        package.full_object_detection(
            package.rectangle(350, 200, 550, 450),
            package.points([package.point(*map(round, corner)) for corner in corners]),
        ),
        150,
        0.25,
    )
    assert (chip.rows, chip.cols) == (150, 150)
    # A photo that tells by its colours where a pixel is of.
    rows, columns = np.mgrid[0:500, 0:600]
    photo = np.stack([columns // 3, rows // 3, 0 * rows], axis=-1).astype(np.uint8)
    ours = crop(photo, Detection(Box(0, 0, 1, 1), _landmarks(eyes), 1.0), RECIPE)
    theirs = package.extract_image_chip(photo, chip)
    inside = np.abs(ours[10:140, 10:140].astype(int) - theirs[10:140, 10:140].astype(int))
    assert inside.max() <= 3  # of three pixels each: a twentieth of the distance between the eyes


def _landmarks(eyes: np.ndarray) -> np.ndarray:
    """Of a face whose eyes are there, as the mean face has them."""
    x, y = eyes[1] - eyes[0]
    turn = np.array([[x, -y], [y, x]]) / 53.0
    mean = np.array([[0, 0], [53, 0], [26.5, 30], [2.9, 56.4], [50.1, 56.4]])
    return np.asarray(eyes[0] + mean @ turn.T, np.float32)


def test_many_threads_get_what_one_gets(dlib: Engine, by_person: list[list[Face]]) -> None:
    faces = [face for person in by_person for face in person][:8]
    alone = [dlib.embed([face])[0] for face in faces]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda face: dlib.embed([face])[0], faces))
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(dlib.embed(faces), alone)


def test_runtime_and_precision_are_of_other_networks(
    dlib: Engine, by_person: list[list[Face]], with_dlib: Path
) -> None:
    other = Engine(models_dir=with_dlib, recipe=RECIPE, runtime="onnxruntime", precision="bf16")
    np.testing.assert_array_equal(other.embed(by_person[0]), dlib.embed(by_person[0]))


def test_whoever_does_not_use_it_does_not_load_it(with_dlib: Path, portrait: Pixels) -> None:
    code = (
        "import sys; from pathlib import Path; from recognition.engine import Engine\n"
        f"Engine(models_dir=Path({str(with_dlib)!r})).load()\n"
        "assert not [name for name in sys.modules if 'dlib' in name and 'recognition' not in name]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_package_there_is_one_clear_sentence(
    with_dlib: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(WeightsMissing, match="dlib-bin is not installed"):
        Engine(models_dir=with_dlib, recipe=RECIPE).load()
