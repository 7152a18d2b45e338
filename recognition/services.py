"""Verify and recognize: from a probe to a decision that is on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from people.errors import Refusal
from people.images import Pixels
from people.models import EmbeddingModel, Gallery, Person, Template
from people.vectors import Vector
from recognition import barred, matching, replicas, thresholds
from recognition.calibration import promise
from recognition.engine import (
    EmbeddedFace,
    Face,
    FaceRefused,
    ManyFaces,
    NoFace,
    WeightsMissing,
)
from recognition.models import AttemptPurpose, AttemptSource
from recognition.record import MATCH, NO_MATCH, UNKNOWN, ErasedMeanwhile, Question, Result
from recognition.runtime import engine_for
from recognition.search import Found

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_FRAMES = 16
MAX_FACES = 32  # of one photo; a crowd beyond it is not a question about anybody


class NoFrames(Refusal):
    code = "no_frames"


class ModelChanged(Refusal):
    """The embedding model was changed between looking at a face and asking about it."""

    code = "model_changed"


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A face that is embedded already. vector: of all its frames, under the model with this key.

    face: the one of the frame that shows it best.
    """

    vector: Vector
    face: Face
    model_id: int
    frames: int = 1

    def __len__(self) -> int:
        """How many frames it was made of, as of a sequence of them."""
        return self.frames


def verify(
    *,
    probe: Sequence[Pixels] | Probe,
    person: Person | None,
    source: AttemptSource,
    actor: User | AnonymousUser | None = None,
    barred_by: Refusal | None = None,
) -> Result:
    """1:1: is this the claimed person?

    probe: one or several frames of one face, each (h, w, 3) uint8 RGB, or what a liveness check
    made of them. person: None when the claim names nobody; that is answered as a wrong face is,
    in the same words and the same time. barred_by: why this person does not pass here, which is
    what their own face is told; it never makes a match.
    Raises NoFrames, NotCalibrated, ModelChanged, WeightsMissing, ErasedMeanwhile; Refusal where
    the rate of false matches that is accepted cannot be promised, but for a log-in, which asks for
    a password as well or has asked for the promise itself.
    """
    model = EmbeddingModel.objects.current()
    if source != AttemptSource.LOGIN:
        promise.require_to_verify(model, frames=len(probe))
    question = Question(
        purpose=AttemptPurpose.VERIFY,
        source=source,
        model=model,
        threshold=thresholds.for_verify(model, len(probe)),
        frames=len(probe),
        actor=actor,
        claimed=person,
    )
    try:
        seen = _probe(probe, model)
    except (FaceRefused, matching.FramesDiffer) as error:
        return question.refuse(error)
    templates = Template.objects.of(model).filter(person=person)
    if barred_by is None:
        templates = templates.filter(person__is_active=True)
    template = templates.first()
    if person is None or template is None:
        return question.answer(_mismatch(question, seen, distance=None, reason="not_enrolled"))
    distance = matching.distance_between(seen.vector, template.vector)
    if not matching.is_same_person(distance, question.threshold):
        return question.answer(_mismatch(question, seen, distance=distance, reason=""))
    if barred_by is not None:
        mismatch = _mismatch(question, seen, distance=distance, reason=barred_by.code)
        return question.answer(replace(mismatch, message=barred_by.message))
    return question.answer(
        Result(
            outcome=MATCH,
            message=f"Verified! Welcome {person.full_name}",
            threshold=question.threshold,
            model=str(model),
            person=Found(pk=person.pk, public_id=str(person.public_id), name=person.full_name),
            distance=distance,
            face=seen.face,
        )
    )


def _mismatch(question: Question, seen: Probe, *, distance: float | None, reason: str) -> Result:
    return Result(
        outcome=NO_MATCH,
        message="Person name and face didn't match!",
        threshold=question.threshold,
        model=str(question.model),
        distance=distance,
        reason=reason,
        face=seen.face,
    )


def recognize(
    *,
    probe: Sequence[Pixels] | Probe,
    galleries: Sequence[Gallery] = (),
    top: int = 1,
    source: AttemptSource,
    actor: User | AnonymousUser | None = None,
    says_why: bool = False,
) -> Result:
    """1:N: who is this, among the active people (of these galleries)?

    probe: one or several frames of one face, each (h, w, 3) uint8 RGB, or what a liveness check
    made of them. galleries: none means everybody. top: how many candidates to report besides the
    decision. says_why: whether somebody known who is not among them is told so.
    Raises NoFrames, NotCalibrated, ModelChanged, WeightsMissing, ErasedMeanwhile; Refusal where
    the rate of strangers that is accepted cannot be promised.
    """
    question = _who(galleries, frames=len(probe), source=source, actor=actor)
    try:
        seen = _probe(probe, question.model)
    except (FaceRefused, matching.FramesDiffer) as error:
        return question.refuse(error)
    result = _identify(question, seen, galleries, top)
    if says_why and result.outcome == UNKNOWN and not result.reason:
        result = _told_why(result, question, seen, galleries)
    return question.answer(result)


