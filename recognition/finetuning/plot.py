"""How the training went, and what it changed for the people held out: one picture, no faces."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recognition.finetuning.judging import Judgement
from recognition.finetuning.training import Trained

# The first drawing of a machine lists its fonts, which it would tell.
logging.getLogger("matplotlib").setLevel(logging.WARNING)

SUFFIXES = (".png", ".svg", ".pdf")
# Told apart by those who see few colours (Okabe, Ito 2008).
_BLUE, _ORANGE = "#0a84d0", "#e07b00"


def draw(trained: Trained, judgement: Judgement, file: Path) -> None:
    """file: ends in one of SUFFIXES. Raises OSError."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    _losses(left, trained)
    _errors(right, judgement)
    figure.savefig(file, dpi=120)


def _losses(axes: Axes, trained: Trained) -> None:
    epochs = [epoch.number for epoch in trained.history]
    taught = [epoch.loss for epoch in trained.history]
    aside = [trained.untrained, *(epoch.stopping for epoch in trained.history)]
    axes.plot(epochs, np.divide(taught, taught[0] or 1), color=_BLUE, label="triplets in training")
    axes.plot(
        [0, *epochs], np.divide(aside, aside[0] or 1), color=_ORANGE, label="people held aside"
    )
    axes.axvline(trained.best, color="grey", linestyle=":", label=f"kept: epoch {trained.best}")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss, as a share of the first")
    axes.legend(frameon=False)


def _errors(axes: Axes, judgement: Judgement) -> None:
    for figures, colour, style in (
        (judgement.before, _BLUE, "-"),
        (judgement.after, _ORANGE, "--"),
    ):
        fnmr = np.where(figures.curve.fnmr > 0, figures.curve.fnmr, np.nan)
        shown = figures.curve.fmr > 0
        axes.plot(figures.curve.fmr[shown], fnmr[shown], color=colour, ls=style, label=figures.name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("FMR: strangers let in")
    axes.set_ylabel("FNMR: genuine turned away")
    axes.set_title(f"{judgement.people} people held out", fontsize="medium")
    axes.legend(frameon=False)
