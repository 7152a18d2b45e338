"""How well the anti-spoofing networks tell faces from pictures of them, in ISO 30107-3's words.

APCER: the share of presentation attacks (pictures) that pass as live. BPCER: the share of bona fide
presentations (live faces) that are refused. A photo in which no face is found scores 0: nobody gets
in with it, which counts for us among attacks and against us among faces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from people.errors import Refusal
from people.images import BadPhoto, decode
from recognition.engine import Engine
from recognition.engine.antispoof import AntiSpoof
from recognition.evaluation.statistics import Interval, proportion_interval

Scores = NDArray[np.float64]
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.8, 0.9, 0.95)


class NothingToCompare(Refusal):
    code = "nothing_to_compare"


@dataclass(frozen=True, slots=True)
class Rate:
    """hits of trials, with an interval of 95 %."""

    hits: int
    trials: int

    @property
    def value(self) -> float:
        return self.hits / self.trials

    @property
    def interval(self) -> Interval:
        return proportion_interval(self.hits, self.trials)

    def __str__(self) -> str:
        low, high = self.interval.low, self.interval.high
        return f"{self.value:6.1%} ({low:.1%}–{high:.1%})"

    def as_json(self) -> dict[str, object]:
        return {
            "value": self.value,
            "low": self.interval.low,
            "high": self.interval.high,
            "trials": self.trials,
        }


@dataclass(frozen=True, slots=True)
class At:
    """What happens at one threshold: below it a face counts as a picture."""

    threshold: float
    apcer: Rate
    bpcer: Rate


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """(live, spoof) photos. Raises NothingToCompare."""
    live, spoof = (
        sorted(path for path in (folder / kind).rglob("*") if path.is_file())
        for kind in ("live", "spoof")
    )
    if not live or not spoof:
        raise NothingToCompare(f"{folder} needs photos in the folders live/ and spoof/.")
    return live, spoof


def score(
    paths: Sequence[Path],
    *,
    engine: Engine,
    antispoof: AntiSpoof,
    progress: Callable[[], object],
) -> Scores:
    """(n,) of the largest face of each photo, 0…1. Raises WeightsMissing."""
    scores = []
    for path in paths:
        scores.append(_score(path, engine, antispoof))
        progress()
    return np.array(scores)


def _score(path: Path, engine: Engine, antispoof: AntiSpoof) -> float:
    try:
        photo = decode(path.read_bytes()).pixels
    except BadPhoto:
        return 0.0
    faces = engine.faces(photo)
    return antispoof.score(photo, faces[0].box) if faces else 0.0


def at(threshold: float, live: Scores, spoof: Scores) -> At:
    return At(
        threshold,
        apcer=Rate(int((spoof >= threshold).sum()), len(spoof)),
        bpcer=Rate(int((live < threshold).sum()), len(live)),
    )


def plot(live: Scores, spoof: Scores, threshold: float, path: Path) -> None:
    """Both error rates over the threshold. path: *.svg or *.png."""
    thresholds = np.linspace(0, 1, 201)
    rows = [at(float(each), live, spoof) for each in thresholds]
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(6, 4), layout="constrained")
        canvas = FigureCanvasSVG if path.suffix == ".svg" else FigureCanvasAgg
        canvas(figure)
        axes = figure.add_subplot()
        axes.plot(thresholds, [row.apcer.value for row in rows], label="APCER, pictures that pass")
        axes.plot(thresholds, [row.bpcer.value for row in rows], "--", label="BPCER, faces refused")
        axes.axvline(threshold, color="grey", linewidth=1)
        axes.set(xlabel="threshold", ylabel="share", ylim=(0, 1), xlim=(0, 1))
        axes.legend(frameon=False)
        figure.savefig(path)
