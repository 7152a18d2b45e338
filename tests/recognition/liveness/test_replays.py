"""The real networks: pictures and recordings are refused, a head that turns is not.

`manage.py evaluate_liveness --turns DIR --replays 1000` does the same in full.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from recognition.engine import Engine, weights
from recognition.engine.flatness import View, likeness_when_bent
from recognition.engine.types import Pixels
from recognition.evaluation import head_poses as poses
from recognition.evaluation import replays, turns
from recognition.evaluation.replays import ATTACKS, Photo
from recognition.liveness.looking import BENT

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


def test_most_heads_that_turn_as_asked_are_accepted(engine: Engine, photos: list[Photo]) -> None:
    answers = list(turns.synthetic(photos, moves=3, seed=SEED))
    accepted = [replays.outcome(frames, engine) == replays.ACCEPTED for _, frames in answers]
    assert np.mean(accepted) >= 0.5
