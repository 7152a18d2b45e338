"""What the frames of an answer show: one person, whose head moves as it was asked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from people.vectors import Vector, unit
from recognition import matching
from recognition.engine import Embeddings, Engine, Face, ManyFaces
from recognition.engine.limits import LIVENESS, choose
from recognition.liveness import steps
from recognition.liveness.frames import StepFrame, by_step
from recognition.liveness.geometry import Place, place
from recognition.liveness.refusals import FaceChanged, FramesAlike, SeveralFaces

# At this correlation two frames are views of one picture, flat or bent; docs/adr/0011 has both
# sides of it.
FLAT, BENT = 0.985, 0.9875


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """vector: of all frames. frame, face: where it looks straight. straight: all of that step."""

    vector: Vector
    face: Face
    straight: Sequence[tuple[StepFrame, Face]]


def faces_of(frames: Sequence[StepFrame], *, engine: Engine) -> list[Face]:
    """One face of each. Raises SeveralFaces, FaceRefused, WeightsMissing."""
    return [_face(engine, frame) for frame in frames]


def look(
    frames: Sequence[StepFrame], faces: Sequence[Face], *, engine: Engine, same_person: float
) -> Seen:
    """What is cheap to refuse comes first: the steps, then who it is.

    frames: grouped by step, to look straight first. faces: one of each. same_person: below this
    distance two faces are one person's. Raises a NotLive, WeightsMissing.
    """
    seen = by_step(frames, list(zip(frames, faces, strict=True)))
    best = steps.prove(
        {step: [_place(engine, *each) for each in group] for step, group in seen.items()}
    )
    _require_depth({step: seen[step][number] for step, number in best.items()})
    straight = seen[steps.STRAIGHT]
    vectors = engine.embed(faces)
    _, face = straight[best[steps.STRAIGHT]]
    _require_one_person(vectors, vectors[faces.index(face)], same_person)
    return Seen(unit(vectors.mean(axis=0)), face, straight)


def _require_one_person(vectors: Embeddings, straight: Vector, same_person: float) -> None:
    """Each frame is like the straight one. A left and a right profile may be less alike than two
    people are, so they are not compared with each other. Raises FaceChanged.
    """
    farthest = max(matching.distance_between(vector, straight) for vector in vectors)
    if not matching.is_same_person(farthest, same_person):
        raise FaceChanged


def _face(engine: Engine, frame: StepFrame) -> Face:
    """Raises SeveralFaces, FaceRefused."""
    try:
        return choose(engine.faces(frame.pixels), LIVENESS)
    except ManyFaces as error:
        raise SeveralFaces from error


def _place(engine: Engine, frame: StepFrame, face: Face) -> Place:
    return place(face.landmarks, engine.pitch(frame.pixels, face))


def _require_depth(proofs: Mapping[str, tuple[StepFrame, Face]]) -> None:
    """No two of the frames are one picture, nor a picture and its mirror image.

    Only turns show it: a head that tilts or comes closer looks as a picture does, and one that is
    lifted hardly otherwise. Raises FramesAlike.
    """
    # Only now: it needs OpenCV.
    from recognition.engine.flatness import View, likeness, likeness_when_bent

    views = {
        step: View(frame.pixels, face.landmarks)
        for step, (frame, face) in proofs.items()
        if step in (steps.STRAIGHT, *steps.TURNS)
    }
    straight = views.pop(steps.STRAIGHT)
    pairs = [*product([straight, straight.mirrored()], views.values())]
    if all(turn in views for turn in steps.TURNS):
        left, right = (views[turn] for turn in steps.TURNS)
        pairs.append((left.mirrored(), right))
    if any(likeness(*pair) >= FLAT or likeness_when_bent(*pair) >= BENT for pair in pairs):
        raise FramesAlike