def recognize_everybody(
    *,
    photo: Pixels,
    galleries: Sequence[Gallery] = (),
    top: int = 1,
    source: AttemptSource,
    actor: User | AnonymousUser | None = None,
) -> list[Result]:
    """1:N for each face of a photo, largest first; each is a decision of its own on record.

    A face too poor to decide on has its reason as outcome; without any face there is one result,
    no_face. Raises as `recognize`.
    """
    model = EmbeddingModel.objects.current()
    results = []
    for found in engine_for(model).probe_all(photo)[:MAX_FACES] or [NoFace()]:
        question = _who(galleries, frames=1, source=source, actor=actor, model=model)
        if isinstance(found, FaceRefused):
            results.append(question.refuse(found))
        else:
            seen = Probe(found.embedding, found.face, model_id=model.pk)
            results.append(question.answer(_identify(question, seen, galleries, top)))
    return results


def _who(
    galleries: Sequence[Gallery],
    *,
    frames: int,
    source: AttemptSource,
    actor: User | AnonymousUser | None,
    model: EmbeddingModel | None = None,
) -> Question:
    model = model or EmbeddingModel.objects.current()
    promise.require_to_recognize(model, galleries, frames=frames)
    return Question(
        purpose=AttemptPurpose.RECOGNIZE,
        source=source,
        model=model,
        threshold=thresholds.for_recognize(model, galleries, frames),
        frames=frames,
        actor=actor,
        gallery=galleries[0] if len(galleries) == 1 else None,
    )


def _identify(question: Question, seen: Probe, galleries: Sequence[Gallery], top: int) -> Result:
    # Two at least: a decision needs to know how near the second person is.
    candidates = replicas.nearest(
        seen.vector, model=question.model, galleries=galleries, limit=max(top, 2)
    )
    decision = matching.decide(candidates, question.threshold)
    who = decision.match.who if decision.match else None
    return Result(
        outcome=MATCH if who else UNKNOWN,
        message=f"Hi! Welcome {who.name}" if who else "Sorry! You're not in the database.",
        threshold=question.threshold,
        model=str(question.model),
        person=who,
        distance=candidates[0].distance if candidates else None,
        runner_up_distance=candidates[1].distance if len(candidates) > 1 else None,
        reason="two_people_equally_near" if decision.tied else "",
        face=seen.face,
        candidates=candidates[:top],
    )


def _told_why(
    result: Result, question: Question, seen: Probe, galleries: Sequence[Gallery]
) -> Result:
    reason = barred.why_unknown(
        seen.vector,
        model=question.model,
        galleries=galleries,
        threshold=question.threshold,
        frames=question.frames,
    )
    return replace(result, reason=reason.code, message=reason.message) if reason else result


def _probe(frames: Sequence[Pixels] | Probe, model: EmbeddingModel) -> Probe:
    """Embed the usable frames and make one vector of them.

    Frames without a usable face are left out; if none is usable, the first one's reason stands.
    A frame with several people refuses the whole probe: who is meant must be plain throughout.
    Raises FaceRefused, FramesDiffer, ModelChanged, NoFrames, WeightsMissing.
    """
    if isinstance(frames, Probe):
        if frames.model_id != model.pk:
            raise ModelChanged("The embedding model was changed meanwhile. Start again.")
        return frames
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise NoFrames(f"Give 1 to {MAX_FRAMES} photos of the face.")
    engine = engine_for(model)
    faces, refusals = [], []
    for frame in frames:
        try:
            faces.append(engine.probe(frame))
        except ManyFaces:
            raise
        except FaceRefused as refusal:
            refusals.append(refusal)
    if not faces:
        raise refusals[0]
    best = max(faces, key=lambda face: face.face.quality.size)
    return Probe(
        vector=_one_vector(faces, model),
        face=best.face,
        model_id=model.pk,
        frames=len(frames),
    )


def _one_vector(faces: Sequence[EmbeddedFace], model: EmbeddingModel) -> Vector:
    """Raises FramesDiffer."""
    if len(faces) == 1:
        return faces[0].embedding
    vectors = np.stack([face.embedding for face in faces])
    return matching.combine_frames(vectors, thresholds.for_verify(model))


__all__ = [
    "MATCH",
    "MAX_FRAMES",
    "NO_MATCH",
    "UNKNOWN",
    "ErasedMeanwhile",
    "ModelChanged",
    "NoFrames",
    "Probe",
    "Result",
    "WeightsMissing",
    "recognize",
    "recognize_everybody",
    "verify",
]
