"""Answers to liveness challenges: of pictures and recordings, and of people who do as asked.

Frames are made of a person's photos and looked at by the active part of the check. Passive PAD
knows prints and screens by what a real camera sees of them, which is not here: it can only be asked
how many of the people it refuses.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from people.errors import Refusal
from people.images import BadPhoto, Pixels, decode
from recognition.engine import Engine, FaceRefused, WeightsMissing
from recognition.engine.antispoof import AntiSpoof
from recognition.engine.limits import LIVENESS, choose
from recognition.engine.types import Landmarks
from recognition.evaluation import head_poses as poses
from recognition.liveness import pad
from recognition.liveness.challenges import choose_steps
from recognition.liveness.frames import StepFrame
from recognition.liveness.looking import faces_of, look
from recognition.liveness.steps import LIMITS

ACCEPTED = "accepted"
Random = np.random.Generator
# What a head does for a step: turn right in the picture, tilt to the person's left, look up.
_DONE: Mapping[str, tuple[float, float, float]] = {
    "look_straight": (0, 0, 0),
    "turn_left": (1, 0, 0),
    "turn_right": (-1, 0, 0),
    "tilt_left": (0, 1, 0),
    "tilt_right": (0, -1, 0),
    "look_up": (0, 0, 1),
    "come_closer": (0, 0, 0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo that looks straight or not: yaw in degrees, positive to the picture's right, and
    pitch as the engine says."""

    person: str
    pixels: Pixels
    landmarks: Landmarks
    yaw: float
    pitch: float


@dataclass(frozen=True, slots=True)
class Extents:
    """How far somebody turns, tilts and lifts the head, degrees, and comes closer, times."""

    yaw: tuple[float, float] = (25, 40)
    tilt: tuple[float, float] = (18, 35)
    lift: tuple[float, float] = (16, 24)
    closer: tuple[float, float] = (1.35, 1.55)


@dataclass(slots=True)
class Tally:
    """How answers of one kind ended."""

    kind: str
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        return self.outcomes.total()

    @property
    def accepted(self) -> int:
        return self.outcomes[ACCEPTED]


def read(folder: Path, engine: Engine, *, most_people: int | None = None) -> list[Photo]:
    """Every photo of a tree `Name/photo.jpg` that shows one face, large enough.

    Raises WeightsMissing.
    """
    people = sorted(path for path in folder.rglob("*") if path.is_dir() and _has_files(path))
    found = []
    for person in people[:most_people]:
        for path in sorted(person.iterdir()):
            try:
                pixels = decode(path.read_bytes()).pixels
                face = choose(engine.faces(pixels), LIVENESS)
            except (BadPhoto, FaceRefused, IsADirectoryError):
                continue
            pitch = engine.pitch(pixels, face)
            found.append(Photo(person.name, pixels, face.landmarks, face.quality.yaw, pitch))
    return found


def _has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.iterdir())


def outcome(frames: Sequence[StepFrame], engine: Engine, antispoof: AntiSpoof | None = None) -> str:
    """What the check says of an answer: accepted, or the code of why not.

    antispoof: None leaves out passive PAD. Raises WeightsMissing: then nothing was checked.
    """
    try:
        faces = faces_of(frames, engine=engine)
        seen = look(frames, faces, engine=engine, same_person=engine.recipe.bounds.verify)
        if antispoof is not None:
            pad.judge(seen.straight, antispoof)
    except WeightsMissing:
        raise
    except Refusal as refusal:
        return refusal.code
    return ACCEPTED


def steps_of(moves: int, chance: Random) -> list[str]:
    """Of a challenge; the same ones again from the same seed."""
    again = random.Random(int(chance.integers(2**32)))  # noqa: S311  measured, not secret
    return choose_steps(moves, again)


def is_straight(photo: Photo) -> bool:
    return abs(photo.yaw) <= LIMITS.straight_yaw


def as_asked(
    photo: Photo, steps: Sequence[str], chance: Random, extents: Extents | None = None
) -> list[StepFrame]:
    """Somebody who does what is asked for, made of one photo by a head's average shape."""
    extents = extents or Extents()
    frames = []
    for number, step in enumerate(steps):
        right, tilt, up = _DONE[step]
        pixels = poses.turned(
            photo.pixels,
            photo.landmarks,
            right=right * chance.uniform(*extents.yaw) + chance.normal(0, 2),
            down=chance.normal(0, 3) - up * chance.uniform(*extents.lift),
            tilt=tilt * chance.uniform(*extents.tilt) + chance.normal(0, 2),
        )
        if step == "come_closer":
            pixels = poses.closer(pixels, photo.landmarks, chance.uniform(*extents.closer))
        frames.append(StepFrame(poses.noisy(pixels, chance), step, 1000 * number))
    return frames


# --- Attacks: each answers the steps that are asked for, as well as it can ----------------------


def still(
    photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]
) -> list[Pixels]:
    return [photo.pixels for _ in steps]


def shaken(
    photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]
) -> list[Pixels]:
    return [
        poses.held(
            photo.pixels,
            right=chance.normal(0, 8),
            down=chance.normal(0, 8),
            roll=chance.normal(0, 15),
            zoom=chance.uniform(0.8, 1.3),
            away=chance.uniform(1.5, 4),
        )
        for _ in steps
    ]


