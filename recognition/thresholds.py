"""Which distance is near enough. Pure but for what is stored: calibration, limits, one count.

A threshold belongs to an embedding model and to the errors the operator accepts. Verifying compares
with one person. Recognizing compares with everybody in the pool, and the chances of a false match
add up: FPIR ≤ 1 − (1 − FMR)^N, so the larger the pool, the nearer a face has to be.

Both follow from the calibration; the model's own thresholds are bounds that nothing loosens, not
even a distance that the operator set: another network's may lie where everybody is near enough.
Without a calibration nobody is: that is a refusal, unless the operator set a distance.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.cache import caches

from people.errors import Refusal
from people.models import EmbeddingModel, Gallery, Person, Template
from recognition.acceptance import accepted
from recognition.calibration import stored
from recognition.calibration.identification import fmr_for
from recognition.calibration.stored import Calibration

_COUNTED_FOR_S = 60  # a pool grows slowly, and counting a million people is not free


class NotCalibrated(Refusal):
    code = "not_calibrated"

    def __init__(self, model: EmbeddingModel) -> None:
        super().__init__(
            f"{model} has no calibration, so no distance is known to be safe."
            " Run: manage.py calibrate"
        )


def calibration_of(model: EmbeddingModel) -> Calibration:
    """Raises NotCalibrated for none, and for one that cannot be trusted."""
    global _last_read
    source, calibration = _last_read
    if source is not model.calibration:
        calibration = stored.read(model.calibration)
        _last_read = model.calibration, calibration
    if calibration is None:
        raise NotCalibrated(model)
    return calibration


# Reading one takes milliseconds. The active model is the same object for as long as its row is the
# same, and so is what it holds.
_last_read: tuple[object, Calibration | None] = (None, None)


def for_verify(model: EmbeddingModel, frames: int = 1, *, fmr: float | None = None) -> float:
    """1:1, a distance ‖a−b‖₂. frames: of the probe. fmr: instead of the accepted one.

    Raises NotCalibrated.
    """
    if settings.VERIFY_THRESHOLD:
        return min(model.verify_threshold, float(settings.VERIFY_THRESHOLD))
    curve = calibration_of(model).for_frames(frames)
    return min(model.verify_threshold, curve.distance_at(fmr or accepted().verify_fmr))


def for_recognize(
    model: EmbeddingModel,
    galleries: Sequence[Gallery] = (),
    frames: int = 1,
    *,
    also_inactive: bool = False,
) -> float:
    """1:N, for the people who are searched now. Raises NotCalibrated."""
    if settings.RECOGNIZE_THRESHOLD:
        return min(model.recognize_threshold, float(settings.RECOGNIZE_THRESHOLD))
    return for_pool(model, pool_size(model, galleries, also_inactive=also_inactive), frames)


def for_pool(
    model: EmbeddingModel, people: int, frames: int = 1, *, fpir: float | None = None
) -> float:
    """The threshold at which a stranger is taken for one of `people` at the accepted FPIR.

    fpir: instead of the accepted one. Raises NotCalibrated.
    """
    curve = calibration_of(model).for_frames(frames)
    fmr = fmr_for(fpir or accepted().recognize_fpir, people)
    return min(model.recognize_threshold, curve.distance_at(fmr))


def for_record(model: EmbeddingModel, *, search: bool = False) -> float:
    """What would have counted, beside a refusal on record; 0 without a calibration: nothing."""
    try:
        return for_recognize(model) if search else for_verify(model)
    except NotCalibrated:
        return 0.0


def for_duplicates(model: EmbeddingModel) -> float:
    """A new face nearer than this to somebody else's is flagged; a human decides.

    Without a calibration the model's own bound flags more, never less.
    """
    try:
        return for_recognize(model)
    except NotCalibrated:
        return model.recognize_threshold


def pool_size(
    model: EmbeddingModel, galleries: Sequence[Gallery] = (), *, also_inactive: bool = False
) -> int:
    """How many people a search would compare with; counted at most once a minute."""
    pool = ",".join(str(pk) for pk in sorted(gallery.pk for gallery in galleries))
    key = f"people:{model.pk}:{pool or 'all'}{':inactive' if also_inactive else ''}"
    cache = caches["process"]
    count = cache.get(key)
    if count is None:
        people = Person.objects.all() if also_inactive else Person.objects.active()
        people = people.in_galleries(galleries)
        count = Template.objects.of(model).filter(person__in=people).count()
        cache.set(key, count, _COUNTED_FOR_S)
    return int(count)
