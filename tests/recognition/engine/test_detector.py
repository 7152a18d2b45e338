from dataclasses import astuple
from pathlib import Path

import numpy as np

from recognition.engine import Box, Engine, Pixels
from recognition.engine.plain_deepface import PlainDeepFace
from tests.recognition.engine.conftest import shrunk


def test_boxes_agree_with_deepface_where_it_finds_one(
    engine: Engine, models_dir: Path, lfw_people: list[Pixels], demo_photos: list[Pixels]
) -> None:
    deepface = PlainDeepFace(models_dir)
    overlaps = []
    for photo in [*lfw_people, *demo_photos]:
        theirs = max(deepface.boxes(photo), key=lambda box: box.area, default=None)
        if theirs is not None:
            overlaps.append(max((face.box.iou(theirs) for face in engine.faces(photo)), default=0))
    assert len(overlaps) >= 20
    # Their boxes are cut to whole pixels.
    assert min(overlaps) > 0.9
    assert np.median(overlaps) > 0.95


def test_a_large_photo_is_searched_small_with_the_same_result(
    any_detector: Engine, portrait: Pixels
) -> None:
    times = 2000 // max(portrait.shape[:2])
    large = portrait.repeat(times, axis=0).repeat(times, axis=1)
    box, large_box = any_detector.faces(portrait)[0].box, any_detector.faces(large)[0].box
    scaled = Box(*(side / times for side in astuple(large_box)))
    assert scaled.iou(box) > 0.8


def test_a_face_too_small_for_the_first_look_is_found_in_the_second(
    any_detector: Engine, portrait: Pixels
) -> None:
    face = any_detector.faces(portrait)[0]
    small = shrunk(portrait, max(1, round(face.box.width / 24)))
    wall = np.full((1080, 1920, 3), 100, np.uint8)
    wall[200 : 200 + small.shape[0], 900 : 900 + small.shape[1]] = small
    found = any_detector.faces(wall)
    assert len(found) == 1
    assert 15 < found[0].quality.size < 40


def test_landmarks_lie_in_order(any_detector: Engine, demo_photos: list[Pixels]) -> None:
    for photo in demo_photos:
        left, right, nose, mouth_left, mouth_right = any_detector.faces(photo)[0].landmarks
        assert left[0] < right[0]
        assert mouth_left[0] < mouth_right[0]
        assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


def test_boxes_lie_inside_the_photo(any_detector: Engine, portrait: Pixels) -> None:
    face = any_detector.faces(portrait)[0]
    middle = int(face.box.y + face.box.height / 2)
    for cut in (portrait[middle - 20 :], portrait[:, int(face.box.centre[0]) - 20 :]):
        for found in any_detector.faces(np.ascontiguousarray(cut)):
            box = found.box
            assert box.x >= 0
            assert box.y >= 0
            assert box.x + box.width <= cut.shape[1] + 1e-3
            assert box.y + box.height <= cut.shape[0] + 1e-3
