"""How often somebody enrolled must try again, by photos enrolled and frames at the door. Pure.

The same people stand behind every line, so that two lines differ only by the photos or frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from people.vectors import Vector, template_of, unit
from recognition.calibration.comparisons import Floats

DISTANCES = tuple(round(step / 50, 2) for step in range(1, 71))  # 0.02 … 1.40
_BEFORE = 56  # so many, 0.30 … 1.40, are in what earlier versions kept
# What is asked for, as far as this many people have photos enough; photos, then frames.
WANTED = ((5, 3), (4, 2), (3, 2), (3, 1), (2, 1), (1, 1))
ENOUGH_PEOPLE = 20
DRAWS = 5  # random choices of which photos are enrolled, for each person
RESAMPLES = 500
SEEN = 0.0005  # a rate that would be printed as none of 1,000


@dataclass(frozen=True, slots=True)
class Line:
    """fnmr: of genuine probes, the share not nearer than each of DISTANCES; low, high: 95 %."""

    photos: int
    frames: int
    fnmr: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def at(self, distance: float) -> tuple[float, float, float]:
        """(FNMR, low, high) at a threshold; outside DISTANCES their end stands."""
        read = (np.interp(distance, DISTANCES, row) for row in (self.fnmr, self.low, self.high))
        fnmr, low, high = (float(value) for value in read)
        return fnmr, low, high


@dataclass(frozen=True, slots=True)
class Effects:
    people: int
    lines: tuple[Line, ...]

    def line(self, photos: int, frames: int = 1) -> Line | None:
        """What was measured for so many; for more than were measured, for the most there were."""
        if not self.lines:
            return None
        most = max(line.photos for line in self.lines), max(line.frames for line in self.lines)
        wanted = min(max(photos, 1), most[0]), min(max(frames, 1), most[1])
        return next((x for x in self.lines if (x.photos, x.frames) == wanted), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(stored: Any) -> Effects | None:
    """What as_json made; None when it is something else."""
    try:
        return Effects(int(stored["people"]), tuple(_line(line) for line in stored["lines"]))
    except (TypeError, ValueError, KeyError):
        return None


def _line(stored: dict[str, Any]) -> Line:
    rows = {key: tuple(float(x) for x in stored[key]) for key in ("fnmr", "low", "high")}
    # Nearer than what was kept, its end stands.
    rows = {
        key: (row[0],) * (len(DISTANCES) - _BEFORE) + row if len(row) == _BEFORE else row
        for key, row in rows.items()
    }
    if any(len(row) != len(DISTANCES) for row in rows.values()):
        raise ValueError("a line of other distances")
    return Line(int(stored["photos"]), int(stored["frames"]), **rows)


def measure(people: Sequence[Vector], *, seed: int = 0) -> Effects | None:
    """people: (n, 2, d) each: photos as probe and as enrolled. None: too few have two photos."""
    for photos, frames in WANTED:
        able = [own for own in people if len(own) >= photos + frames]
        if len(able) >= ENOUGH_PEOPLE:
            return Effects(len(able), tuple(_lines(able, photos, frames, seed)))
    return None


def _lines(people: Sequence[Vector], photos: int, frames: int, seed: int) -> list[Line]:
    """The first photos of a draw are enrolled; those behind the most that ever are, the probe."""
    rng = np.random.default_rng(seed)
    draws = [
        own[rng.permutation(len(own))][: photos + frames] for own in people for _ in range(DRAWS)
    ]
    probes = [
        np.stack([unit(own[photos : photos + n, 0].mean(axis=0)) for own in draws])
        for n in range(1, frames + 1)
    ]
    lines = []
    for k in range(1, photos + 1):
        templates = np.stack([template_of(own[:k, 1]) for own in draws])
        for n, probe in enumerate(probes, start=1):
            distances = np.linalg.norm(templates - probe, axis=1).reshape(len(people), DRAWS)
            lines.append(_measured(distances, k, n, seed))
    return lines


def _measured(distances: Floats, photos: int, frames: int, seed: int) -> Line:
    """distances: (people, DRAWS)."""
    missed = (distances[:, :, None] >= np.array(DISTANCES)).mean(axis=1)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(missed), (RESAMPLES, len(missed)))
    low, high = np.quantile(missed[drawn].mean(axis=1), [0.025, 0.975], axis=0)
    # With no miss among the people there may be one in 3/n of them: the rule of three.
    high = np.maximum(high, np.where(missed.sum(axis=0) == 0, min(1.0, 3 / len(missed)), 0))
    rows = (missed.mean(axis=0), low, high)
    return Line(photos, frames, *(tuple(round(float(x), 4) for x in row) for row in rows))
