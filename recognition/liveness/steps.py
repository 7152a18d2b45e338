"""Whether the steps that were asked for are seen in the faces of the frames. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recognition.liveness.geometry import Place, grown, lifted, tilted, turned
from recognition.liveness.refusals import SAID_OF_STEP, FramesAlike, StepNotSeen

STRAIGHT = "look_straight"
TURNS = ("turn_left", "turn_right")
LOOK_UP = "look_up"
_MIDDLE = Place(0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Degrees, but for closer: how many times larger the face has to become.

    Chosen in docs/adr/0011. straight_yaw: how far past the camera the reference may look. still:
    below it a movement is the detector's noise. tilt_to_turn: a head that tilts seems to the
    detector to turn as well, but by no more than the tilt divided by this. most_lift: no head is
    lifted by more, and a mesh that says so was laid over something else.
    """

    straight_yaw: float = 10
    yaw: float = 22
    tilt: float = 10
    tilt_to_turn: float = 0.6
    lift: float = 10
    most_lift: float = 60
    closer: float = 1.25
    still: float = 4


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Motion:
    """From the straight face to another, degrees. right, down: how far the nose moved before the
    face, in the picture; down is no measure of a nod, which up is. up: lifted.

    tilt: leaned over, positive towards the person's left shoulder. growth: times larger.
    """

    right: float
    down: float
    up: float
    tilt: float
    growth: float

    @classmethod
    def between(cls, straight: Place, now: Place) -> Motion:
        up, tilt, growth = lifted(straight, now), tilted(straight, now), grown(straight, now)
        return cls(*turned(straight, now), up, tilt, growth)


# How far a face went the way that was asked for. The person's left is the picture's right.
_EXTENT: Mapping[str, Callable[[Motion], float]] = {
    "turn_left": lambda motion: motion.right,
    "turn_right": lambda motion: -motion.right,
    "tilt_left": lambda motion: motion.tilt,
    "tilt_right": lambda motion: -motion.tilt,
    LOOK_UP: lambda motion: motion.up,
    "come_closer": lambda motion: motion.growth,
}


def is_seen(step: str, motion: Motion, limits: Limits = LIMITS) -> bool:
    """One movement is one step: a turn is no tilt. Not a number is never enough."""
    extent = _EXTENT[step](motion)
    if step == "come_closer":
        return extent >= limits.closer
    if step in TURNS:
        others = abs(motion.down), abs(motion.up), abs(motion.tilt)
        return extent >= limits.yaw and all(extent > other for other in others)
    if step == LOOK_UP:
        others = abs(motion.right), abs(motion.tilt), limits.lift
        return extent <= limits.most_lift and all(extent >= other for other in others)
    return extent >= limits.tilt and extent > limits.tilt_to_turn * abs(motion.right)


def prove(places: Mapping[str, Sequence[Place]], limits: Limits = LIMITS) -> dict[str, int]:
    """Which frame of each step shows it best.

    places: for each step in order, to look straight first, how the face is held in its frames.
    Raises StepNotSeen for the first step that no frame of it shows; FramesAlike when nothing turns.
    """
    best = {STRAIGHT: _straightest(places[STRAIGHT], limits)}
    straight = places[STRAIGHT][best[STRAIGHT]]
    motions = {
        step: [Motion.between(straight, each) for each in seen]
        for step, seen in places.items()
        if step != STRAIGHT
    }
    for step, seen in motions.items():
        shown = [i for i, motion in enumerate(seen) if is_seen(step, motion, limits)]
        if not shown:
            raise _not_seen(step, motions, limits)
        extent = _EXTENT[step]
        best[step] = max(shown, key=lambda i, seen=seen, extent=extent: extent(seen[i]))  # type: ignore[misc]
    return best


def _not_seen(
    step: str, motions: Mapping[str, Sequence[Motion]], limits: Limits
) -> StepNotSeen | FramesAlike:
    if all(_is_still(motion, limits) for seen in motions.values() for motion in seen):
        return FramesAlike()
    return StepNotSeen(step, SAID_OF_STEP[step])


def is_straight(seen: Place, limits: Limits = LIMITS) -> bool:
    """Not a number is never straight."""
    return _aside(seen) <= limits.straight_yaw


def _aside(seen: Place) -> float:
    """How far past the camera it looks, degrees."""
    return abs(turned(_MIDDLE, seen)[0])


def _straightest(seen: Sequence[Place], limits: Limits) -> int:
    best = min(range(len(seen)), key=lambda number: _aside(seen[number]))
    if not is_straight(seen[best], limits):
        raise StepNotSeen(STRAIGHT, SAID_OF_STEP[STRAIGHT])
    return best


def _is_still(motion: Motion, limits: Limits) -> bool:
    moved = motion.right, motion.down, motion.up, motion.tilt
    return max(map(abs, moved)) < limits.still
