"""The answer to a challenge: looked at once, put on record, and made one probe of."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from people.errors import Refusal
from people.models import EmbeddingModel, Person
from recognition import thresholds
from recognition.engine import Face
from recognition.liveness import memory
from recognition.liveness.challenges import take
from recognition.liveness.frames import StepFrame, require_plausible
from recognition.liveness.looking import faces_of, look
from recognition.liveness.pad import require_genuine
from recognition.liveness.refusals import LivenessRequired
from recognition.models import Attempt, AttemptPurpose, AttemptSource, LivenessSession
from recognition.runtime import engine_for
from recognition.services import ErasedMeanwhile, Probe, Result

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

LIVE = "live"
_MOST_FRAMES = 32_767  # the column holds no more; so many are refused anyway


@dataclass(frozen=True, slots=True)
class Live:
    """Somebody moved as they were asked to. probe: for `services.verify` and `recognize`."""

    probe: Probe
    session: LivenessSession

    @property
    def face(self) -> Face:
        """The one that looked straight."""
        return self.probe.face


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, under which model: all an Attempt needs besides the outcome."""

    source: AttemptSource
    actor: User | AnonymousUser | None
    claimed: Person | None
    model: EmbeddingModel
    frames: int
    started: float = field(default_factory=time.monotonic)

    def record(self, outcome: str, reason: str = "") -> None:
        """Raises ErasedMeanwhile."""
        actor = self.actor if self.actor is not None and self.actor.is_authenticated else None
        try:
            with transaction.atomic():
                Attempt.objects.create(
                    purpose=AttemptPurpose.LIVENESS,
                    source=self.source,
                    claimed=self.claimed,
                    model=self.model,
                    outcome=outcome,
                    reason=reason,
                    threshold=thresholds.for_record(self.model),
                    frames=min(self.frames, _MOST_FRAMES),
                    duration_ms=round((time.monotonic() - self.started) * 1000),
                    actor=actor,
                )
        except IntegrityError as error:
            raise ErasedMeanwhile("Somebody was erased meanwhile. Ask again.") from error


def check(
    *,
    nonce: str,
    purpose: str,
    bound_to: str,
    address: str,
    frames: Sequence[StepFrame],
    source: AttemptSource = AttemptSource.LOGIN,
    actor: User | AnonymousUser | None = None,
    claimed: Person | None = None,
    whose: str = "",
) -> Live:
    """Look at the answer to a challenge. It is used up whatever the outcome, which is on record.

    frames: in the order they were taken, some for each of the challenge's steps. whose: among whose
    pictures of before those are looked for that come again; a text that tells the account or the
    device, "" for what is neither's. Call it in no transaction that a refusal rolls back. Raises a
    NotLive or FaceRefused with what to do, WeightsMissing, ErasedMeanwhile.
    """
    model = EmbeddingModel.objects.current()
    asked = _Asked(source, actor, claimed, model, len(frames))
    try:
        session = take(nonce=nonce, purpose=purpose, bound_to=bound_to, address=address)
        require_plausible(session, frames, timezone.now())
        probe = _look(session, frames, model, whose)
    except Refusal as refusal:
        asked.record(refusal.code, getattr(refusal, "step", ""))
        raise
    LivenessSession.objects.filter(pk=session.pk).update(is_live=True)
    asked.record(LIVE)
    return Live(probe, session)


def not_shown(
    *, frames: int, source: AttemptSource, actor: User | AnonymousUser | None = None
) -> Result:
    """The answer, on record, to photos where only somebody who moves counts.

    Raises ErasedMeanwhile.
    """
    model = EmbeddingModel.objects.current()
    refusal = LivenessRequired()
    _Asked(source, actor, None, model, frames).record(refusal.code)
    return Result(
        outcome=refusal.code,
        message=refusal.message,
        threshold=thresholds.for_record(model),
        model=str(model),
    )


def put_on_record(
    *,
    code: str,
    source: AttemptSource,
    actor: User | AnonymousUser | None = None,
    claimed: Person | None = None,
) -> None:
    """An answer that was refused before anybody looked at it. code: why, as it was answered.

    Raises ErasedMeanwhile.
    """
    model = EmbeddingModel.objects.current()
    _Asked(source, actor, claimed, model, frames=0).record(code)


def _look(
    session: LivenessSession, frames: Sequence[StepFrame], model: EmbeddingModel, whose: str
) -> Probe:
    engine = engine_for(model)
    faces = faces_of(frames, engine=engine)
    sent = memory.Sent(session, whose, frames, faces)
    memory.keep(sent)
    seen = look(frames, faces, engine=engine, same_person=thresholds.for_verify(model))
    memory.require_new(sent)
    require_genuine(seen.straight)
    return Probe(seen.vector, seen.face, frames=len(frames), model_id=model.pk)
