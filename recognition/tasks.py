"""Celery tasks. Each is one service call and safe to run twice."""

from celery import shared_task
from django.db import OperationalError

from recognition import upkeep
from recognition.engine import WeightsMissing
from recognition.enrolment import embed_images


@shared_task(
    autoretry_for=(OperationalError, OSError, WeightsMissing),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,  # after that the sweep takes over
)
def embed_photos(image_ids: list[int]) -> None:
    embed_images(image_ids)


@shared_task
def sweep() -> None:
    upkeep.sweep()
