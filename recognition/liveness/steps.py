"""Whether the steps that were asked for are seen in the faces of the frames. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recognition.engine.types import Landmarks
from recognition.liveness.geometry import Place, grown, place, turned
from recognition.liveness.refusals import SAID_OF_STEP, FramesAlike, StepNotSeen

STRAIGHT = "look_straight"


@dataclass(frozen=True, slots=True)
class Limits:
    """Degrees, but for closer: how many times larger the face has to become.

    straight_yaw: how far from the camera the reference may look. still: below it a turn is the
    detector's noise.
    """

    straight_yaw: float = 12
    yaw: float = 18
    pitch: float = 9
    closer: float = 1.25
    still: float = 4


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Motion:
    """From the straight face to another. right, down: degrees, in the picture."""

    right: float
    down: float
    growth: float

    @classmethod
    def between(cls, straight: Place, now: Place) -> Motion:
        right, down = turned(straight, now)
        return cls(right, down, grown(straight, now))


# How far a face went the way that was asked for. The person's left is the picture's right.
_EXTENT: Mapping[str, Callable[[Motion], float]] = {
    "turn_left": lambda motion: motion.right,
    "turn_right": lambda motion: -motion.right,
    "look_up": lambda motion: -motion.down,
    "look_down": lambda motion: motion.down,
    "come_closer": lambda motion: motion.growth,
}


def is_seen(step: str, motion: Motion, limits: Limits = LIMITS) -> bool:
    """Not a number is never enough."""
    extent = _EXTENT[step](motion)
    if step == "come_closer":
        return extent >= limits.closer
    if step in ("turn_left", "turn_right"):
        return extent >= limits.yaw and abs(motion.right) > abs(motion.down)
    return extent >= limits.pitch and abs(motion.down) > abs(motion.right)


def prove(faces: Mapping[str, Sequence[Landmarks]], limits: Limits = LIMITS) -> None:
    """faces: for each step in order, to look straight first, the landmarks of its frames.

    Raises StepNotSeen for the first step that no frame of it shows; FramesAlike when nothing turns.
    """
    straight = _straightest(faces[STRAIGHT], limits)
    motions = {
        step: [Motion.between(straight, place(each)) for each in seen]
        for step, seen in faces.items()
        if step != STRAIGHT
    }
    missing = [
        step
        for step, seen in motions.items()
        if not any(is_seen(step, motion, limits) for motion in seen)
    ]
    if not missing:
        return
    if all(_is_still(motion, limits) for seen in motions.values() for motion in seen):
        raise FramesAlike
    raise StepNotSeen(missing[0], SAID_OF_STEP[missing[0]])


def _straightest(seen: Sequence[Landmarks], limits: Limits) -> Place:
    places = [place(landmarks) for landmarks in seen]
    middle = Place(0.0, 0.0, 1.0)
    angles = [abs(turned(middle, each)[0]) for each in places]
    best = min(range(len(places)), key=lambda number: angles[number])
    if not angles[best] <= limits.straight_yaw:
        raise StepNotSeen(STRAIGHT, SAID_OF_STEP[STRAIGHT])
    return places[best]


def _is_still(motion: Motion, limits: Limits) -> bool:
    return abs(motion.right) < limits.still and abs(motion.down) < limits.still
