"""Whether the time of an answer tells an unknown name from a wrong face.

Both are asked for in turns, through the log-in's own service: every pair of answers meets the same
machine. What is compared is the median of the differences with the noise of one kind alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds. quartiles: 25 %, 50 %, 75 % of the one and the other.

    difference: median of (unknown − wrong face), with its 95 % interval. noise: interquartile range
    of one kind alone, the smaller of the two.
    """

    wrong_face: tuple[float, float, float]
    unknown_name: tuple[float, float, float]
    difference: float
    low: float
    high: float
    noise: float
    pairs: int


def measure(
    *, wrong_face: Callable[[], object], unknown_name: Callable[[], object], pairs: int
) -> Timing:
    """Take turns, and change who goes first with each pair."""
    times: dict[str, list[float]] = {"wrong_face": [], "unknown_name": []}
    acts = [("wrong_face", wrong_face), ("unknown_name", unknown_name)]
    for number in range(pairs):
        for name, act in acts if number % 2 else reversed(acts):
            started = time.perf_counter()
            act()
            times[name].append((time.perf_counter() - started) * 1000)
    return _compare(times["wrong_face"], times["unknown_name"])


def _compare(wrong: Sequence[float], unknown: Sequence[float]) -> Timing:
    differences = np.subtract(unknown, wrong)
    interval = stats.bootstrap(
        (differences,), np.median, confidence_level=0.95, rng=np.random.default_rng(7)
    ).confidence_interval
    quartiles = [tuple(np.percentile(each, [25, 50, 75])) for each in (wrong, unknown)]
    return Timing(
        wrong_face=quartiles[0],
        unknown_name=quartiles[1],
        difference=float(np.median(differences)),
        low=float(interval.low),
        high=float(interval.high),
        noise=float(min(high - low for low, _middle, high in quartiles)),
        pairs=len(wrong),
    )
