"""What an answer to a challenge is made of, and whether it can be one at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby, pairwise
from typing import TypeVar

from people.images import Pixels
from recognition.liveness.refusals import BadFrames, FramesAlike, StepMissing, TooFast, TooSlow
from recognition.models import LivenessSession

# One for each step is enough; a few more let a person be slow to turn.
MOST_OF_STEP = 3
# Nobody turns the head, or comes closer, in less.
LEAST_MS = 300
# By the server's own clock, from giving the challenge to its answer, for each move.
LEAST_S = 0.4
MOST_BETWEEN_MS = 20_000
# A browser's clock and ours need not start at the same moment.
SLACK_MS = 2_000

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class StepFrame:
    """One frame of an answer.

    pixels: (h, w, 3) uint8 RGB, not mirrored: the person's left is on the picture's right.
    step: which one it was taken for. taken_ms: by the browser's clock, from any start.
    """

    pixels: Pixels
    step: str
    taken_ms: int

    @cached_property
    def digest(self) -> str:
        """Of the pixels alone."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()


def require_plausible(session: LivenessSession, frames: Sequence[StepFrame], now: datetime) -> None:
    """All that can be refused before anybody looks at a picture.

    Raises BadFrames, StepMissing, TooFast, TooSlow, FramesAlike.
    """
    most = MOST_OF_STEP * len(session.steps)
    if not 1 <= len(frames) <= most:
        raise BadFrames(f"Send 1 to {MOST_OF_STEP} frames for each step, {most} at most.")
    groups = [(step, len(list(group))) for step, group in groupby(f.step for f in frames)]
    for number, step in enumerate(session.steps):
        if number >= len(groups) or groups[number][0] != step:
            raise StepMissing(f"There is no frame for the step {step} where it was due.")
    if len(groups) > len(session.steps) or any(count > MOST_OF_STEP for _, count in groups):
        raise BadFrames("There are more frames than the challenge has asked for.")
    _require_times(session, frames, now)
    _require_different(frames)


def _require_times(session: LivenessSession, frames: Sequence[StepFrame], now: datetime) -> None:
    """The browser's times have to make sense, and to fit into the time that passed here."""
    elapsed_ms = (now - session.created_at).total_seconds() * 1000
    if elapsed_ms < LEAST_S * 1000 * (len(session.steps) - 1):
        raise TooFast
    for before, after in pairwise(frames):
        passed = after.taken_ms - before.taken_ms
        if passed < (LEAST_MS if after.step != before.step else 0):
            raise TooFast
        if passed > MOST_BETWEEN_MS:
            raise TooSlow
    if frames[-1].taken_ms - frames[0].taken_ms > elapsed_ms + SLACK_MS:
        raise TooFast


def _require_different(frames: Sequence[StepFrame]) -> None:
    """The very same picture for two steps. No camera gives one twice with time in between."""
    steps_of: dict[str, set[str]] = {}
    for frame in frames:
        steps_of.setdefault(frame.digest, set()).add(frame.step)
    if any(len(steps) > 1 for steps in steps_of.values()):
        raise FramesAlike


def by_step(frames: Sequence[StepFrame], items: Sequence[Item]) -> dict[str, list[Item]]:
    """items: one for each frame, in order. Gives them by the frame's step, in order."""
    return dict(_grouped(frames, items))


def _grouped(
    frames: Sequence[StepFrame], items: Sequence[Item]
) -> Iterator[tuple[str, list[Item]]]:
    pairs = zip(frames, items, strict=True)
    for step, group in groupby(pairs, key=lambda pair: pair[0].step):
        yield step, [item for _frame, item in group]
