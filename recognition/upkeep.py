"""What must be true again after any crash: nothing waits forever, nothing lies about."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings

from people import imports
from people.models import EmbeddingModel, FaceImage
from recognition.queueing import queue_import, queue_photos
from recognition.search import ensure_index

# Long enough that a photo whose message is under way is rarely queued twice; twice is harmless.
WAITING = timedelta(seconds=20)
# The broker never holds more of them than this for each sweep.
AT_ONCE = 400
ORPHAN_AGE_S = 24 * 3600


def sweep() -> int:
    """Queue photos and imports left waiting, build an index that is due, remove files without
    a row.

    Returns how many photos were queued.
    """
    waiting = FaceImage.objects.waiting_longer_than(WAITING).order_by("id")
    ids = list(waiting.values_list("pk", flat=True)[:AT_ONCE])
    queue_photos(ids)
    for run_id in imports.unattended_runs():
        queue_import(run_id)
    imports.remove_settled_archives()
    remove_orphans()
    ensure_index(EmbeddingModel.objects.current())
    return len(ids)


def remove_orphans() -> int:
    """Delete photo files that no row points to: a crash fell between file and row.

    Only of a local photo folder; old enough that no transaction can still be about to commit.
    """
    removed = 0
    now = time.time()
    for path in settings.PHOTOS_DIR.glob("??/*.jpg"):
        if now - path.stat().st_mtime < ORPHAN_AGE_S:
            continue
        if not FaceImage.objects.filter(file=f"{path.parent.name}/{path.name}").exists():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
