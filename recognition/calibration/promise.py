"""Whether the error rates that are accepted can be promised now, and why not.

Whatever lets strangers act on an answer asks here first, and refuses when the promise does not
hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from people.errors import Refusal
from people.models import EmbeddingModel, Gallery
from recognition import thresholds
from recognition.acceptance import accepted
from recognition.calibration import stored
from recognition.calibration.curve import Curve
from recognition.calibration.identification import fmr_for, fpir_for

NOT_CALIBRATED, BY_HAND, OUTGROWN = "not_calibrated", "threshold_by_hand", "gallery_outgrown"
UNSUPPORTED = "sample_too_small"


@dataclass(frozen=True, slots=True)
class Promise:
    """accepted: the rate that was asked for. stated: the rate at this threshold, 95 % low…high.

    people: how many are searched; 1 for verify. room: for how many the promise would hold.
    code, reason: why it does not hold; empty when it does.
    """

    holds: bool
    people: int
    accepted: float
    threshold: float
    stated: float
    low: float
    high: float
    room: int
    measured: bool
    code: str = ""
    reason: str = ""

    def require(self) -> None:
        """Raises Refusal when it does not hold."""
        if not self.holds:
            raise Refusal(self.reason, code=self.code)


def promise_for(
    model: EmbeddingModel, galleries: Sequence[Gallery] = (), *, frames: int = 1
) -> Promise:
    """1:N: that a stranger gets a name no more often than accepted. No galleries: everybody."""
    return promise_among(model, thresholds.pool_size(model, galleries), frames=frames)


def promise_among(
    model: EmbeddingModel, people: int, *, frames: int = 1, fpir: float | None = None
) -> Promise:
    """The same for so many people. fpir: instead of the accepted one."""
    people, wanted = max(people, 1), fpir or accepted().recognize_fpir
    calibration = stored.read(model.calibration)
    if calibration is None:
        return _none(model, people, wanted)
    by_hand = settings.RECOGNIZE_THRESHOLD
    threshold = (
        min(model.recognize_threshold, float(by_hand))
        if by_hand
        else thresholds.for_pool(model, people, frames, fpir=wanted)
    )
    curve = calibration.for_frames(frames)
    return _judge(curve, threshold, people, wanted, by_hand=bool(by_hand))


def promise_to_verify(
    model: EmbeddingModel, *, frames: int = 1, fmr: float | None = None
) -> Promise:
    """1:1: that somebody passes as one other person no more often than accepted."""
    wanted = fmr or accepted().verify_fmr
    calibration = stored.read(model.calibration)
    if calibration is None:
        return _none(model, 1, wanted)
    threshold = thresholds.for_verify(model, frames, fmr=wanted)
    curve = calibration.for_frames(frames)
    return _judge(curve, threshold, 1, wanted, by_hand=bool(settings.VERIFY_THRESHOLD))


def require_to_recognize(
    model: EmbeddingModel,
    galleries: Sequence[Gallery] = (),
    *,
    frames: int = 1,
    also_inactive: bool = False,
) -> None:
    """Asked before each 1:N search. An operator who has set a distance by hand, or who goes on
    beyond the promise, knows what that means.

    Raises Refusal: gallery_outgrown, sample_too_small; NotCalibrated.
    """
    if settings.RECOGNIZE_THRESHOLD or settings.RECOGNIZE_BEYOND_PROMISE:
        return
    searched = thresholds.pool_size(model, galleries, also_inactive=also_inactive)
    people = max(searched, 1)
    wanted = fmr_for(accepted().recognize_fpir, people)
    if not thresholds.calibration_of(model).for_frames(frames).supports(wanted):
        promise_among(model, people, frames=frames).require()


def require_to_verify(model: EmbeddingModel, *, frames: int = 1) -> None:
    """Asked before each 1:1 comparison that lets somebody pass without a password.

    Raises Refusal: sample_too_small; NotCalibrated.
    """
    if settings.VERIFY_THRESHOLD:
        return
    curve = thresholds.calibration_of(model).for_frames(frames)
    if not curve.supports(accepted().verify_fmr):
        promise_to_verify(model, frames=frames).require()


def _none(model: EmbeddingModel, people: int, wanted: float) -> Promise:
    return Promise(
        holds=False,
        people=people,
        accepted=wanted,
        threshold=0.0,
        stated=1.0,
        low=0.0,
        high=1.0,
        room=0,
        measured=False,
        code=NOT_CALIBRATED,
        reason=thresholds.NotCalibrated(model).message,
    )


def _judge(curve: Curve, threshold: float, people: int, wanted: float, *, by_hand: bool) -> Promise:
    low, high = (fpir_for(rate, people) for rate in curve.interval_at(threshold))
    stated = fpir_for(curve.fmr_at(threshold), people)
    room = _room(curve, wanted)
    code, reason = _fault(curve, threshold, people, wanted, by_hand=by_hand)
    return Promise(
        holds=not code,
        people=people,
        accepted=wanted,
        threshold=threshold,
        stated=stated,
        low=low,
        high=high,
        room=room,
        measured=curve.is_measured_at(curve.fmr_at(threshold)),
        code=code,
        reason=reason,
    )


def _fault(
    curve: Curve, threshold: float, people: int, wanted: float, *, by_hand: bool
) -> tuple[str, str]:
    fmr = fmr_for(wanted, people)
    if by_hand and threshold > curve.distance_at(fmr):
        return BY_HAND, (
            f"The threshold {threshold:g}, set by hand, lets more strangers pass than accepted"
            f" ({in_words(wanted)}): that takes {curve.distance_at(fmr):.3f}. Remove the setting."
        )
    if curve.supports(fmr):
        return "", ""
    room = _room(curve, wanted)
    if people > 1 and room:
        return OUTGROWN, (
            f"{people:,} people are searched, and the calibration can state {in_words(wanted)}"
            f" for {room:,} at most. Calibrate on more people, accept more errors, or search a"
            " smaller gallery."
        )
    return UNSUPPORTED, (
        f"The calibration rests on too few people to state {in_words(wanted)}."
        " Calibrate on more people: manage.py calibrate"
    )


def _room(curve: Curve, wanted: float) -> int:
    """The most people among whom the rate can still be stated."""
    if not curve.supports(wanted):
        return 0
    people = int(wanted / curve.supported)  # close, and never more than is right
    return max(people, 1)


def in_words(rate: float) -> str:
    """1 in 100; 3 in 100; 1 in 10,000."""
    if rate <= 0:
        return "none in 1,000,000"
    if rate >= 0.015:
        return f"{rate * 100:.0f} in 100"
    return f"1 in {_round(1 / rate):,}"


def _round(number: float) -> int:
    """To two digits, since no rate here is known better."""
    return int(float(f"{number:.2g}"))
