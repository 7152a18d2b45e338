"""Verify and recognize: from a probe to a decision that is on record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from django.db import IntegrityError

from people import prepared
from people.errors import Refusal
from people.images import Pixels
from people.models import EmbeddingModel, Gallery, Person, Template
from people.vectors import Vector
from recognition import matching, replicas, thresholds
from recognition.engine import (
    Box,
    EmbeddedFace,
    Face,
    FaceRefused,
    ManyFaces,
    NoFace,
    Quality,
    WeightsMissing,
)
from recognition.matching import Candidate
from recognition.models import Attempt, AttemptPurpose, AttemptSource
from recognition.runtime import engine_for
from recognition.search import Found

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_FRAMES = 16
MAX_FACES = 32  # of one photo; a crowd beyond it is not a question about anybody

MATCH = "match"
NO_MATCH = "no_match"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """What was decided. distance and runner_up_distance: ‖a−b‖₂, 0…2.

    outcome: match, no_match (1:1), unknown (1:N), or the code of why the probe was refused.
    message: the sentence to show. candidates: the nearest people, whether near enough or not.
    """

    outcome: str
    message: str
    threshold: float
    model: str
    person: Found | None = None
    distance: float | None = None
    runner_up_distance: float | None = None
    reason: str = ""
    face: Face | None = None
    candidates: Sequence[Candidate[Found]] = field(default=())
    attempt: Attempt | None = None

    @property
    def is_match(self) -> bool:
        return self.outcome == MATCH

    @property
    def quality(self) -> Quality | None:
        return self.face.quality if self.face else None

    def as_json(self) -> dict[str, object]:
        return {
            "outcome": self.outcome,
            "person": _as_json(self.person) if self.person else None,
            "distance": self.distance,
            "threshold": self.threshold,
            "model": self.model,
            "message": self.message,
            "reason": self.reason,
            "runner_up_distance": self.runner_up_distance,
            "box": _box_as_json(self.face.box) if self.face else None,
            "quality": asdict(self.quality) if self.quality else None,
        }


def _as_json(person: Found) -> dict[str, object]:
    return {"id": person.public_id, "name": person.name}


def _box_as_json(box: Box) -> dict[str, int]:
    return {name: round(value) for name, value in asdict(box).items()}


class NoFrames(Refusal):
    code = "no_frames"


class ErasedMeanwhile(Refusal):
    """A person, gallery or account of the answer is gone: there is no decision about it."""

    code = "erased_meanwhile"


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


@dataclass(frozen=True, slots=True)
class _Question:
    """Who asks what, under which model: all an Attempt needs besides the answer."""

    purpose: AttemptPurpose
    source: AttemptSource
    model: EmbeddingModel
    threshold: float
    frames: int
    actor: User | AnonymousUser | None
    claimed: Person | None = None
    gallery: Gallery | None = None
    started: float = field(default_factory=time.monotonic)

    def answer(self, result: Result) -> Result:
        """Put the decision on record; only then it counts. Raises ErasedMeanwhile.

        One statement: by itself it is a transaction. Within another, the database looks at its
        references when that one ends.
        """
        try:
            attempt = self._record(result)
        except IntegrityError as error:
            raise ErasedMeanwhile("Somebody was erased meanwhile. Ask again.") from error
        return replace(result, attempt=attempt)

    def _record(self, result: Result) -> Attempt:
        actor = self.actor if self.actor is not None and self.actor.is_authenticated else None
        attempt = Attempt(
            purpose=self.purpose,
            source=self.source,
            claimed=self.claimed,
            found_id=result.person.pk if result.person else None,
            gallery=self.gallery,
            model=self.model,
            outcome=result.outcome,
            reason=result.reason,
            distance=result.distance,
            runner_up_distance=result.runner_up_distance,
            threshold=self.threshold,
            frames=self.frames,
            duration_ms=round((time.monotonic() - self.started) * 1000),
            actor=actor,
        )
        return prepared.insert(attempt)

    def refuse(self, error: Refusal) -> Result:
        return self.answer(
            Result(
                outcome=error.code,
                message=error.message,
                threshold=self.threshold,
                model=str(self.model),
            )
        )


def verify(
    *,
    probe: Sequence[Pixels] | Probe,
    person: Person | None,
    source: AttemptSource,
    actor: User | AnonymousUser | None = None,
) -> Result:
    """1:1: is this the claimed person?

    probe: one or several frames of one face, each (h, w, 3) uint8 RGB, or what a liveness check
    made of them. person: None when the claim names nobody; that is answered as a wrong face is,
    in the same words and the same time.
    Raises NoFrames, NotCalibrated, ModelChanged, WeightsMissing, ErasedMeanwhile.
    """
    model = EmbeddingModel.objects.current()
    question = _Question(
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
    template = Template.objects.of(model).filter(person=person, person__is_active=True).first()
    if person is None or template is None:
        return question.answer(_mismatch(question, seen, distance=None, reason="not_enrolled"))
    distance = matching.distance_between(seen.vector, template.vector)
    if not matching.is_same_person(distance, question.threshold):
        return question.answer(_mismatch(question, seen, distance=distance, reason=""))
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


def _mismatch(question: _Question, seen: Probe, *, distance: float | None, reason: str) -> Result:
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
) -> Result:
    """1:N: who is this, among the active people (of these galleries)?

    probe: one or several frames of one face, each (h, w, 3) uint8 RGB, or what a liveness check
    made of them. galleries: none means everybody. top: how many candidates to report besides the
    decision.
    Raises NoFrames, NotCalibrated, ModelChanged, WeightsMissing, ErasedMeanwhile.
    """
    question = _who(galleries, frames=len(probe), source=source, actor=actor)
    try:
        seen = _probe(probe, question.model)
    except (FaceRefused, matching.FramesDiffer) as error:
        return question.refuse(error)
    return question.answer(_identify(question, seen, galleries, top))


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
    no_face. Raises NotCalibrated, WeightsMissing, ErasedMeanwhile.
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
) -> _Question:
    model = model or EmbeddingModel.objects.current()
    return _Question(
        purpose=AttemptPurpose.RECOGNIZE,
        source=source,
        model=model,
        threshold=thresholds.for_recognize(model, galleries, frames),
        frames=frames,
        actor=actor,
        gallery=galleries[0] if len(galleries) == 1 else None,
    )


def _identify(question: _Question, seen: Probe, galleries: Sequence[Gallery], top: int) -> Result:
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
    "MAX_FRAMES",
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
