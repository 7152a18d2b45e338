"""Celery tasks. Each is one service call and safe to run twice."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.db import OperationalError

from people import imports
from recognition import upkeep
from recognition.engine import WeightsMissing
from recognition.enrolment import embed_images
from recognition.heads import HeadMissing
from recognition.queueing import gathered, queue_import
from recognition.reembedding import runs
from recognition.webhooks import delivery

# Shorter than the broker waits before it gives a task to somebody else; between the slices a
# worker can embed what has been stored.
IMPORT_SLICE_S = 15


@shared_task(
    autoretry_for=(OperationalError, OSError, WeightsMissing),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,  # after that the sweep takes over
)
def embed_photos(image_ids: list[int]) -> None:
    embed_images(image_ids)


@shared_task(
    autoretry_for=(OperationalError, OSError),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,
)
def import_archive(run_id: int) -> None:
    with gathered():
        is_unfinished = imports.work_off(run_id=run_id, for_seconds=IMPORT_SLICE_S)
    if is_unfinished:
        queue_import(run_id)


@shared_task(
    autoretry_for=(OperationalError, OSError, WeightsMissing, HeadMissing),
    retry_backoff=True,
    retry_backoff_max=20,
    max_retries=3,  # after that the sweep takes over
)
def reembed_chunk(chunk_id: int) -> None:
    runs.work_off(chunk_id)


@shared_task  # not retried: the row says when, and the sweep looks
def deliver(delivery_id: int) -> None:
    delivery.deliver(delivery_id=delivery_id)


@shared_task
def sweep() -> None:
    upkeep.sweep()


@shared_task
def tidy() -> None:
    upkeep.tidy()


@worker_ready.connect
def sweep_at_start(**_kwargs: Any) -> None:
    """A worker that comes back need not wait for the clock to find what was left."""
    sweep.apply_async(expires=60)  # by then the clock has asked, too
