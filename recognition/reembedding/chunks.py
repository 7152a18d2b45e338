"""Embed one chunk of a run: safe to run twice, on two workers, and after a kill.

A chunk is claimed by a committed update that expires, worked on outside any transaction, and
settled in one: vectors, templates, failures and counters together, and the row goes. Whoever comes
second finds no row and writes nothing.

Lock order: chunk, people (by key), run. Whoever enrols, deletes or erases locks the person first,
too, and never a chunk.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from people.errors import Refusal
from people.models import EmbeddingModel, FaceEmbedding, FaceImage, Person
from people.templates import refresh_templates
from people.vectors import Vector
from recognition.engine import WeightsMissing
from recognition.enrolment import TOGETHER, embed_images
from recognition.heads import HeadMissing
from recognition.models import ReembeddingChunk, ReembeddingRun
from recognition.reembedding.sources import Outcomes, outcomes_of
from recognition.reembedding.standby import LIVE, note_failures

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=30)
SPLIT_AFTER = 2  # deaths of workers: then each photo alone, so that only the guilty one fails
GIVE_UP_AFTER = 5  # deaths over one photo
RATE_EVERY = timedelta(seconds=3)  # between two looks at how fast it goes


def embed_chunk(chunk_id: int) -> int | None:
    """Work one chunk off. Returns the run to go on with, None when there was nothing to do.

    Raises WeightsMissing, HeadMissing, or the database's or the storage's error; the chunk is then
    given back.
    """
    chunk = _claim(chunk_id)
    if chunk is None:
        return None
    _embed_who_waits()
    try:
        outcomes = _outcomes(chunk)
        _settle(chunk, outcomes)
    except (OperationalError, OSError, WeightsMissing, HeadMissing) as error:
        # Not the photos' fault: given back at once and uncounted.
        _give_back(chunk, error)
        raise
    return chunk.run_id


def _claim(chunk_id: int) -> ReembeddingChunk | None:
    now = timezone.now()
    with transaction.atomic():
        chunk = (
            ReembeddingChunk.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("run__model")
            .filter(Q(claimed_until=None) | Q(claimed_until__lt=now), pk=chunk_id)
            .filter(run__state=ReembeddingRun.State.RUNNING)
            .first()
        )
        if chunk is None:
            return None
        if chunk.tries >= SPLIT_AFTER and len(chunk.image_ids) > 1:
            chunk = _split(chunk)
        chunk.tries += 1
        chunk.claimed_until = now + CLAIM
        chunk.save(update_fields=["tries", "claimed_until"])
    return chunk


def _split(chunk: ReembeddingChunk) -> ReembeddingChunk:
    """Each photo a chunk of its own; the others are queued when the run is looked after next."""
    first, *others = chunk.image_ids
    past = timezone.now() - timedelta(days=1)  # nobody has queued them
    ReembeddingChunk.objects.bulk_create(
        ReembeddingChunk(run=chunk.run, image_ids=[pk], queued_at=past) for pk in others
    )
    chunk.image_ids, chunk.tries = [first], 0
    chunk.save(update_fields=["image_ids", "tries"])
    return chunk


def _embed_who_waits() -> None:
    """A few photos that somebody has just enrolled go first, whatever order the broker keeps."""
    waiting = FaceImage.objects.pending().unclaimed().order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:TOGETHER])
    if not ids:
        return
    try:
        embed_images(ids)
    except (OSError, WeightsMissing) as error:
        # Their own message tries again; this chunk need not wait for it.
        logger.warning("Photos that wait could not be embedded: %s", type(error).__name__)


def _outcomes(chunk: ReembeddingChunk) -> Outcomes:
    if chunk.tries > GIVE_UP_AFTER:
        given_up = Refusal("This photo could not be processed.", code="processing_failed")
        return dict.fromkeys(chunk.image_ids, given_up)
    return outcomes_of(chunk.run.model, chunk.image_ids)


def _give_back(chunk: ReembeddingChunk, error: Exception) -> None:
    ReembeddingChunk.objects.filter(pk=chunk.pk).update(
        claimed_until=None, tries=F("tries") - 1, queued_at=timezone.now()
    )
    said = error.message if isinstance(error, Refusal) else "The storage or database fails."
    # One that has ended says how it ended, whoever comes late.
    ReembeddingRun.objects.filter(pk=chunk.run_id, state__in=LIVE).update(error=said[:400])


@transaction.atomic
def _settle(chunk: ReembeddingChunk, outcomes: Outcomes) -> None:
    current = ReembeddingChunk.objects.select_for_update().filter(pk=chunk.pk).first()
    if current is None:  # cancelled, or settled by somebody who was faster
        return
    model = chunk.run.model
    failed = _write(model, chunk.image_ids, outcomes)
    current.delete()
    _count(chunk.run_id, settled=len(chunk.image_ids), failed=failed)


def _write(model: EmbeddingModel, image_ids: Sequence[int], outcomes: Outcomes) -> int:
    """Vectors, templates and failures of photos that are still ready. Returns the failures."""
    owners = FaceImage.objects.filter(pk__in=image_ids).values_list("person_id", flat=True)
    people = Person.objects.select_for_update(no_key=True).order_by("pk").filter(pk__in=set(owners))
    locked = [person.pk for person in people]
    # Only now: a photo may have been deleted while its person's lock was waited for.
    ready = FaceImage.objects.ready().filter(pk__in=image_ids, person__in=locked)
    present = set(ready.values_list("pk", flat=True))
    stored = FaceEmbedding.objects.of(model).filter(image__in=present)
    known = set(stored.values_list("image_id", flat=True))
    vectors: dict[int, Vector] = {}
    refusals: dict[int, Refusal] = {}
    for pk in sorted(present - known):
        outcome = outcomes.get(pk)
        if isinstance(outcome, Refusal):
            refusals[pk] = outcome
        elif outcome is not None:
            vectors[pk] = outcome
    FaceEmbedding.objects.bulk_create(
        [FaceEmbedding(image_id=pk, model=model, vector=vector) for pk, vector in vectors.items()],
        update_conflicts=True,
        unique_fields=["image", "model"],
        update_fields=["vector"],
    )
    note_failures(model, refusals)
    refresh_templates(people=locked, model=model)
    return len(refusals)


def _count(run_id: int, *, settled: int, failed: int) -> None:
    run = ReembeddingRun.objects.select_for_update().get(pk=run_id)
    now = timezone.now()
    run.settled += settled
    run.failed += failed
    run.progress_at, run.error = now, ""
    since = now - run.marked_at
    if since >= RATE_EVERY:
        lately = (run.settled - run.marked_settled) / since.total_seconds()
        run.rate = lately if not run.rate else (run.rate + lately) / 2
        run.marked_at, run.marked_settled = now, run.settled
    run.save(
        update_fields=["settled", "failed", "progress_at", "error", "rate", "marked_at",
                       "marked_settled"]
    )  # fmt: skip
