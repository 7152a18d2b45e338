"""The real networks: pictures and recordings are refused, a head that turns is not.

`manage.py evaluate_liveness --turns DIR --replays 1000` does the same in full.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image

from people.images import decode
from recognition.engine import Engine, Face, weights
from recognition.engine.flatness import View, likeness_when_bent
from recognition.engine.types import Pixels
from recognition.evaluation import head_poses as poses
from recognition.evaluation import replays, turns
from recognition.evaluation.replays import ATTACKS, Photo
from recognition.liveness import StepFrame, memory
from recognition.liveness.looking import BENT, faces_of
from recognition.liveness.refusals import FramesSeenBefore
from tests.recognition.liveness.answers import given_challenge

SEED = 0


@pytest.fixture(scope="module")
def engine() -> Engine:
    if not weights.check(settings.MODELS_DIR).complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    return Engine(models_dir=settings.MODELS_DIR, threads=1)


@pytest.fixture(scope="module")
def photos(engine: Engine, shared_data: Callable[[str], Path]) -> list[Photo]:
    return replays.read(shared_data("lfw_people"), engine, most_people=4)


def test_none_of_three_attacks_of_each_kind_is_accepted(
    engine: Engine, photos: list[Photo]
) -> None:
    number = 3 * len(ATTACKS)
    for kind, frames in replays.replays(photos, number=number, moves=3, seed=SEED):
        assert replays.outcome(frames, engine) != replays.ACCEPTED, kind


@pytest.mark.parametrize("right", [-40, -25, 25, 40])
def test_a_bent_print_is_no_turned_head_to_the_pixels(
    engine: Engine, photos: list[Photo], right: float
) -> None:
    chance = np.random.default_rng(SEED)
    for photo in [photo for photo in photos if replays.is_straight(photo)][:4]:
        prints = [
            poses.bent(photo.pixels, photo.landmarks, right=angle, radius=radius)
            for angle, radius in ((0.0, 1.8), (right, 1.5))
        ]
        heads = [poses.turned(photo.pixels, photo.landmarks, right=angle) for angle in (0.0, right)]
        of_print, of_head = (_seen_as_one(pair, engine, chance) for pair in (prints, heads))
        assert of_head < BENT <= of_print


def _seen_as_one(pair: list[Pixels], engine: Engine, chance: np.random.Generator) -> float:
    frames = [poses.noisy(pixels, chance) for pixels in pair]
    views = [View(frame, engine.faces(frame)[0].landmarks) for frame in frames]
    return likeness_when_bent(*views)


def answer(photo: Photo, engine: Engine, seed: int) -> tuple[list[StepFrame], list[Face]]:
    """As large as a camera sees it."""
    steps = ["look_straight", "turn_left", "tilt_right", "look_up", "come_closer"]
    height, width = (2.5 * side for side in photo.pixels.shape[:2])
    pixels = np.array(Image.fromarray(photo.pixels).resize((round(width), round(height))))
    large = replace(photo, pixels=pixels, landmarks=photo.landmarks * np.float32(2.5))
    frames = replays.as_asked(large, steps, np.random.default_rng(seed))
    return frames, faces_of(frames, engine=engine)


def require_new(photo: Photo, frames: list[StepFrame], faces: list[Face]) -> None:
    sent = memory.Sent(given_challenge(), photo.person, frames, faces)
    memory.keep(sent)
    memory.require_new(sent)


def encoded_anew(frame: StepFrame, quality: int, scale: float) -> StepFrame:
    height, width = (round(side * scale) for side in frame.pixels.shape[:2])
    out = io.BytesIO()
    Image.fromarray(frame.pixels).resize((width, height)).save(out, "JPEG", quality=quality)
    return replace(frame, pixels=decode(out.getvalue()).pixels)


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("quality", "scale"), [(95, 1.0), (90, 1.25)])
def test_a_recording_that_is_encoded_anew_is_known_again(
    engine: Engine, photos: list[Photo], quality: int, scale: float
) -> None:
    for photo in [photo for photo in photos if replays.is_straight(photo)][:3]:
        frames, faces = answer(photo, engine, SEED)
        require_new(photo, frames, faces)
        again = [encoded_anew(frame, quality, scale) for frame in frames]
        faces = faces_of(again, engine=engine)
        with pytest.raises(FramesSeenBefore):
            require_new(photo, again, faces)


@pytest.mark.usefixtures("model")
def test_who_moves_twice_is_no_recording(engine: Engine, photos: list[Photo]) -> None:
    for photo in [photo for photo in photos if replays.is_straight(photo)][:3]:
        for seed in (SEED, SEED + 1):
            require_new(photo, *answer(photo, engine, seed))


def test_most_heads_that_turn_as_asked_are_accepted(engine: Engine, photos: list[Photo]) -> None:
    answers = [
        answer for seed in range(3) for answer in turns.synthetic(photos, moves=3, seed=seed)
    ]
    accepted = [replays.outcome(frames, engine) == replays.ACCEPTED for _, frames in answers]
    assert np.mean(accepted) >= 0.5
