"""A picture that answered a challenge answers no other, nor does one as good as the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition.engine import Face, Pixels
from recognition.liveness import StepFrame, challenges
from recognition.models import Attempt, LivenessFrame, LivenessSession
from tests.faces import FakeEngine, frame_for
from tests.recognition.liveness.answers import answer_to, check, code_of, given_challenge

pytestmark = pytest.mark.usefixtures("fake_engine", "model")

STEPS = ["look_straight", "turn_left", "tilt_right", "come_closer"]
ADA = {"whose": "ada"}


def same_challenge() -> LivenessSession:
    """Another nonce each time, and always these steps."""
    session = given_challenge()
    session.steps = STEPS
    session.save()
    return session


@pytest.fixture
def recorded(fake_engine: FakeEngine, model: EmbeddingModel) -> list[StepFrame]:
    """Frames that logged somebody in."""
    session = same_challenge()
    frames = answer_to(session)
    check(session, frames, **ADA)
    return frames


def test_the_same_frames_are_refused_under_another_nonce_and_on_record(
    recorded: Sequence[StepFrame],
) -> None:
    assert code_of(same_challenge(), recorded, **ADA) == "frames_seen_before"
    assert list(Attempt.objects.order_by("id").values_list("purpose", "outcome")) == [
        ("liveness", "live"),
        ("liveness", "frames_seen_before"),
    ]


def test_whatever_they_are_sent_for(recorded: Sequence[StepFrame]) -> None:
    assert code_of(same_challenge(), recorded, whose="bob") == "frames_seen_before"


@pytest.mark.parametrize("number", range(4))
def test_one_of_them_among_new_ones_is_enough(recorded: Sequence[StepFrame], number: int) -> None:
    session = same_challenge()
    frames = answer_to(session)
    frames[number] = replace(recorded[number], taken_ms=frames[number].taken_ms)
    assert code_of(session, frames, **ADA) == "frames_seen_before"


def test_frames_of_an_answer_that_failed_are_remembered_too() -> None:
    session = same_challenge()
    frames = answer_to(session)
    strangers = [*frames[:-1], replace(frames[-1], pixels=frame_for(frames[-1].step, 90))]
    assert code_of(session, strangers, **ADA) == "face_changed"
    assert code_of(same_challenge(), frames, **ADA) == "frames_seen_before"


def touched_up(pixels: Pixels) -> Pixels:
    other = pixels.copy()
    other[0, 0] ^= 1
    return other


def brightened(pixels: Pixels) -> Pixels:
    return pixels + np.array([2, 0, 0], np.uint8)


def enlarged(pixels: Pixels) -> Pixels:
    return np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)


@pytest.mark.parametrize("change", [touched_up, brightened, enlarged])
def test_a_picture_that_only_looks_new_is_refused(
    recorded: Sequence[StepFrame],
    fake_engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Pixels], Pixels],
) -> None:
    faces = fake_engine.faces

    def faces_in(photo: Pixels) -> list[Face]:
        """Where they are grows with the picture."""
        scale = len(photo) / 64
        return [replace(face, landmarks=face.landmarks * scale) for face in faces(photo)]

    monkeypatch.setattr(fake_engine, "faces", faces_in)
    frames = [replace(frame, pixels=change(frame.pixels)) for frame in recorded]
    assert code_of(same_challenge(), frames, **ADA) == "frames_seen_before"


def test_who_moves_anew_is_live_though_they_sit_as_still_as_before(
    recorded: Sequence[StepFrame],
) -> None:
    """The straight face is where it was, to the pixel; the moves are not."""
    session = same_challenge()
    frames = answer_to(session)
    frames[0] = replace(recorded[0], pixels=touched_up(recorded[0].pixels))
    assert check(session, frames, **ADA)


def test_nobody_is_refused_for_where_somebody_else_held_the_head(
    recorded: Sequence[StepFrame],
) -> None:
    frames = [replace(frame, pixels=brightened(frame.pixels)) for frame in recorded]
    assert check(same_challenge(), frames, whose="bob")


def test_no_picture_is_kept_and_what_is_goes_with_the_challenge(
    recorded: Sequence[StepFrame],
) -> None:
    kept = LivenessFrame.objects.values().first()
    assert kept is not None
    assert set(kept) == {"id", "session_id", "whose", "step", "digest", "points"}
    assert len(kept["digest"]) == 64
    assert len(kept["points"]) == 10
    LivenessSession.objects.update(created_at=given_challenge(seconds_ago=25 * 3600).created_at)
    challenges.forget_old()
    assert not LivenessFrame.objects.exists()


def test_an_answer_that_is_taken_back_has_used_no_picture_up() -> None:
    """A request that broke may be sent again, as a device does."""
    session = same_challenge()
    frames = answer_to(session)
    with transaction.atomic():
        check(session, frames, **ADA)
        transaction.set_rollback(True)
    assert check(session, frames, **ADA)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("in_transaction", [False, True])
def test_of_ten_answers_with_the_same_frames_at_once_exactly_one_is_live(
    in_transaction: bool,
) -> None:
    sessions = [same_challenge() for _ in range(10)]
    frames = answer_to(sessions[0])

    def answer(session: LivenessSession) -> str:
        try:
            return _outcome(session, frames, in_transaction=in_transaction)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(answer, sessions))
    assert Counter(outcomes) == {"live": 1, "frames_seen_before": 9}


def _outcome(session: LivenessSession, frames: Any, *, in_transaction: bool) -> str:
    """in_transaction: as where a device clocks, whose refusals roll nothing back."""
    try:
        if not in_transaction:
            check(session, frames, **ADA)
            return "live"
        with transaction.atomic():
            try:
                check(session, frames, **ADA)
            except Refusal as refusal:
                return refusal.code
            return "live"
    except Refusal as refusal:
        return refusal.code
