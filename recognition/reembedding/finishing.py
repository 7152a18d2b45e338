"""The end of a run: the index is built beside the old one, checked, and the model is ready.

A run is running until all of it is over, activation included: killed before, the sweep finishes it,
and nobody who watches sees it done too early.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from pgvector.django import L2Distance

from people.errors import Refusal
from people.locking import lock_all_enrolment
from people.models import EmbeddingModel, EmbeddingModelState, Template
from people.vectors import Vector, unit
from recognition import search
from recognition.models import ReembeddingRun
from recognition.reembedding import switching
from recognition.reembedding.standby import lacking

logger = logging.getLogger(__name__)

SAMPLE = 200  # searches the index is checked by
LEAST_RECALL = 0.98  # of enrolled people; less means the index was built wrong
SAME_FACE = 0.5  # how far a probe of the check lies from a template, as a share of the 1:1 bound


class IndexPoor(Refusal):
    code = "index_poor"


def finish(run_id: int) -> None:
    """Build and check the index; then the model is ready, and active if that was asked for.

    Returns at once when somebody else is at it. Stopped half-way, it is done again.
    """
    with _exclusively(run_id) as is_mine:
        run = _begin(run_id) if is_mine else None
        if run is None:
            return
        try:
            recall = _indexed(run.model)
        except Refusal as refusal:
            ReembeddingRun.objects.filter(pk=run_id).update(error=refusal.message[:400])
            return
        _end(run, recall)


def _begin(run_id: int) -> ReembeddingRun | None:
    running = ReembeddingRun.objects.filter(pk=run_id, state=ReembeddingRun.State.RUNNING)
    running.update(phase=ReembeddingRun.Phase.INDEXING, progress_at=timezone.now())
    return running.select_related("model").first()


def _indexed(model: EmbeddingModel) -> float:
    """The recall of searches under this model, its index built where it is due.

    Raises IndexPoor when somebody else is still building it, or it finds too few.
    """
    search.ensure_index(model)
    if not search.is_searchable(model):
        raise IndexPoor("The index is still being built.")
    recall = recall_of(model)
    if recall < LEAST_RECALL:
        search.drop_index(model)  # the next try builds it anew
        raise IndexPoor(f"The index finds {recall:.0%} of the people; it is built again.")
    return recall


def recall_of(model: EmbeddingModel, sample: int = SAMPLE) -> float:
    """How often the search that requests use finds whom exact search does; 1.0 with nobody.

    Asked with vectors near those of enrolled people, as their faces on another day are.
    """
    stored = list(model.templates.order_by("?").values_list("vector", flat=True)[:sample])
    rng = np.random.default_rng(len(stored))
    found = 0
    for vector in stored:
        probe = _near(vector, SAME_FACE * model.verify_threshold, rng)
        nearest = search.nearest(probe, model=model, limit=1, also_inactive=True)
        exact = Template.objects.of(model).order_by(L2Distance("vector", probe))
        found += nearest[0].who.pk == exact.values_list("person_id", flat=True)[0]
    return found / len(stored) if stored else 1.0


def _near(vector: Vector, far: float, rng: np.random.Generator) -> Vector:
    away = rng.normal(size=vector.shape)
    return unit(vector + far * np.asarray(away / np.linalg.norm(away), np.float32))


@transaction.atomic
def _end(run: ReembeddingRun, recall: float) -> None:
    """The model is ready, active if that was asked for, and the run done: in one transaction.

    Nothing when it was paused, cancelled or asked to activate meanwhile, or photos became ready
    that lack a vector.
    """
    if run.activate_when_done:
        lock_all_enrolment()  # as activating does, and before any other lock
    current = ReembeddingRun.objects.select_for_update().get(pk=run.pk)
    model = EmbeddingModel.objects.select_for_update().get(pk=run.model_id)
    if current.state != ReembeddingRun.State.RUNNING:
        return
    if current.activate_when_done and not run.activate_when_done:
        return  # the next try takes the lock first
    if lacking(model).exists():
        current.phase = ReembeddingRun.Phase.EMBEDDING
        current.save(update_fields=["phase"])
        return
    if model.state == EmbeddingModelState.BUILDING:
        model.state = EmbeddingModelState.READY
        model.save(update_fields=["state"])
    is_due = current.activate_when_done and model.state == EmbeddingModelState.READY
    current.error = _activate(current, model) if is_due else ""
    current.state, current.finished_at = ReembeddingRun.State.DONE, timezone.now()
    current.recall, current.settled = recall, current.total
    current.save()


def _activate(run: ReembeddingRun, model: EmbeddingModel) -> str:
    """What stood in the way; nothing when the model is active now."""
    try:
        switching.activate(
            model=model, may_miss=run.may_miss, overrides=run.overrides, by=run.started_by
        )
    except Refusal as refusal:
        logger.warning("Run %d ends; its model was not activated: %s", run.pk, refusal.code)
        # Without the names it may list: they would outlive an erasure here.
        return (refusal.message.partition(":")[0].removesuffix(".") + ".")[:400]
    return ""


@contextmanager
def _exclusively(run_id: int) -> Iterator[bool]:
    """The lock goes with the connection of a holder that dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('reembedding'), %s)", [run_id])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('reembedding'), %s)", [run_id])
