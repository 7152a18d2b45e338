"""What must be true again after any crash: nothing waits forever, nothing lies about."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken

from people import imports
from people.models import EmbeddingModel, FaceImage
from recognition.attendance import idempotency
from recognition.enrolment import TOGETHER
from recognition.liveness import challenges
from recognition.login import brakes
from recognition.queueing import queue_deliveries, queue_depths, queue_import, queue_photos
from recognition.reembedding import runs, standby, switching
from recognition.search import ensure_index
from recognition.webhooks import delivery, signing

# What waits so long while the broker holds no message has lost its own.
WAITING = timedelta(seconds=20)
# While it holds some, what waits is late and not lost; but after so long the oldest are queued.
LATE = timedelta(minutes=10)
# The broker never holds more of them than this for each sweep.
AT_ONCE = 400
ORPHAN_AGE_S = 24 * 3600
FILES_AT_ONCE = 1000
ROWS_AT_ONCE = 500
# How long whoever holds a key that is over is told so, and not only that it is none.
ENDED_KEYS_KEPT = timedelta(days=30)
_NAME = re.compile(r"[0-9a-f]{32}\Z")


def sweep() -> int:
    """Queue what was left waiting, build an index that is due, drop what was retired.

    Returns how many photos were queued.
    """
    is_empty = not (queue_depths() or {}).get(settings.QUEUES[0])
    ids = _lost_photos(is_empty=is_empty)
    queue_photos(ids)
    for run_id in imports.unattended_runs() if is_empty else ():
        queue_import(run_id)
    queue_deliveries(delivery.due_ids())
    for run_id in runs.live_ids():
        runs.go_on(run_id)
    for model in (EmbeddingModel.objects.current(), *standby.ready()):
        ensure_index(model)
    switching.drop_retired()
    return len(ids)


def _lost_photos(*, is_empty: bool) -> list[int]:
    """The oldest of those that wait for a message. is_empty: of the queue their messages are in."""
    age, number = (WAITING, AT_ONCE) if is_empty else (LATE, TOGETHER)
    waiting = FaceImage.objects.waiting_longer_than(age).order_by("id")
    return list(waiting.values_list("pk", flat=True)[:number])


def tidy() -> int:
    """Remove what is done with: archives, answers, keys, sessions, rejected photos where the
    operator says so, photo files without a row.

    A crash between file and row leaves such a file. Only those are taken that are old enough for
    no transaction to be about to commit. Returns how many photos were removed.
    """
    imports.remove_settled_archives()
    idempotency.forget_old()
    AuthToken.objects.filter(expiry__lt=timezone.now() - ENDED_KEYS_KEPT).delete()
    challenges.forget_old()
    brakes.forget_old()
    SessionStore.clear_expired()
    delivery.forget_old()
    signing.renew_encryption()
    removed = _remove_rejected()
    for folder in settings.PHOTOS_DIR.glob("??"):
        # Only names we give: somebody's own file must not stop the rest.
        old = [path for path in folder.glob("*.jpg") if _NAME.match(path.stem) and _is_old(path)]
        for start in range(0, len(old), FILES_AT_ONCE):
            removed += _remove_orphans(old[start : start + FILES_AT_ONCE])
    return removed


def _remove_rejected() -> int:
    """With their files. One that somebody is accepting is left to them."""
    kept: timedelta | None = settings.REJECTED_PHOTOS_KEPT
    if kept is None:
        return 0
    removed, old = 0, FaceImage.objects.rejected_before(timezone.now() - kept)
    while True:
        with transaction.atomic():
            locked = old.select_for_update(skip_locked=True, of=("self",))[:ROWS_AT_ONCE]
            ids = [image.pk for image in locked]
            FaceImage.objects.filter(pk__in=ids).delete()
        removed += len(ids)
        if not ids:
            return removed


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > ORPHAN_AGE_S
    except FileNotFoundError:  # erased while we look
        return False


def _remove_orphans(paths: Sequence[Path]) -> int:
    # A photo's file is named by its public id, which is indexed; the file's name is not.
    rows = FaceImage.objects.filter(public_id__in=[path.stem for path in paths])
    known = {public_id.hex for public_id in rows.values_list("public_id", flat=True)}
    orphans = [path for path in paths if path.stem not in known]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
