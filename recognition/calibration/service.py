"""The sets a calibration can rest on, and keeping it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from django.db import transaction
from django.utils import timezone

from people.models import EmbeddingModel, FaceEmbedding, FaceImageState, Gallery
from people.vectors import Vector
from recognition import heads
from recognition.acceptance import Accepted
from recognition.calibration.measuring import PhotoSet
from recognition.calibration.stored import Calibration
from recognition.evaluation.photo_sets import Embedder
from recognition.models import Acceptance
from recognition.runtime import engine_for


def enrolled_set(model: EmbeddingModel, gallery: Gallery | None) -> PhotoSet:
    """Active people with their ready photos; None means everybody.

    Only vectors of enrolled photos are kept, so they stand for probes too.
    """
    rows = FaceEmbedding.objects.of(model).filter(
        image__state=FaceImageState.READY, image__person__is_active=True
    )
    if gallery is not None:
        rows = rows.filter(image__person__galleries=gallery)
    people: dict[int, list[Vector]] = {}
    names: dict[int, str] = {}
    listed = rows.order_by("image_id").values_list(
        "image__person_id", "image__person__full_name", "vector"
    )
    for person, name, vector in listed.iterator(chunk_size=2000):
        people.setdefault(person, []).append(vector)
        names[person] = f"{name} ({person})"  # two people may have one name
    found = {names[pk]: np.repeat(np.stack(own)[:, None], 2, axis=1) for pk, own in people.items()}
    called = f"the gallery {gallery}" if gallery else "everybody enrolled"
    return PhotoSet(called, found, is_own=True)


def embedder(model: EmbeddingModel, cache: Path | None) -> Embedder:
    """Raises HeadMissing."""
    base = heads.base_of(model)
    if base is None:
        return Embedder(engine_for(model), cache)
    return Embedder(engine_for(base), cache, heads.head_of(model.recipe).apply)


def today() -> str:
    return timezone.localdate().isoformat()


@transaction.atomic
def keep(*, model: EmbeddingModel, calibration: Calibration) -> None:
    """From now on thresholds follow it."""
    current = EmbeddingModel.objects.select_for_update().get(pk=model.pk)
    current.calibration = calibration.as_json()
    current.save(update_fields=["calibration"])


def accept(rates: Accepted) -> None:
    """From now on thresholds follow these rates, unless the environment says others."""
    Acceptance.objects.update_or_create(
        pk=1,
        defaults={
            "verify_fmr": rates.verify_fmr,
            "recognize_fpir": rates.recognize_fpir,
            "fnmr_warning": rates.fnmr_warning,
        },
    )
