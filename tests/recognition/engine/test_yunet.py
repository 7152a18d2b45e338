"""YuNet: the same faces and landmarks as CenterFace, by another network."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from recognition.engine import DEFAULT_RECIPE, Engine, Pixels
from tests.recognition.engine.conftest import beside


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


def test_a_face_that_fills_a_large_photo_is_found(yunet: Engine, demo_photos: list[Pixels]) -> None:
    for photo in demo_photos:
        box = yunet.faces(photo)[0].box
        top, left = int(box.y), int(box.x)
        face = photo[top : round(box.y + box.height), left : round(box.x + box.width)]
        filled = large(face, 1600 // max(face.shape[:2]))
        assert yunet.faces(filled)[0].box.area > 0.5 * filled.shape[0] * filled.shape[1]


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
