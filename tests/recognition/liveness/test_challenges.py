"""A challenge is given to one, for one thing, once, for a minute."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from people.errors import Refusal
from recognition import liveness
from recognition.liveness import StepFrame
from recognition.liveness.checking import Live
from recognition.models import Attempt, LivenessSession
from recognition.services import verify
from tests.faces import frame_for
from tests.fixtures import Enrol

MINE = {"purpose": "login", "bound_to": "my session", "address": "192.0.2.1"}


def given_challenge(*, seconds_ago: float = 5, **more: str) -> LivenessSession:
    """One that was asked for a while ago: nobody answers in no time."""
    session = liveness.start(**{**MINE, **more})
    _age(session, seconds_ago)
    return session


def _age(session: LivenessSession, seconds: float) -> None:
    ago = timedelta(seconds=seconds)
    session.created_at -= ago
    session.expires_at -= ago
    session.save()


def answer_to(session: LivenessSession, *, angle: float = 10) -> list[StepFrame]:
    return [
        StepFrame(frame_for(step, angle), step, taken_ms=1000 * number)
        for number, step in enumerate(session.steps)
    ]


def check(session: LivenessSession, frames: Sequence[StepFrame], **more: Any) -> Live:
    return liveness.check(**{"nonce": session.nonce, **MINE, **more}, frames=frames)


def code_of(session: LivenessSession, frames: Sequence[StepFrame], **more: Any) -> str:
    with pytest.raises(Refusal) as refused:
        check(session, frames, **more)
    return refused.value.code


pytestmark = pytest.mark.usefixtures("fake_engine", "model")


def test_who_does_what_was_asked_is_live_and_can_be_verified(enrol: Enrol) -> None:
    session = given_challenge()
    live = check(session, answer_to(session))
    result = verify(probe=live.probe, person=enrol("Ann", 12), source="login")  # type: ignore[arg-type]
    assert result.outcome == "match"
    assert result.attempt is not None
    assert result.attempt.frames == len(session.steps)
    assert list(Attempt.objects.order_by("id").values_list("purpose", "outcome")) == [
        ("liveness", "live"),
        ("verify", "match"),
    ]


def test_a_challenge_is_answered_once() -> None:
    session = given_challenge()
    check(session, answer_to(session))
    assert code_of(session, answer_to(session)) == "challenge_used"


def test_a_failed_answer_uses_the_challenge_up() -> None:
    session = given_challenge()
    assert code_of(session, answer_to(session)[:1]) == "step_missing"
    assert code_of(session, answer_to(session)) == "challenge_used"


def test_after_a_minute_it_is_too_late() -> None:
    session = given_challenge(seconds_ago=61)
    assert code_of(session, answer_to(session)) == "challenge_expired"


@pytest.mark.parametrize(
    ("name", "other"),
    [("purpose", "enrol"), ("bound_to", "another session"), ("address", "192.0.2.2")],
)
def test_somebody_elses_challenge_is_refused_and_used_up(name: str, other: str) -> None:
    session = given_challenge()
    assert code_of(session, answer_to(session), **{name: other}) == "challenge_not_yours"
    assert code_of(session, answer_to(session)) == "challenge_used"
