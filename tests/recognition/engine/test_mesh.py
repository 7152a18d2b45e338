"""The mesh of a face tells a head that is lifted, whatever else it does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from people.images import decode
from recognition.engine import Engine, Pixels
from recognition.evaluation import head_poses as poses
from recognition.liveness.steps import LIMITS


@pytest.fixture(scope="module")
def photo(shared_data: Callable[[str], Path]) -> Pixels:
    person = sorted(shared_data("lfw_people").iterdir())[0]
    return decode(sorted(person.iterdir())[0].read_bytes()).pixels


def pitch_of(engine: Engine, photo: Pixels) -> float:
    return engine.pitch(photo, engine.faces(photo)[0])


def lifted(engine: Engine, photo: Pixels, **how: float) -> float:
    """By how much more than in the photo itself, degrees."""
    landmarks = engine.faces(photo)[0].landmarks
    return pitch_of(engine, poses.turned(photo, landmarks, **how)) - pitch_of(engine, photo)


@pytest.mark.parametrize(("down", "least"), [(-20, LIMITS.lift), (-28, 1.5 * LIMITS.lift)])
def test_a_lifted_head_is_seen(engine: Engine, photo: Pixels, down: float, least: float) -> None:
    assert lifted(engine, photo, down=down) > least


@pytest.mark.parametrize("how", [{"down": 20}, {"right": 30}, {"tilt": 25}, {"tilt": -25}])
def test_other_moves_lift_nothing(engine: Engine, photo: Pixels, how: dict[str, float]) -> None:
    assert lifted(engine, photo, **how) < LIMITS.lift


@pytest.mark.parametrize("down", [-40, -20, 20, 40])
def test_a_print_that_leans_is_no_lifted_head(engine: Engine, photo: Pixels, down: float) -> None:
    upright, leaning = (poses.held(photo, down=angle, zoom=1.1) for angle in (0, down))
    assert pitch_of(engine, leaning) - pitch_of(engine, upright) < LIMITS.lift


def test_the_same_from_many_threads(engine: Engine, photo: Pixels) -> None:
    face = engine.faces(photo)[0]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: engine.pitch(photo, face), range(64)))
    assert np.ptp(found) == 0
