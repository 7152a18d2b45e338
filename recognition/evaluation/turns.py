"""How often people who do as they are asked pass, as far as photos can tell.

Two kinds of answers. `photos`: different photos of one person, picked by how far the head is turned
in them, with one that is enlarged for coming closer; they say what the check makes of real turned
heads, but not how people turn, and the picking uses the same measure as the check. `synthetic`: one
photo of each person, turned by a head's average shape; they say how the steps' limits fit known
angles. Neither is a person before a camera.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from recognition.evaluation import head_poses as poses
from recognition.evaluation.replays import Photo, Random, as_asked, is_straight, steps_of
from recognition.liveness.frames import StepFrame
from recognition.liveness.steps import LIMITS

PHOTOS, SYNTHETIC = "photos of one person", "one photo, turned by a model"
_CLOSER = 1.4


def of_photos(photos: Sequence[Photo], *, seed: int = 0) -> Iterator[tuple[str, list[StepFrame]]]:
    """For each person of whom there are such photos: straight, left, right and closer."""
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
                yield PHOTOS, _frames(first, step, turned[0], straight[-1], chance)


def _frames(
    straight: Photo, step: str, turned: Photo, near: Photo, chance: Random
) -> list[StepFrame]:
    times = _CLOSER * _size(straight) / _size(near)
    closer = poses.closer(near.pixels, near.landmarks, times)
    shown = (
        ("look_straight", straight.pixels),
        (step, turned.pixels),
        ("come_closer", poses.noisy(closer, chance)),
    )
    return [StepFrame(pixels, name, 1000 * i) for i, (name, pixels) in enumerate(shown)]


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
