"""An evaluation as one HTML file: no script, nothing loaded from anywhere.

Names of files are names of people, so without `with_photos` the worst errors are told by their line
in the pairs file, or by the numbers of their photos, and only whoever has the photos can tell who
they are.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from people.errors import Refusal
from people.images import BadPhoto, decode, thumbnail
from recognition.evaluation import plots
from recognition.evaluation.pair_sets import Photo
from recognition.evaluation.runs import Evaluation, Mistake
from recognition.evaluation.tables import percent, sentences_of, source_of, tables_of

THUMBNAIL = 160  # px


@dataclass(frozen=True, slots=True)
class Plot:
    title: str
    svg: SafeString
    text: str


@dataclass(frozen=True, slots=True)
class Headline:
    label: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Side:
    """One photo of a wrong pair. image: a data address; name: shown with it. Both may be empty."""

    image: str
    name: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong pair. where: its line, or the numbers of its photos."""

    where: str
    distance: str
    sides: Sequence[Side]


def write_report(evaluation: Evaluation, file: Path, *, with_photos: bool) -> None:
    """Whole or not at all; only its owner can read it. Raises Refusal report_unwritable."""
    page = render_to_string("recognition/evaluation_report.html", _context(evaluation, with_photos))
    try:
        handle, name = tempfile.mkstemp(dir=file.resolve().parent, suffix=".html")
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(page)
        Path(name).replace(file)
    except OSError as error:
        raise Refusal(
            f"The report cannot be written to {file}: {error.strerror}.", code="report_unwritable"
        ) from error


def _context(evaluation: Evaluation, with_photos: bool) -> dict[str, object]:  # noqa: FBT001
    mistakes = evaluation.mistakes
    return {
        "model": evaluation.model,
        "made": timezone.now(),
        "source": source_of(evaluation),
        "sentences": list(sentences_of(evaluation)),
        "headlines": _headlines(evaluation),
        "tables": tables_of(evaluation),
        "plots": _plots(evaluation),
        "with_photos": with_photos,
        "missed": [_wrong(evaluation, one, with_photos) for one in mistakes if one.same],
        "false": [_wrong(evaluation, one, with_photos) for one in mistakes if not one.same],
    }


def _headlines(evaluation: Evaluation) -> list[Headline]:
    ours, in_use = evaluation.ours, evaluation.in_use
    accuracy, whole = ours.accuracy, ours.whole
    return [
        Headline(
            "Accuracy",
            f"{100 * accuracy.value:.2f} %",
            f"± {100 * accuracy.stderr:.2f} standard error",
        ),
        Headline(
            "Equal error rate",
            percent(whole.eer),
            f"{percent(whole.eer_interval.low)} – {percent(whole.eer_interval.high)}",
        ),
        Headline(
            "Strangers let in",
            percent(in_use.fmr.value),
            f"by verify, below {in_use.threshold:.3f}",
        ),
        Headline(
            "Turned away",
            percent(in_use.fnmr.value),
            "of genuine single photos, by verify",
        ),
    ]


def _plots(evaluation: Evaluation) -> list[Plot]:
    systems = [evaluation.ours, *evaluation.baselines]
    drawn = [
        ("Distances", plots.histogram(evaluation),
         "How far apart two photos are. What lies on the wrong side of the threshold is an error."),
        ("ROC", plots.roc(systems),
         "How many genuine pairs are accepted, by how many strangers are let in. Higher is better. "
         "Bars: 95 % intervals."),
        ("DET", plots.det(systems),
         "The same errors against each other. Lower is better. Bars: 95 % intervals."),
    ]  # fmt: skip
    if evaluation.open_sets:
        drawn.append(
            ("1:N by size of the gallery", plots.open_set(evaluation.open_sets),
             "A circle is the threshold in use for so many people, at the left edge if no stranger "
             "got a name. Lower and further left is better.")
        )  # fmt: skip
    # The drawings are ours: no word in them comes from a file.
    return [Plot(title, mark_safe(svg), text) for title, svg, text in drawn]  # noqa: S308


def _wrong(evaluation: Evaluation, one: Mistake, with_photos: bool) -> Wrong:  # noqa: FBT001
    pairs = evaluation.plan.pairs
    where = (
        f"line {one.line}"
        if one.line is not None
        else f"photos {one.first + 1} and {one.second + 1}"
    )
    sides = []
    if with_photos:
        for index in (one.first, one.second):
            photo = pairs.photos[index]
            sides.append(Side(_as_data(photo), f"{pairs.people[photo.person]} ({photo.label})"))
    return Wrong(where, f"{one.distance:.3f}", sides)


def _as_data(photo: Photo) -> str:
    """Empty when the photo is gone by now."""
    try:
        small = thumbnail(decode(photo.read()).jpeg(), THUMBNAIL)
    except (OSError, BadPhoto):
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"
