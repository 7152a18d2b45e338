"""Models whose vectors are kept beside the active one's: for a switch, or for going back."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet

from people.errors import Refusal
from people.models import EmbeddingModel, EmbeddingModelState, FaceEmbedding, FaceImage
from recognition.models import ReembeddingFailure, ReembeddingRun

LIVE = (ReembeddingRun.State.RUNNING, ReembeddingRun.State.PAUSED)


def in_step() -> QuerySet[EmbeddingModel]:
    """All but the active one under which a new photo gets a vector, too.

    Those that can be activated at once, and those that are being built.
    """
    runs = ReembeddingRun.objects.filter(model=OuterRef("pk"), state__in=LIVE)
    return EmbeddingModel.objects.filter(
        Q(state=EmbeddingModelState.READY) | Q(Exists(runs), state=EmbeddingModelState.BUILDING)
    ).order_by("pk")


def ready() -> QuerySet[EmbeddingModel]:
    """Those that can be activated at once."""
    return EmbeddingModel.objects.filter(state=EmbeddingModelState.READY).order_by("pk")


def lacking(model: EmbeddingModel) -> QuerySet[FaceImage]:
    """Ready photos that have neither a vector under this model nor a reason why not."""
    photo = OuterRef("pk")
    return FaceImage.objects.ready().filter(
        ~Exists(FaceEmbedding.objects.of(model).filter(image=photo)),
        ~Exists(ReembeddingFailure.objects.filter(model=model, image=photo)),
    )


def note_failures(model: EmbeddingModel, refusals: Mapping[int, Refusal]) -> None:
    """List photos that have no vector under a model."""
    ReembeddingFailure.objects.bulk_create(
        [
            ReembeddingFailure(
                model=model, image_id=pk, code=refusal.code, reason=refusal.message[:400]
            )
            for pk, refusal in refusals.items()
        ],
        update_conflicts=True,
        unique_fields=["image", "model"],
        update_fields=["code", "reason"],
    )
