"""The real networks: pictures and recordings are refused, a head that turns is not.

`manage.py evaluate_liveness --turns DIR --replays 1000` does the same in full.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from recognition.engine import Engine, weights
from recognition.evaluation import replays, turns
from recognition.evaluation.replays import ATTACKS, Photo

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


def test_most_heads_that_turn_as_asked_are_accepted(engine: Engine, photos: list[Photo]) -> None:
    answers = list(turns.synthetic(photos, moves=3, seed=SEED))
    accepted = [replays.outcome(frames, engine) == replays.ACCEPTED for _, frames in answers]
    assert np.mean(accepted) >= 0.5
