"""Which distance is near enough. Pure but for one count.

A threshold belongs to an embedding model and to what an error costs. Verifying compares with one
person. Recognizing compares with everybody in the pool, and the chances of a false match add up:
FPIR ≈ 1 − (1 − FMR)^N, so the larger the pool, the nearer a face has to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.conf import settings
from django.core.cache import caches

from people.models import EmbeddingModel, Gallery, Person, Template

Curve = Sequence[tuple[float, float]]

_COUNTED_FOR_S = 60  # a pool grows slowly, and counting a million people is not free


def for_verify(model: EmbeddingModel) -> float:
    """1:1, a distance ‖a−b‖₂."""
    return float(settings.VERIFY_THRESHOLD or model.verify_threshold)


def for_recognize(model: EmbeddingModel, galleries: Sequence[Gallery] = ()) -> float:
    """1:N, for the people who are searched now; never laxer than the model's own threshold."""
    if settings.RECOGNIZE_THRESHOLD:
        return float(settings.RECOGNIZE_THRESHOLD)
    return for_pool(model, pool_size(model, galleries))


def for_pool(model: EmbeddingModel, people: int) -> float:
    """The threshold at which a stranger is taken for one of `people` at the accepted FPIR.

    Without a curve the model's own threshold stands, whatever the pool.
    """
    curve: Curve = model.calibration.get("curve", [])
    if len(curve) < 2:
        return model.recognize_threshold
    fmr = -math.expm1(math.log1p(-settings.RECOGNIZE_FPIR) / max(people, 1))
    return min(model.recognize_threshold, distance_at(curve, fmr))


def distance_at(curve: Curve, fmr: float) -> float:
    """The distance at a false match rate; log FMR is close to a line between measured points.

    curve: (FMR, distance), at least two. Beyond the smallest FMR measured the last line goes on,
    which is a guess; beyond the largest its distance stands. Never below 0.
    """
    points = sorted((math.log(rate), distance) for rate, distance in curve)
    wanted = math.log(fmr)
    if wanted >= points[-1][0]:
        return points[-1][1]
    above = next(i for i, (rate, _distance) in enumerate(points) if wanted < rate)
    (x0, y0), (x1, y1) = points[max(above - 1, 0)], points[max(above, 1)]
    return max(0.0, y0 + (wanted - x0) * (y1 - y0) / (x1 - x0))


def pool_size(model: EmbeddingModel, galleries: Sequence[Gallery] = ()) -> int:
    """How many people a search would compare with; counted at most once a minute."""
    pool = ",".join(str(pk) for pk in sorted(gallery.pk for gallery in galleries))
    key = f"people:{model.pk}:{pool or 'all'}"
    cache = caches["process"]
    count = cache.get(key)
    if count is None:
        people = Person.objects.active().in_galleries(galleries)
        count = Template.objects.of(model).filter(person__in=people).count()
        cache.set(key, count, _COUNTED_FOR_S)
    return int(count)
