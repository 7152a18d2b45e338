"""How often a stranger gets a name among N people. Pure.

Comparisons are not independent: some strangers resemble many ("wolves"), some of the enrolled
resemble many strangers ("lambs"). Of N people drawn anew, a stranger p with the chance F_p of each
gets a name with 1 − (1 − F_p)^N; the mean over strangers is at most 1 − (1 − FMR)^N, since that is
concave in F. So the sum rule is on the safe side, however the likeness is shared out; how far,
`counted` says.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from recognition.calibration.comparisons import Comparisons, Floats, Index


def fmr_for(fpir: float, people: int) -> float:
    """The FMR of single comparisons at which a stranger gets a name with the chance fpir."""
    return -math.expm1(math.log1p(-fpir) / max(people, 1))


def fpir_for(fmr: float, people: int) -> float:
    return -math.expm1(max(people, 0) * math.log1p(-fmr))


def counted(comparisons: Comparisons, distance: float, people: int) -> float:
    """The same without the sum rule, by counting; `people` at most those compared with.

    The chance that `people` drawn from all templates hold none that is near, for each probe; exact
    for a draw without replacement. Raises ValueError for more people than there are.
    """
    near = int(np.searchsorted(comparisons.distance, distance))
    hits = np.bincount(comparisons.probe[:near], minlength=int(comparisons.probes.sum()))
    others = int(comparisons.templates.sum()) - 1
    if people > others:
        raise ValueError(f"only {others} people were compared with")
    return float(np.mean(1.0 - _none_near(hits, others, people)))


def _none_near(hits: Index, others: int, people: int) -> Floats:
    """C(others − hits, people) / C(others, people)."""
    possible = hits <= others - people
    kept = np.where(possible, others - hits, people)
    chance = np.exp(
        gammaln(kept + 1) - gammaln(kept - people + 1)
        - gammaln(others + 1) + gammaln(others - people + 1)
    )  # fmt: skip
    return np.where(possible, chance, 0.0)
