"""The curves of a report, as SVG that takes its colours of text and axes from the page."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from recognition.evaluation.comparisons import AtFmr
from recognition.evaluation.identification import OpenSet
from recognition.evaluation.runs import Evaluation
from recognition.evaluation.scoring import Figures
from recognition.evaluation.statistics import Distances, Floats
from recognition.evaluation.tables import power

# The first drawing of a machine lists its fonts, which it would tell.
logging.getLogger("matplotlib").setLevel(logging.WARNING)

# Readable on white and on black, and told apart by those who see few colours (Okabe, Ito 2008).
COLOURS = ("#0a84d0", "#e07b00", "#00a57a", "#cc6fa8", "#8f8f8f", "#d05a20", "#b59b00", "#5b9bd5")
_STYLES = ("-", "--", "-.", ":")
# Swapped for the page's own colour of text; nothing else is drawn in it.
_INK = "#010203"
_SIZE = (4.9, 3.7)  # inches: small, so that letters stay readable on a phone
_BINS = 80
_LEAST = 1e-6

_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2,
}


@contextmanager
def _axes(sheet: list[str]) -> Iterator[Axes]:
    """Draw on the axes; the SVG is appended to `sheet`."""
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure.add_subplot()
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    sheet.append(_inline(out.getvalue(), len(sheet)))


def _inline(svg: str, number: int) -> str:
    """Without what belongs to a file of its own, with the page's ink, sized by the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace(_INK, "currentColor")
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    # Names are unique in one drawing only, and a page has several.
    return re.sub(r'(id="|url\(#|href="#)', rf"\1p{number}-", svg)


def roc(systems: Sequence[Figures]) -> str:
    sheet: list[str] = []
    with _axes(sheet) as axes:
        for index, one in enumerate(systems):
            axes.plot(np.maximum(one.curve.fmr, _LEAST), one.curve.tmr, **_line(index, one.name))
        _marks(axes, systems[0], of_errors=False)
        axes.set_xscale("log")
        axes.set_xlim(_least_fmr(systems), 1)
        _in_powers(axes.xaxis)
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{100 * value:g} %"))
        axes.set_xlabel("FMR: strangers let in")
        axes.set_ylabel("TMR: genuine accepted")
        _legend(axes)
    return sheet[0]


def det(systems: Sequence[Figures]) -> str:
    sheet: list[str] = []
    with _axes(sheet) as axes:
        for index, one in enumerate(systems):
            fnmr = np.where(one.curve.fnmr > 0, one.curve.fnmr, np.nan)
            axes.plot(np.maximum(one.curve.fmr, _LEAST), fnmr, **_line(index, one.name))
        _marks(axes, systems[0], of_errors=True)
        axes.set_xscale("log")
        axes.set_xlim(_least_fmr(systems), 1)
        _in_powers(axes.xaxis)
        axes.set_yscale("log")
        axes.set_ylim(0.3 / max(one.genuine for one in systems), 1)
        _in_powers(axes.yaxis)
        axes.set_xlabel("FMR: strangers let in")
        axes.set_ylabel("FNMR: genuine turned away")
        _legend(axes)
    return sheet[0]


def histogram(evaluation: Evaluation) -> str:
    sheet: list[str] = []
    comparisons, threshold = evaluation.comparisons, evaluation.ours.accuracy.threshold
    with _axes(sheet) as axes:
        finite = comparisons.distances[np.isfinite(comparisons.distances)]
        edges = np.linspace(float(finite.min()), float(finite.max()) + 1e-6, _BINS + 1)
        _bars(axes, comparisons.genuine, edges, COLOURS[0], "one person")
        _bars(axes, comparisons.impostor, edges, COLOURS[1], "two people")
        axes.axvline(threshold, color=_INK, linewidth=1.5, label=f"threshold {threshold:.3f}")
        in_use = evaluation.in_use.threshold
        if abs(in_use - threshold) > 5e-4:
            axes.axvline(
                in_use, color=_INK, linewidth=1.5, linestyle=":", label=f"verify uses {in_use:.3f}"
            )
        axes.set_xlabel("distance")
        axes.set_ylabel("share of pairs, by bin")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{100 * value:g} %"))
        _legend(axes, columns=2)
    return sheet[0]


def open_set(sets: Sequence[OpenSet]) -> str:
    sheet: list[str] = []
    with _axes(sheet) as axes:
        for index, one in enumerate(sets):
            fpir, fnir = one.curve
            shown = fpir > 0
            axes.plot(fpir[shown], fnir[shown], **_line(index, f"{one.size:,} people"))
            used = one.points[0]
            axes.plot(
                [max(used.fpir.value, fpir[shown].min(initial=1))],
                [used.fnir[1].value],
                marker="o",
                color=COLOURS[index % len(COLOURS)],
            )
        axes.set_xscale("log")
        axes.set_xlim(3e-4, 1)
        _in_powers(axes.xaxis)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{100 * value:g} %"))
        axes.set_xlabel("FPIR: strangers who get a name")
        axes.set_ylabel("FNIR, rank 1: not recognized")
        _legend(axes)
    return sheet[0]


def _line(index: int, label: str) -> dict[str, Any]:
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": _STYLES[index % len(_STYLES)],
        "label": label,
    }


def _marks(axes: Axes, ours: Figures, *, of_errors: bool) -> None:
    """The stated rates with their intervals."""
    for point in ours.tmr:
        if isinstance(point, AtFmr):
            ends = (1 - point.high, 1 - point.low) if of_errors else (point.low, point.high)
            value = 1 - point.value if of_errors else point.value
            low, high = (max(end, _LEAST) for end in ends)
            axes.plot([point.fmr, point.fmr], [low, high], color=COLOURS[0], linewidth=1.2)
            axes.plot([point.fmr], [max(value, _LEAST)], color=COLOURS[0], marker="o", ms=4)


def _bars(axes: Axes, distances: Distances, edges: Floats, colour: str, label: str) -> None:
    counts, places = np.histogram(distances[np.isfinite(distances)], bins=edges)
    axes.stairs(
        counts / max(counts.sum(), 1), places, fill=True, color=colour, alpha=0.55, label=label
    )


def _legend(axes: Axes, columns: int = 3) -> None:
    """Above the plot, where no curve runs through it."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, columnspacing=1.2)


def _in_powers(axis: Axis) -> None:
    """A logarithmic axis of rates: 10⁻⁶ … 1."""
    axis.set_major_locator(LogLocator(numticks=10))
    axis.set_major_formatter(FuncFormatter(lambda value, _at: power(value)))
    axis.set_minor_formatter(NullFormatter())


def _least_fmr(systems: Sequence[Figures]) -> float:
    return max(0.5 / max(one.impostor for one in systems), _LEAST)
