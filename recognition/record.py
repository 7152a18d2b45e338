"""A question about a face and its answer, as they are put on record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import IntegrityError

from people import prepared
from people.errors import Refusal
from people.models import EmbeddingModel, Gallery, Person
from recognition.barred import CODES
from recognition.engine import Box, Face, FaceRefused, Quality
from recognition.matching import Candidate
from recognition.models import Attempt, AttemptPurpose, AttemptSource
from recognition.search import Found

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MATCH = "match"
NO_MATCH = "no_match"
UNKNOWN = "unknown"


class ErasedMeanwhile(Refusal):
    """A person, gallery or account of the answer is gone: there is no decision about it."""

    code = "erased_meanwhile"


class Undecided(Refusal):
    """No decision, or none that counts here, with what was seen.

    `code` is the outcome, or why somebody who is known does not pass.
    """

    def __init__(self, result: Result) -> None:
        code = result.reason if result.reason in CODES else result.outcome
        super().__init__(result.message, code=code)
        self.result = result


@dataclass(frozen=True, slots=True)
class Result:
    """What was decided. distance and runner_up_distance: ‖a−b‖₂, 0…2.

    outcome: match, no_match (1:1), unknown (1:N), or the code of why the probe was refused.
    message: the sentence to show. candidates: the nearest people, whether near enough or not.
    face: the one that was asked about, or that could not be used.
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
    def is_decision(self) -> bool:
        return self.outcome in (MATCH, NO_MATCH, UNKNOWN)

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
            **self.face_as_json(),
        }

    def face_as_json(self) -> dict[str, object]:
        return {
            "box": _box_as_json(self.face.box) if self.face else None,
            "quality": asdict(self.quality) if self.quality else None,
        }


def _as_json(person: Found) -> dict[str, object]:
    return {"id": person.public_id, "name": person.name}


def _box_as_json(box: Box) -> dict[str, int]:
    return {name: round(value) for name, value in asdict(box).items()}


@dataclass(frozen=True, slots=True)
class Question:
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
                face=error.face if isinstance(error, FaceRefused) else None,
            )
        )
