"""YuNet: the same faces and landmarks as CenterFace, by another network."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.engine import DEFAULT_RECIPE, Box, Engine, Pixels
from recognition.engine.recipe import YUNET
from tests.recognition.engine.conftest import beside, shrunk

RECIPE = replace(DEFAULT_RECIPE, detector=YUNET)


@pytest.fixture(scope="module")
def yunet(with_yunet: Path) -> Engine:
    return Engine(models_dir=with_yunet, recipe=RECIPE)


def large(photo: Pixels, times: int) -> Pixels:
    return photo.repeat(times, axis=0).repeat(times, axis=1)


def test_it_finds_the_faces_that_centerface_finds(
    yunet: Engine, engine: Engine, lfw_people: list[Pixels], demo_photos: list[Pixels]
) -> None:
    overlaps, apart = [], []
    for photo in [*lfw_people, *demo_photos]:
        main = engine.faces(photo)[0]
        found = max(yunet.faces(photo), key=lambda face: face.box.iou(main.box))
        overlaps.append(found.box.iou(main.box))
        away = np.linalg.norm(found.landmarks - main.landmarks, axis=1)
        apart.append(away.mean() / np.linalg.norm(main.landmarks[1] - main.landmarks[0]))
    assert min(overlaps) > 0.6
    assert np.median(overlaps) > 0.8
    assert np.median(apart) < 0.1  # of the distance between the eyes


def test_landmarks_lie_in_order(yunet: Engine, demo_photos: list[Pixels]) -> None:
    for photo in demo_photos:
        left, right, nose, mouth_left, mouth_right = yunet.faces(photo)[0].landmarks
        assert left[0] < right[0]
        assert mouth_left[0] < mouth_right[0]
        assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


@pytest.mark.parametrize("degrees", [-30, -15, 15, 30])
def test_landmarks_follow_a_head_that_tilts(
    yunet: Engine, demo_photos: list[Pixels], degrees: float
) -> None:
    for photo in demo_photos:
        upright, tilted = yunet.faces(photo)[0], yunet.faces(turned(photo, degrees))[0]
        seen = tilted.quality.roll - upright.quality.roll
        assert seen == pytest.approx(degrees, abs=6)
        away = np.linalg.norm(yunet.embed([tilted])[0] - yunet.embed([upright])[0])
        assert away < DEFAULT_RECIPE.bounds.verify / 2


def turned(photo: Pixels, degrees: float) -> Pixels:
    """Clockwise about its middle; what was outside is grey."""
    image = Image.fromarray(photo).rotate(
        -degrees, Image.Resampling.BICUBIC, fillcolor=(99, 99, 99)
    )
    return np.asarray(image)


def test_vectors_are_near_those_of_a_face_that_centerface_found(
    yunet: Engine, engine: Engine, demo_photos: list[Pixels]
) -> None:
    for photo in demo_photos:
        away = np.linalg.norm(yunet.probe(photo).embedding - engine.probe(photo).embedding)
        assert 0 < away < DEFAULT_RECIPE.bounds.verify


def test_a_large_photo_is_searched_small_with_the_same_result(
    yunet: Engine, portrait: Pixels
) -> None:
    times = 2000 // max(portrait.shape[:2])
    box, large_box = yunet.faces(portrait)[0].box, yunet.faces(large(portrait, times))[0].box
    assert Box(*(side / times for side in astuple(large_box))).iou(box) > 0.8


def test_a_face_too_small_for_the_first_look_is_found_in_the_second(
    yunet: Engine, portrait: Pixels
) -> None:
    face = yunet.faces(portrait)[0]
    small = shrunk(portrait, max(1, round(face.box.width / 24)))
    wall = np.full((1080, 1920, 3), 100, np.uint8)
    wall[200 : 200 + small.shape[0], 900 : 900 + small.shape[1]] = small
    found = yunet.faces(wall)
    assert len(found) == 1
    assert 15 < found[0].quality.size < 40


def test_a_face_that_fills_a_large_photo_is_found(yunet: Engine, demo_photos: list[Pixels]) -> None:
    for photo in demo_photos:
        box = yunet.faces(photo)[0].box
        top, left = int(box.y), int(box.x)
        face = photo[top : round(box.y + box.height), left : round(box.x + box.width)]
        filled = large(face, 1600 // max(face.shape[:2]))
        assert yunet.faces(filled)[0].box.area > 0.5 * filled.shape[0] * filled.shape[1]


def test_boxes_lie_inside_the_photo(yunet: Engine, portrait: Pixels) -> None:
    face = yunet.faces(portrait)[0]
    middle = int(face.box.y + face.box.height / 2)
    for cut in (portrait[middle - 20 :], portrait[:, int(face.box.centre[0]) - 20 :]):
        for found in yunet.faces(np.ascontiguousarray(cut)):
            assert found.box.x >= 0
            assert found.box.y >= 0
            assert found.box.x + found.box.width <= cut.shape[1] + 1e-3
            assert found.box.y + found.box.height <= cut.shape[0] + 1e-3


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (31, 33), (1, 3000), (3000, 3)])
def test_a_picture_of_any_size_may_have_no_face(yunet: Engine, size: tuple[int, int]) -> None:
    assert yunet.faces(np.zeros((*size, 3), np.uint8)) == []


def test_it_finds_the_same_whatever_was_looked_at_before_and_in_many_threads(
    yunet: Engine, demo_photos: list[Pixels]
) -> None:
    photos = [*demo_photos, beside(*demo_photos)]

    def seen(photo: Pixels) -> list[bytes]:
        return [face.landmarks.tobytes() for face in yunet.faces(photo)]

    alone = [seen(photo) for photo in photos]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(seen, photos * 5)) == alone * 5
