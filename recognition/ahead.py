"""The networks run in a second thread, so that they need not wait for files and the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Work = TypeVar("Work")
Result = TypeVar("Result")

BATCH = 4  # photos embedded together; more is not faster on a processor


def in_batches(items: Sequence[Part], size: int = BATCH) -> list[Sequence[Part]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def one_ahead(
    parts: Sequence[Part], prepare: Callable[[Part], Work], compute: Callable[[Work], Result]
) -> Iterator[tuple[Work, Result]]:
    """What was prepared of each part and computed of that, in order.

    While the caller deals with one, the next is computed in another thread; the one after it is
    prepared in this thread first. So compute must not touch the database, whose connections belong
    to their threads. A part alone has nothing to overlap with and stays in this thread.
    Raises what the two raise, when it is that part's turn.
    """
    if len(parts) == 1:
        work = prepare(parts[0])
        yield work, compute(work)
        return
    waiting: tuple[Work, Future[Result]] | None = None
    # However it is left, it waits for what is being computed.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="networks") as thread:
        for part in parts:
            work = prepare(part)
            begun = work, thread.submit(compute, work)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = begun
        if waiting is not None:
            yield waiting[0], waiting[1].result()
