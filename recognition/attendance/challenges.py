"""Challenges of devices: whoever clocks moves as they are asked, since a photo proves nothing.

One is bound to its device and to clocking: none of a log-in serves here, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from recognition import liveness
from recognition.liveness import Live, StepFrame
from recognition.liveness.challenges import take
from recognition.liveness.refusals import NotLive
from recognition.models import AttemptSource, Device, LivenessPurpose, LivenessSession


def start(*, device: Device, address: str) -> LivenessSession:
    """Raises TooManyChallenges, TooManyFailed, WeightsMissing, PadUnavailable."""
    return liveness.start(
        purpose=LivenessPurpose.CLOCK, bound_to=_bound_to(device), address=address
    )


def check(*, nonce: str, frames: Sequence[StepFrame], device: Device, address: str) -> Live:
    """Look at the answer; every outcome is on record. Raises as `liveness.check`."""
    return liveness.check(
        nonce=nonce,
        purpose=LivenessPurpose.CLOCK,
        bound_to=_bound_to(device),
        address=address,
        frames=frames,
        source=AttemptSource.DEVICE,
        actor=device.account,
        whose=_bound_to(device),
    )


def refuse(*, code: str, device: Device, nonce: object = None, address: str = "") -> None:
    """What was sent as an answer and cannot be one is on record all the same, under this code.

    nonce: the challenge that it uses up as any other answer does; None for none. Call it in no
    transaction that a refusal rolls back. Raises ErasedMeanwhile.
    """
    if isinstance(nonce, str):
        with suppress(NotLive):
            take(
                nonce=nonce,
                purpose=LivenessPurpose.CLOCK,
                bound_to=_bound_to(device),
                address=address,
            )
    liveness.put_on_record(code=code, source=AttemptSource.DEVICE, actor=device.account)


def _bound_to(device: Device) -> str:
    return f"device {device.public_id}"
