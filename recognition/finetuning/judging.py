"""Before and after, on people who were in no part of the training. Pure: numpy and scipy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from people.vectors import Vector
from recognition.evaluation.comparisons import AtFmr, Comparisons, Unsupported, tmr_differences
from recognition.evaluation.scoring import Figures, figures
from recognition.evaluation.statistics import Interval

FMRS = (1e-2, 1e-3)
MOST_PHOTOS = 3000  # 4.5 million pairs; with more the resampling takes minutes
Maps = Callable[[Vector], Vector]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. difference: of after − before, where it is told, with the same people drawn."""

    name: str
    before: float
    before_interval: Interval
    after: float
    after_interval: Interval
    difference: Interval | None
    higher_is_better: bool

    @property
    def is_worse(self) -> bool:
        gained = self.after - self.before
        return gained < 0 if self.higher_is_better else gained > 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """people, photos: that were compared. rows: of what the sample can say."""

    people: int
    photos: int
    before: Figures
    after: Figures
    rows: tuple[Row, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """The figures that are worse, by however little."""
        return tuple(row.name for row in self.rows if row.is_worse)


def judge(held_out: Sequence[Vector], head: Maps, *, seed: int) -> Judgement:
    """held_out: (n, 2, d) for each person. head: (n, d) → (n, k) unit rows."""
    upto = np.cumsum([len(own) for own in held_out])
    people = held_out[: max(2, int(np.searchsorted(upto, MOST_PHOTOS, side="right")))]
    compared = compare(people, lambda vectors: vectors), compare(people, head)
    before, after = (
        figures(name, comparisons, balance=True, seed=seed)
        for name, comparisons in zip(("before", "after"), compared, strict=True)
    )
    differences = tmr_differences(*compared, fmrs=FMRS, seed=seed)
    return Judgement(
        people=len(people),
        photos=sum(map(len, people)),
        before=before,
        after=after,
        rows=(_accuracy(before, after), _eer(before, after), *_tmr(before, after, differences)),
    )


def compare(people: Sequence[Vector], head: Maps) -> Comparisons:
    """Every two photos: the first as it is enrolled, the second as a frame at the door."""
    rows = np.concatenate(people)
    person = np.repeat(np.arange(len(people), dtype=np.int32), [len(own) for own in people])
    probes, enrolled = head(rows[:, 0]), head(rows[:, 1])
    first, second = np.triu_indices(len(rows), k=1)
    squared = 2.0 - 2.0 * (enrolled @ probes.T)[first, second]
    return Comparisons(
        np.sqrt(np.maximum(squared, 0.0)),
        person[first] == person[second],
        person[first],
        person[second],
    )


def _accuracy(before: Figures, after: Figures) -> Row:
    one, other = before.accuracy, after.accuracy
    return Row(
        "accuracy", one.value, one.interval, other.value, other.interval, None,
        higher_is_better=True,
    )  # fmt: skip


def _eer(before: Figures, after: Figures) -> Row:
    one, other = before.whole, after.whole
    return Row(
        "EER", one.eer, one.eer_interval, other.eer, other.eer_interval, None,
        higher_is_better=False,
    )  # fmt: skip


def _tmr(before: Figures, after: Figures, differences: dict[float, Interval]) -> list[Row]:
    rows = []
    for one, other in zip(before.tmr, after.tmr, strict=True):
        if one.fmr not in differences or isinstance(one, Unsupported):
            continue
        if isinstance(other, AtFmr):
            rows.append(
                Row(
                    f"TMR at FMR {one.fmr:.0e}",
                    one.value, Interval(one.low, one.high),
                    other.value, Interval(other.low, other.high),
                    differences[one.fmr],
                    higher_is_better=True,
                )
            )  # fmt: skip
    return rows
