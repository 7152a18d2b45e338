"""Templates follow the embeddings they are made of, in the same transaction."""

import numpy as np
from django.db import connection

from people.models import EmbeddingModel, FaceEmbedding, FaceImageState, Person, Template
from people.vectors import Vector, template_of


def ready_embeddings(*, person: Person, model: EmbeddingModel) -> list[Vector]:
    return list(
        FaceEmbedding.objects.of(model)
        .filter(image__person=person, image__state=FaceImageState.READY)
        .order_by("image_id")
        .values_list("vector", flat=True)
    )


def refresh_template(*, person: Person, model: EmbeddingModel) -> Template | None:
    """Recompute a person's template from all ready photos; none left, none kept.

    The caller holds the person's row lock, so that two photos at once both count.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a template changes only in the transaction of its embeddings")
    vectors = ready_embeddings(person=person, model=model)
    if not vectors:
        Template.objects.of(model).filter(person=person).delete()
        return None
    template, _created = Template.objects.update_or_create(
        person=person,
        model=model,
        defaults={"vector": template_of(np.stack(vectors)), "photos": len(vectors)},
    )
    return template
