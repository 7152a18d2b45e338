"""Handing photos to the workers, or keeping them in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from kombu.exceptions import ChannelError, OperationalError

from recognition.ahead import in_batches
from recognition.enrolment import TOGETHER

logger = logging.getLogger(__name__)

# Longer than a sweep takes to come again: what no worker took by then is queued by a later one,
# and the broker does not fill with messages about a receiver that hangs.
_DELIVERY_EXPIRES = timedelta(seconds=60)

_in_process: ContextVar[list[int] | None] = ContextVar("photos kept in this process", default=None)
_gathering: ContextVar[list[int] | None] = ContextVar("photos of the next message", default=None)


def queue_depths() -> dict[str, int] | None:
    """Messages that wait in each queue, without those a worker holds; None without a broker."""
    depths: dict[str, int] = {}
    try:
        with current_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=0, timeout=2)
            for name in settings.QUEUES:
                with broker.channel() as channel:
                    depths[name] = _depth(channel, name)
    except (OperationalError, OSError):
        return None
    return depths


def _depth(channel: Any, name: str) -> int:
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except (ChannelError, *channel.connection.client.channel_errors):
        return 0  # nobody has ever queued anything there


@contextmanager
def kept_in_process() -> Iterator[list[int]]:
    """Photos stored inside are not queued; their ids gather in the list, to be embedded here."""
    kept: list[int] = []
    token = _in_process.set(kept)
    try:
        yield kept
    finally:
        _in_process.reset(token)


@contextmanager
def gathered() -> Iterator[None]:
    """Photos stored inside, one by one, are queued as soon as there is enough for a worker."""
    waiting: list[int] = []
    token = _gathering.set(waiting)
    try:
        yield
    finally:
        _gathering.reset(token)
        queue_photos(waiting)


def queue_photos(image_ids: Sequence[int]) -> bool:
    """Ask the workers to embed these photos. False when the broker cannot be reached.

    Nothing is lost then: the photos are pending, and the sweep queues them again.
    """
    kept = _in_process.get()
    if kept is not None:
        kept.extend(image_ids)
        return True
    waiting = _gathering.get()
    if waiting is not None:
        waiting.extend(image_ids)
        if len(waiting) < TOGETHER:
            return True
        image_ids = waiting.copy()
        waiting.clear()
    from recognition.tasks import embed_photos  # the task module imports services

    try:
        for ids in in_batches(image_ids, TOGETHER):
            embed_photos.delay(list(ids))
    except (OperationalError, OSError):
        logger.warning("The broker cannot be reached; %d photos wait for it", len(image_ids))
        return False
    return True


def queue_import(run_id: int) -> bool:
    """Ask a worker to go on with an import. False when the broker cannot be reached.

    Nothing is lost then: the sweep queues imports nobody is at.
    """
    from recognition.tasks import import_archive  # the task module imports services

    try:
        import_archive.delay(run_id)
    except (OperationalError, OSError):
        logger.warning("The broker cannot be reached; import %d waits for it", run_id)
        return False
    return True


def queue_chunks(chunk_ids: Sequence[int], *, after: timedelta = timedelta(0)) -> bool:
    """Ask the workers to re-embed these chunks. False when the broker cannot be reached.

    Nothing is lost then: the chunks are rows, and the sweep queues them again.
    """
    from recognition.tasks import reembed_chunk  # the task module imports services

    wait = after.total_seconds()
    try:
        for chunk_id in chunk_ids:
            if wait > 0:
                reembed_chunk.apply_async((chunk_id,), countdown=wait)
            else:
                reembed_chunk.delay(chunk_id)
    except (OperationalError, OSError):
        logger.warning("The broker cannot be reached; photos to re-embed wait for it")
        return False
    return True


def queue_deliveries(delivery_ids: Sequence[int], *, after: timedelta = timedelta(0)) -> bool:
    """Ask the workers to send these webhooks. False when the broker cannot be reached.

    Nothing is lost then: the deliveries are due, and the sweep queues them again.
    """
    from recognition.tasks import deliver  # the task module imports services

    wait = after.total_seconds()
    expires = wait + _DELIVERY_EXPIRES.total_seconds()
    try:
        for delivery_id in delivery_ids:
            deliver.apply_async((delivery_id,), countdown=wait, expires=expires)
    except (OperationalError, OSError):
        logger.warning("The broker cannot be reached; webhooks wait for it")
        return False
    return True
