"""Times of things that take turns, so that what else the machine does disturbs all alike."""

import time
from collections.abc import Callable, Sequence
from statistics import median


def in_turns(works: Sequence[Callable[[], object]], *, rounds: int) -> list[float]:
    """The median milliseconds of each; the first round, which loads and warms up, is left out."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, took in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            if number:
                took.append((time.perf_counter() - started) * 1000)
    return [median(took) for took in times]
