"""Whether a face alone may log in: only while strangers are as rare as the operator allows."""

from __future__ import annotations

import math
from itertools import pairwise

from django.conf import settings

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition import thresholds
from recognition.thresholds import Curve


class PromiseBroken(Refusal):
    code = "promise_broken"


def require() -> None:
    """Raises PromiseBroken with what to do."""
    model = EmbeddingModel.objects.current()
    curve: Curve = model.calibration.get("curve", [])
    if len(curve) < 2:
        raise PromiseBroken(
            "Logging in by face alone is off: nobody has measured how often strangers match."
            " Use your password."
        )
    people = thresholds.pool_size(model)
    fmr = rate_at(curve, thresholds.for_recognize(model))
    if fpir(fmr, people) > settings.RECOGNIZE_FPIR * 1.001:  # rounding is no reason
        raise PromiseBroken(
            "Logging in by face alone is off: with so many people enrolled, strangers would match"
            " more often than is allowed. Use your password."
        )


def fpir(fmr: float, people: int) -> float:
    """How often a search of so many people takes a stranger for one of them."""
    return -math.expm1(people * math.log1p(-fmr)) if fmr < 1 else 1.0


def rate_at(curve: Curve, distance: float) -> float:
    """The false match rate at a distance; never below the smallest that was measured.

    curve: (FMR, distance), at least two. log FMR is close to a line between measured points;
    beyond the largest distance every stranger counts as a match.
    """
    points = sorted((at, math.log(rate)) for rate, at in curve)
    if distance <= points[0][0]:
        return math.exp(points[0][1])
    for (x0, y0), (x1, y1) in pairwise(points):
        if distance <= x1:
            return math.exp(y0 + (y1 - y0) * (distance - x0) / (x1 - x0))
    return 1.0
