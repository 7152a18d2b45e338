"""Runs: started, paused, resumed, cancelled, and handed out in bounded numbers.

What is left to do is never stored: it is the ready photos without a vector under the model. `go_on`
hands out the next of them, and ends the run when there are none. Anybody may call it at any time:
each worker after each chunk, and the sweep for what was lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from people.errors import Refusal
from people.models import EmbeddingModel, EmbeddingModelState
from recognition.models import ReembeddingChunk, ReembeddingFailure, ReembeddingRun
from recognition.queueing import queue_chunks, queue_depths
from recognition.reembedding.chunks import embed_chunk
from recognition.reembedding.finishing import finish
from recognition.reembedding.sources import size_for
from recognition.reembedding.standby import LIVE, lacking
from recognition.runtime import require_networks

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Chunks handed out and not yet settled: as many as the workers lately did in this time,
AHEAD = timedelta(seconds=20)
# within these bounds, so that many workers find enough, and no broker holds a million messages.
LEAST_AHEAD, MOST_AHEAD = 8, 512
# A message about a chunk that nobody has taken up for so long is lost,
LOST_AFTER = timedelta(seconds=30)
# or, while the broker holds others, after so long.
LATE_AFTER = timedelta(minutes=5)
# How soon a message about a chunk in somebody's hands is repeated.
LOOK_AGAIN = timedelta(seconds=10)
# With a limit, a chunk is at most about this much work of it, so that it goes evenly;
LIMITED_CHUNK = timedelta(seconds=2)
# and nothing is handed out that is due later: no broker keeps messages for long.
LIMITED_AHEAD = timedelta(seconds=10)


class NoRun(Refusal):
    code = "no_run"

    def __init__(self, model: EmbeddingModel) -> None:
        super().__init__(f"No re-embedding for {model} is under way. Start one.")


def start(
    *,
    model: EmbeddingModel,
    activate_when_done: bool = False,
    may_miss: int = 0,
    overrides: Sequence[str] = (),
    rate_limit: float | None = None,
    by: User | None = None,
) -> ReembeddingRun:
    """Embed every ready photo that has no vector under this model; failed ones are tried again.

    Raises WeightsMissing, or Refusal: retired, run_exists, bad_rate.
    """
    if model.state == EmbeddingModelState.RETIRED:
        raise Refusal(f"{model} is retired. Add it again as a new version.", code="retired")
    if rate_limit is not None and not rate_limit > 0:
        raise Refusal("The rate is a number of photos a second above 0.", code="bad_rate")
    require_networks(model.recipe)
    try:
        with transaction.atomic():
            ReembeddingFailure.objects.filter(model=model).delete()
            run = ReembeddingRun.objects.create(
                model=model,
                activate_when_done=activate_when_done,
                may_miss=may_miss,
                overrides=list(overrides),
                rate_limit=rate_limit,
                total=lacking(model).count(),
                started_by=by,
            )
    except IntegrityError as error:
        raise Refusal(
            f"A re-embedding for {model} is under way already. Resume or cancel it.",
            code="run_exists",
        ) from error
    go_on(run.pk, may_finish=False)
    return run


def live_run(model: EmbeddingModel) -> ReembeddingRun:
    """Raises NoRun."""
    run = ReembeddingRun.objects.filter(model=model, state__in=LIVE).first()
    if run is None:
        raise NoRun(model)
    return run


def change(
    *,
    run: ReembeddingRun,
    activate_when_done: bool | None = None,
    may_miss: int | None = None,
    overrides: Sequence[str] | None = None,
    rate_limit: float | None = None,
    by: User | None = None,
) -> None:
    """Ask something else of a run that is under way; None leaves a thing as it is.

    A rate counts for what is handed out from now on. Raises NoRun when it has ended.
    """
    asked: dict[str, Any] = {
        "activate_when_done": activate_when_done,
        "may_miss": may_miss,
        "overrides": None if overrides is None else list(overrides),
        "rate_limit": rate_limit,
    }
    changed = {key: value for key, value in asked.items() if value is not None}
    if not changed:
        return
    if rate_limit is not None:
        changed["next_at"] = None
    if changed.keys() & {"activate_when_done", "may_miss", "overrides"}:
        changed["started_by"] = by  # a switch is put on record with who asked for it
    if not ReembeddingRun.objects.filter(pk=run.pk, state__in=LIVE).update(**changed):
        raise NoRun(run.model)
    run.refresh_from_db()


def pause(*, run: ReembeddingRun) -> None:
    """Nothing more is taken up; what a worker holds is finished. Raises NoRun."""
    _move(run, ReembeddingRun.State.RUNNING, ReembeddingRun.State.PAUSED)


def resume(*, run: ReembeddingRun) -> None:
    """Raises NoRun when it is not paused."""
    _move(run, ReembeddingRun.State.PAUSED, ReembeddingRun.State.RUNNING)
    now = timezone.now()
    run.chunks.filter(claimed_until=None).update(queued_at=now - LATE_AFTER * 2, not_before=now)
    go_on(run.pk, may_finish=False)


def _move(run: ReembeddingRun, before: str, after: str) -> None:
    now = timezone.now()
    moved = ReembeddingRun.objects.filter(pk=run.pk, state=before).update(
        state=after,
        rate=0,
        marked_at=now,
        marked_settled=F("settled"),
        progress_at=now,
        next_at=None,
    )
    if not moved:
        raise NoRun(run.model)
    run.refresh_from_db()


def cancel(*, run: ReembeddingRun) -> None:
    """Stop for good. Vectors made so far stay, and a later run goes on from them. Raises NoRun."""
    ended = ReembeddingRun.objects.filter(pk=run.pk, state__in=LIVE).update(
        state=ReembeddingRun.State.CANCELLED, finished_at=timezone.now()
    )
    if not ended:
        raise NoRun(run.model)
    # After the state is committed, so that nobody hands out more meanwhile.
    run.chunks.all().delete()
    run.refresh_from_db()


def live_ids() -> list[int]:
    running = ReembeddingRun.objects.filter(state=ReembeddingRun.State.RUNNING)
    return list(running.order_by("pk").values_list("pk", flat=True))


def work_off(chunk_id: int) -> None:
    """Embed one chunk and see to the next. Raises what `embed_chunk` raises."""
    run_id = embed_chunk(chunk_id)
    if run_id is not None:
        go_on(run_id)
    else:
        _look_again(chunk_id)


def _look_again(chunk_id: int) -> None:
    """A message that came while somebody held the chunk must not be the last one: whoever holds it
    may be dead, and its message has come to us for that very reason."""
    now = timezone.now()
    held = ReembeddingChunk.objects.filter(
        pk=chunk_id, claimed_until__gt=now, run__state=ReembeddingRun.State.RUNNING
    ).first()
    if held is not None and held.claimed_until is not None:
        queue_chunks([chunk_id], after=min(held.claimed_until - now, LOOK_AGAIN))


def work_one(run_id: int) -> bool:
    """Embed the next chunk of a run in this process. False when there is none to be had now.

    Raises what `embed_chunk` raises.
    """
    now = timezone.now()
    chunk = (
        ReembeddingChunk.objects.filter(run=run_id, not_before__lte=now)
        .filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
        .first()
    )
    if chunk is None:
        go_on(run_id)
        return False
    work_off(chunk.pk)
    return True


def go_on(run_id: int, *, may_finish: bool = True) -> None:
    """Hand out what is due and queue what was lost; end the run when nothing is left.

    may_finish: building an index takes its time, which is for a worker to spend.
    """
    with transaction.atomic():
        run = (
            ReembeddingRun.objects.select_for_update(of=("self",))
            .select_related("model")
            .filter(pk=run_id, state=ReembeddingRun.State.RUNNING)
            .first()
        )
        if run is None:
            return
        chunks = [*_lost(run), *_cut(run)]
        # With a limit there may be nothing to hand out yet, and something left to do.
        is_over = not (chunks or run.chunks.exists() or lacking(run.model).exists())
        transaction.on_commit(partial(_queue, chunks))
    if is_over and may_finish:
        finish(run_id)


def _lost(run: ReembeddingRun) -> list[ReembeddingChunk]:
    """Chunks whose message is gone, or whose worker is."""
    now = timezone.now()
    lost = list(
        run.chunks.select_for_update(skip_locked=True)
        .filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
        .filter(queued_at__lt=now - LOST_AFTER, not_before__lte=now)
    )
    if lost and (queue_depths() or {}).get(settings.QUEUES[1]):
        lost = [chunk for chunk in lost if chunk.queued_at < now - LATE_AFTER]
    run.chunks.filter(pk__in=[chunk.pk for chunk in lost]).update(queued_at=now)
    return lost


def _cut(run: ReembeddingRun) -> list[ReembeddingChunk]:
    """New chunks, as many as there is room for."""
    handed_out = run.chunks.count()
    size = _size(run)
    room = _ahead(run, size) - handed_out
    ids = _next_ids(run, room * size) if room > 0 else []
    if not ids and not handed_out:
        # All have been handed out once. What still lacks a vector became ready behind the cursor.
        run.cursor, run.total = 0, run.settled + lacking(run.model).count()
        ids = _next_ids(run, room * size)
    chunks = []
    for begin in range(0, len(ids), size):
        part = ids[begin : begin + size]
        due = _due(run, len(part))
        if due is None:
            break
        chunks.append(ReembeddingChunk(run=run, image_ids=part, not_before=due))
        run.cursor = part[-1]
    ReembeddingChunk.objects.bulk_create(chunks)
    run.save(update_fields=["cursor", "total", "next_at"])
    return chunks


def _ahead(run: ReembeddingRun, size: int) -> int:
    """How many chunks may be handed out at once."""
    lately = math.ceil(run.rate * AHEAD.total_seconds() / size)
    return min(max(lately, LEAST_AHEAD), MOST_AHEAD)


def _size(run: ReembeddingRun) -> int:
    most = size_for(run.model)
    if run.rate_limit is None:
        return most
    return max(1, min(most, int(run.rate_limit * LIMITED_CHUNK.total_seconds())))


def _next_ids(run: ReembeddingRun, limit: int) -> list[int]:
    waiting = lacking(run.model).filter(pk__gt=run.cursor).order_by("pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def _due(run: ReembeddingRun, photos: int) -> datetime | None:
    """When the next chunk may begin; None when that is too far off to say now."""
    now = timezone.now()
    if run.rate_limit is None:
        return now
    due = max(run.next_at or now, now)
    if due > now + LIMITED_AHEAD:
        return None
    run.next_at = due + timedelta(seconds=photos / run.rate_limit)
    return due


def _queue(chunks: Sequence[ReembeddingChunk]) -> None:
    now = timezone.now()
    for chunk in chunks:
        if not queue_chunks([chunk.pk], after=max(chunk.not_before - now, timedelta(0))):
            return  # the broker is away; the sweep comes back to them
