"""One line of a bench: ours beside a peer's, measured in turns in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """work: what is done. against: the peer. ours, theirs: in `unit`, as printed.

    ratio: how many times better than the peer, whichever direction better is. least: what the
    ratio has to reach; None when nothing is promised.
    """

    work: str
    against: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    least: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.least is None or self.ratio >= self.least

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "is_met": self.is_met}


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Rows for `recognition.management.base.table`, the header first."""
    header = ["work", "against", "ours", "theirs", "unit", "ratio", "at least", ""]
    return [header, *map(_cells, rows)]


def _cells(row: Row) -> list[str]:
    least = "" if row.least is None else f"{row.least:g}×"
    met = "" if row.least is None else ("met" if row.is_met else "MISSED")
    verdict = " ".join(filter(None, (met, row.note)))
    ours, theirs = f"{row.ours:,.4g}", f"{row.theirs:,.4g}"
    return [row.work, row.against, ours, theirs, row.unit, f"{row.ratio:,.3g}×", least, verdict]
