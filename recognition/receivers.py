"""Once committed, photos are embedded, imports worked off and events told to other systems."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from people.signals import import_started, photos_stored
from recognition import acceptance
from recognition.attendance.signals import clocked, corrected
from recognition.models import Acceptance, AttendanceEvent
from recognition.queueing import queue_import, queue_photos
from recognition.webhooks import outbox


@receiver(photos_stored)
def queue_on_commit(ids: Sequence[int], **_kwargs: Any) -> None:
    transaction.on_commit(partial(queue_photos, ids))


@receiver(import_started)
def queue_import_on_commit(run_id: int, **_kwargs: Any) -> None:
    transaction.on_commit(partial(queue_import, run_id))


@receiver([clocked, corrected])
def announce(event: AttendanceEvent, **_kwargs: Any) -> None:
    outbox.announce(event=event)


@receiver([post_save, post_delete], sender=Acceptance)
def read_again(**_kwargs: Any) -> None:
    acceptance.forget()
    transaction.on_commit(acceptance.forget)
