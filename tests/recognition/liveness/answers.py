"""Challenges and answers to them, with faces that are angles."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from people.errors import Refusal
from recognition import liveness
from recognition.liveness import Live, StepFrame
from recognition.models import LivenessSession
from tests.faces import VARIANTS, frame_for

MINE = {"purpose": "login", "bound_to": "my session", "address": "192.0.2.1"}


def given_challenge(*, seconds_ago: float = 5) -> LivenessSession:
    """One that was asked for a while ago: nobody answers in no time."""
    session = liveness.start(**MINE)
    ago = timedelta(seconds=seconds_ago)
    session.created_at -= ago
    session.expires_at -= ago
    session.save()
    return session


def answer_to(
    session: LivenessSession, *, angle: float = 10, apart_ms: int = 1000
) -> list[StepFrame]:
    """angle: whose face it is. Pictures of another session are others."""
    variant = session.pk % VARIANTS
    return [
        StepFrame(frame_for(step, angle, variant=variant), step, taken_ms=apart_ms * number)
        for number, step in enumerate(session.steps)
    ]


def check(session: LivenessSession, frames: Sequence[StepFrame], **more: Any) -> Live:
    return liveness.check(**{"nonce": session.nonce, **MINE, **more}, frames=frames)


def code_of(session: LivenessSession, frames: Sequence[StepFrame], **more: Any) -> str:
    with pytest.raises(Refusal) as refused:
        check(session, frames, **more)
    return refused.value.code
