"""Passive PAD, as the operator has set it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.conf import settings

from recognition.engine import Face, WeightsMissing, weights
from recognition.engine.antispoof import AntiSpoof
from recognition.liveness.frames import StepFrame
from recognition.liveness.refusals import PadUnavailable, PresentationAttack
from recognition.runtime import antispoof

IF_AVAILABLE, OFF = "if_available", "off"  # anything else is required
# Of all faces that are there themselves, one in ten is refused below it: docs/adr/0011.
LEAST = 0.65


def require_genuine(straight: Sequence[tuple[StepFrame, Face]]) -> None:
    """straight: the frames in which the face looks straight, as the networks were trained.

    Networks that are altered are never passed over; those that were never fetched are, unless
    they are required. Raises PadUnavailable, PresentationAttack.
    """
    if not _is_asked_for():
        return
    try:
        judge(straight, antispoof())
    except WeightsMissing as error:
        raise PadUnavailable from error


def judge(straight: Sequence[tuple[StepFrame, Face]], networks: AntiSpoof) -> None:
    """Raises PresentationAttack, WeightsMissing."""
    scores = [networks.score(frame.pixels, face.box) for frame, face in straight]
    if not float(np.mean(scores)) >= LEAST:
        raise PresentationAttack


def require_networks() -> None:
    """Before anybody has to answer a challenge. Raises PadUnavailable when none can pass."""
    if not _is_asked_for():
        return
    try:
        antispoof().load()
    except WeightsMissing as error:
        raise PadUnavailable from error


def are_never_fetched() -> bool:
    """Whether they are passed over for that alone."""
    return bool(settings.LIVENESS_PAD == IF_AVAILABLE and not weights.has_pad(settings.MODELS_DIR))


def _is_asked_for() -> bool:
    return bool(settings.LIVENESS_PAD != OFF and not are_never_fetched())
