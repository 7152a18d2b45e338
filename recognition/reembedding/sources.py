"""Where a vector under a model comes from: a photo, or its vector under another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from people.errors import Refusal
from people.images import BadPhoto, Pixels, decode, read_bytes
from people.models import EmbeddingModel, EmbeddingModelState, FaceEmbedding, FaceImage
from people.storage import require_store
from people.vectors import Vector
from recognition import heads, runtime
from recognition.ahead import in_batches, one_ahead
from recognition.engine import EmbeddedFace, FaceRefused
from recognition.models import ReembeddingFailure

# A vector or why there is none, by photo. Photos that are gone are absent.
Outcomes = Mapping[int, Vector | Refusal]

PHOTOS_AT_ONCE = 16  # about two seconds of one core
VECTORS_AT_ONCE = 5000  # a matrix product and one statement; about as long


def size_for(model: EmbeddingModel) -> int:
    """How many photos of this model are handed out together."""
    return PHOTOS_AT_ONCE if _vectors_of(model) is None else VECTORS_AT_ONCE


def outcomes_of(model: EmbeddingModel, image_ids: Sequence[int]) -> Outcomes:
    """Raises WeightsMissing, HeadMissing, or the database's or the storage's error."""
    base = _vectors_of(model)
    if base is None:
        return _from_photos(model, image_ids)
    return _from_vectors(model, base, image_ids)


def _vectors_of(model: EmbeddingModel) -> EmbeddingModel | None:
    """The model whose stored vectors give this one's; None when photos have to be read."""
    base = heads.base_of(model)
    return None if base is None or base.state == EmbeddingModelState.RETIRED else base


def _from_photos(model: EmbeddingModel, image_ids: Sequence[int]) -> Outcomes:
    outcomes: dict[int, Vector | Refusal] = {}
    engine = runtime.engine_for(model)
    images = list(FaceImage.objects.ready().filter(pk__in=image_ids).order_by("pk"))

    def read(batch: Sequence[FaceImage]) -> Mapping[int, Pixels]:
        readable: dict[int, Pixels] = {}
        for image in batch:
            try:
                readable[image.pk] = pixels_of(image)
            except Refusal as refusal:
                outcomes[image.pk] = refusal
        return readable

    def look(readable: Mapping[int, Pixels]) -> list[EmbeddedFace | FaceRefused]:
        return engine.enrol(list(readable.values()))

    for readable, found in one_ahead(in_batches(images), read, look):
        for pk, outcome in zip(readable, found, strict=True):
            outcomes[pk] = outcome.embedding if isinstance(outcome, EmbeddedFace) else outcome
    return outcomes


def pixels_of(image: FaceImage) -> Pixels:
    """Raises BadPhoto, or the storage's error when the file cannot be read, or is not there and
    neither are the others."""
    try:
        with image.file.open("rb") as file:
            return decode(read_bytes(file)).pixels
    except FileNotFoundError as error:
        require_store()
        raise BadPhoto(
            "The file of this photo is gone. Delete it and add another one.", code="photo_lost"
        ) from error


def _from_vectors(
    model: EmbeddingModel, base: EmbeddingModel, image_ids: Sequence[int]
) -> Outcomes:
    head = heads.head_of(model.recipe)
    vectors = FaceEmbedding.objects.of(base).filter(image__in=image_ids)
    stored = dict(vectors.values_list("image_id", "vector"))
    absent = Refusal(f"{base} has no vector of this photo either.", code="no_vector")
    outcomes: dict[int, Vector | Refusal] = dict.fromkeys(image_ids, absent)
    if stored:
        outcomes.update(zip(stored, head.apply(np.stack(list(stored.values()))), strict=True))
    # A ready photo the base has no vector of has none here, for the same reason.
    for failure in ReembeddingFailure.objects.filter(model=base, image__in=image_ids):
        outcomes[failure.image_id] = Refusal(failure.reason, code=failure.code)
    return outcomes