def tilted(
    photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]
) -> list[Pixels]:
    """The print is turned as the head should be, as far as is of use, and brought closer."""
    frames = []
    for step in steps:
        right, tilt, up = _DONE[step]
        frames.append(
            poses.held(
                photo.pixels,
                right=right * chance.uniform(20, 60),
                down=chance.normal(0, 10) - up * chance.uniform(20, 60),
                roll=tilt * chance.uniform(18, 35) + chance.normal(0, 3),
                zoom=1.1 * (chance.uniform(1.3, 1.6) if step == "come_closer" else 1),
                away=chance.uniform(1.2, 4),
            )
        )
    return frames


def mirrored(
    photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]
) -> list[Pixels]:
    """One photo that looks a little aside, and its mirror image, whichever suits the step."""
    flipped = np.ascontiguousarray(photo.pixels[:, ::-1])
    to_right, to_left = (photo.pixels, flipped) if photo.yaw >= 0 else (flipped, photo.pixels)
    start = photo.pixels if steps[1] != "turn_left" else to_left
    shown = {"turn_left": to_right, "turn_right": to_left, "look_straight": start}
    return [
        poses.held(
            shown.get(step, photo.pixels),
            roll=_DONE[step][1] * 25,
            down=_DONE[step][2] * -60,
            zoom=1.5 if step == "come_closer" else 1.1,
        )
        for step in steps
    ]


def other_recording(
    photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]
) -> list[Pixels]:
    """Right movements, filmed for another challenge."""
    other = steps_of(len(steps) - 1, chance)
    while other == list(steps):
        other = steps_of(len(steps) - 1, chance)
    return [frame.pixels for frame in as_asked(photo, other, chance)]


def mirrored_recording(
    photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]
) -> list[Pixels]:
    frames = as_asked(photo, steps, chance)
    return [np.ascontiguousarray(frame.pixels[:, ::-1]) for frame in frames]


def taking_turns(
    photo: Photo, steps: Sequence[str], chance: Random, others: Sequence[Photo]
) -> list[Pixels]:
    """A photo of one looks straight, somebody else does the moves."""
    strangers = [other for other in others if other.person != photo.person]
    mover = strangers[int(chance.integers(len(strangers)))]
    return [photo.pixels, *(frame.pixels for frame in as_asked(mover, steps, chance)[1:])]


def beside(
    photo: Photo, steps: Sequence[str], chance: Random, others: Sequence[Photo]
) -> list[Pixels]:
    """Somebody does the moves beside the photo of the one who is claimed."""
    strangers = [other for other in others if other.person != photo.person]
    mover = strangers[int(chance.integers(len(strangers)))]
    frames = as_asked(mover, steps, chance)
    return [_side_by_side(photo.pixels, frame.pixels) for frame in frames]


def _side_by_side(left: Pixels, right: Pixels) -> Pixels:
    height = min(len(left), len(right))
    return np.ascontiguousarray(np.hstack([left[:height], right[:height]]))


def bent(photo: Photo, steps: Sequence[str], chance: Random, _all: Sequence[Photo]) -> list[Pixels]:
    """A print bent round a cylinder has depth of its own, though not a face's."""
    frames = []
    for step in steps:
        right, tilt, up = _DONE[step]
        pixels = poses.bent(
            photo.pixels,
            photo.landmarks,
            right=right * chance.uniform(20, 45),
            radius=chance.uniform(1.2, 2.5),
        )
        times = chance.uniform(1.3, 1.6) if step == "come_closer" else 1
        roll, down = tilt * chance.uniform(18, 35), -up * chance.uniform(20, 60)
        frames.append(poses.held(pixels, roll=roll, down=down, zoom=1.1 * times))
    return frames


Attack = Callable[[Photo, Sequence[str], Random, Sequence[Photo]], list[Pixels]]
ATTACKS: Mapping[str, Attack] = {
    "still photo": still,
    "photo shaken": shaken,
    "photo tilted as asked": tilted,
    "photo and its mirror image": mirrored,
    "photo bent round a cylinder": bent,
    "recording of another challenge": other_recording,
    "recording, mirrored": mirrored_recording,
    "two people taking turns": taking_turns,
    "a person beside a photo": beside,
}


def replays(
    photos: Sequence[Photo], *, number: int, moves: int, seed: int = 0
) -> Iterator[tuple[str, list[StepFrame]]]:
    """So many attacks, of each kind in turn: (kind, answer)."""
    chance = np.random.default_rng(seed)
    straight = [photo for photo in photos if is_straight(photo)]
    kinds = list(ATTACKS.items())
    for i in range(number):
        kind, attack = kinds[i % len(kinds)]
        photo = straight[int(chance.integers(len(straight)))]
        steps = steps_of(moves, chance)
        shown = attack(photo, steps, chance, straight)
        yield (
            kind,
            [
                StepFrame(poses.noisy(pixels, chance), step, 1000 * i)
                for i, (pixels, step) in enumerate(zip(shown, steps, strict=True))
            ],
        )
