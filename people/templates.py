"""Templates follow the embeddings they are made of, in the same transaction."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db import connection
from django.utils import timezone

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


def refresh_templates(*, people: Sequence[int], model: EmbeddingModel) -> None:
    """Recompute the templates of many people, by two statements. people: keys.

    The caller holds their row locks. Whoever has no ready photo under the model has no template.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a template changes only in the transaction of its embeddings")
    rows = (
        FaceEmbedding.objects.of(model)
        .filter(image__person__in=people, image__state=FaceImageState.READY)
        .order_by("image__person_id", "image_id")
        .values_list("image__person_id", "vector")
    )
    templates = []
    for person_id, group in groupby(rows, key=itemgetter(0)):
        vectors = np.stack([vector for _person, vector in group])
        templates.append(
            Template(
                person_id=person_id,
                model=model,
                vector=template_of(vectors),
                photos=len(vectors),
                updated_at=timezone.now(),
            )
        )
    Template.objects.bulk_create(
        templates,
        update_conflicts=True,
        unique_fields=["model", "person"],
        update_fields=["vector", "photos", "updated_at"],
    )
    kept = [template.person_id for template in templates]
    Template.objects.of(model).filter(person__in=people).exclude(person__in=kept).delete()
