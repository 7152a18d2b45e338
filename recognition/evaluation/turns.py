"""How often people who do as they are asked pass, as far as photos can tell.

Two sources of answers. `of_photos`: different photos of one person, picked by how far the head is
turned or lifted in them; they say what the check makes of real heads, but not how people move, and
the picking uses the same measure as the check. `synthetic`: one photo of each person, moved by a
head's average shape; they say how the steps' limits fit known angles. Neither is a person before a
camera.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from people.images import Pixels
from recognition.evaluation import head_poses as poses
from recognition.evaluation.replays import Photo, Random, as_asked, is_straight, steps_of
from recognition.liveness.frames import StepFrame
from recognition.liveness.steps import LIMITS

TURNED, LIFTED = "photos of one person: a turn", "photos of one person: looking up"
SYNTHETIC = "one photo, moved by a model"
_CLOSER = 1.4


def of_photos(photos: Sequence[Photo], *, seed: int = 0) -> Iterator[tuple[str, list[StepFrame]]]:
    """For each person of whom there are such photos: straight, turned to a side and closer; and
    straight and looking up.
    """
    chance = np.random.default_rng(seed)
    for person in _by_person(photos).values():
        straight = [photo for photo in person if is_straight(photo)]
        left = [photo for photo in person if photo.yaw >= LIMITS.yaw + LIMITS.straight_yaw]
        right = [photo for photo in person if photo.yaw <= -LIMITS.yaw - LIMITS.straight_yaw]
        if not straight:
            continue
        first = _straightest(straight)
        for step, turned in (("turn_left", left), ("turn_right", right)):
            if turned:
                yield TURNED, _frames(first, step, turned[0], straight[-1], chance)
        lifted = [photo for photo in straight if photo.pitch >= first.pitch + LIMITS.lift]
        if lifted:
            yield LIFTED, _in_order(("look_straight", first.pixels), ("look_up", lifted[0].pixels))


def _frames(
    straight: Photo, step: str, turned: Photo, near: Photo, chance: Random
) -> list[StepFrame]:
    times = _CLOSER * _size(straight) / _size(near)
    closer = poses.closer(near.pixels, near.landmarks, times)
    return _in_order(
        ("look_straight", straight.pixels),
        (step, turned.pixels),
        ("come_closer", poses.noisy(closer, chance)),
    )


def _in_order(*shown: tuple[str, Pixels]) -> list[StepFrame]:
    return [StepFrame(pixels, step, 1000 * i) for i, (step, pixels) in enumerate(shown)]


def _size(photo: Photo) -> float:
    eyes, mouth = photo.landmarks[:2].mean(axis=0), photo.landmarks[3:].mean(axis=0)
    return float(np.linalg.norm(mouth - eyes))


def synthetic(
    photos: Sequence[Photo], *, moves: int, seed: int = 0
) -> Iterator[tuple[str, list[StepFrame]]]:
    """For each person one answer to a challenge of so many moves."""
    chance = np.random.default_rng(seed)
    for person in _by_person(photos).values():
        straight = [photo for photo in person if is_straight(photo)]
        if straight:
            yield SYNTHETIC, as_asked(_straightest(straight), steps_of(moves, chance), chance)


def _straightest(photos: Sequence[Photo]) -> Photo:
    return min(photos, key=lambda photo: abs(photo.yaw))


def _by_person(photos: Sequence[Photo]) -> dict[str, list[Photo]]:
    people: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        people[photo.person].append(photo)
    return people
