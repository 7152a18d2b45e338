"""A calibration in plain words, for those who decide what is accepted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from people.models import EmbeddingModel, Gallery, Template
from recognition import thresholds
from recognition.acceptance import Accepted
from recognition.calibration import charts, stored
from recognition.calibration.charts import Chart
from recognition.calibration.effects import SEEN, Effects
from recognition.calibration.promise import (
    Promise,
    in_words,
    promise_among,
    promise_to_verify,
)
from recognition.calibration.stored import Calibration

POOLS = (20, 100, 1_000, 10_000, 100_000)
DEFAULT_PHOTOS = 3  # enrolled, where nobody is yet


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to ask. strangers, staff: sentences. warn: more try again than accepted."""

    title: str
    promise: Promise
    strangers: str
    between: str
    staff: str
    warn: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One number of people who are searched."""

    name: str
    people: str
    threshold: float
    staff: str
    holds: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of photos: what of 100 staff must try again, by frames."""

    photos: int
    rates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """effect_frames: numbers of frames, each with the threshold it is held to."""

    modes: tuple[Mode, ...]
    rows: tuple[Row, ...]
    photos: int
    strangers: Chart | None
    staff: Chart | None
    effects: tuple[Cell, ...]
    effect_frames: tuple[tuple[int, float], ...]
    effect_people: int
    calibration: Calibration | None
    sources: tuple[str, ...]


def show(model: EmbeddingModel, rates: Accepted) -> Shown:
    """What these rates mean now, whether they are accepted yet or not."""
    calibration = stored.read(model.calibration)
    photos = typical_photos(model)
    effects = calibration.effects if calibration else None
    verify = promise_to_verify(model, fmr=rates.verify_fmr)
    everybody = promise_among(model, thresholds.pool_size(model), fpir=rates.recognize_fpir)
    by_frames = _thresholds(effects, model, rates)
    marks = [("1:1", verify.threshold), ("1:N", everybody.threshold)]
    return Shown(
        modes=(
            _mode("Is this …? (1:1)", verify, effects, photos, rates),
            _mode(f"Who is this? (1:N, {_people(everybody.people)})", everybody, effects, photos,
                  rates),
        ),
        rows=tuple(_rows(model, rates, effects, photos)) if calibration else (),
        photos=photos,
        strangers=charts.strangers(calibration.single, marks) if calibration else None,
        staff=(
            charts.staff(effects, marks, charts.axis_for(calibration.single))
            if calibration and effects and effects.lines
            else None
        ),
        effects=_effects(effects, by_frames),
        effect_frames=tuple(by_frames.items()),
        effect_people=effects.people if effects else 0,
        calibration=calibration,
        sources=tuple(map(_source, calibration.sets)) if calibration else (),
    )  # fmt: skip


def _source(one: dict[str, Any]) -> str:
    """One set of a stored calibration; what it does not say is left out."""
    said = [
        f"{one[key]:,} {key}"
        for key in ("people", "photos", "templates", "comparisons")
        if isinstance(one.get(key), int)
    ]
    if "template_photos" in one:
        said.append(f"{one['template_photos']} photos a template")
    if isinstance(one.get("frames"), int):
        said.append(f"{_number(one['frames'], 'frame')} a probe")
    return f"{one.get('name', '')}: {', '.join(said)}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def typical_photos(model: EmbeddingModel) -> int:
    """How many photos the person in the middle has."""
    counts = Template.objects.of(model).order_by("photos").values_list("photos", flat=True)
    number = counts.count()
    return int(counts[number // 2]) if number else DEFAULT_PHOTOS


def _mode(
    title: str, promise: Promise, effects: Effects | None, photos: int, rates: Accepted
) -> Mode:
    one = promise.people == 1 and "1:1" in title
    who = "would pass as one other person" if one else "would be let in"
    subject = "stranger" if promise.stated < 0.015 else "strangers"
    line = effects.line(photos) if effects else None
    missed = line.at(promise.threshold) if line else None
    return Mode(
        title=title,
        promise=promise,
        strangers=_who(promise.stated, subject, who),
        between=f"{in_words(promise.low)} to {in_words(promise.high)}",
        staff=_staff(missed),
        warn=missed is not None and missed[0] > rates.fnmr_warning,
    )


def _who(rate: float, subject: str, what: str) -> str:
    number, _in, crowd = in_words(rate).partition(" in ")
    return f"{number} {subject} in {crowd} {what}"


def _staff(missed: tuple[float, float, float] | None) -> str:
    if missed is None:
        return "not measured: too few people of the sample have several photos"
    return f"{_of_hundred(missed)} staff would have to try again"


def _of_hundred(measured: tuple[float, float, float]) -> str:
    """3 of 100; 4 of 1,000 when it is rarer; where none was seen, what the sample can rule out.

    measured: a rate and its interval, as Line.at gives them.
    """
    rate, _low, high = measured
    if rate >= 0.0095:
        return f"{rate * 100:.0f} of 100"
    if rate >= SEEN:
        return f"{rate * 1000:.0f} of 1,000"
    return f"none seen, at most {math.ceil(high * 1000)} of 1,000"


def _rows(
    model: EmbeddingModel, rates: Accepted, effects: Effects | None, photos: int
) -> list[Row]:
    everybody = thresholds.pool_size(model)
    pools = [("If there were more", n) for n in POOLS if n > everybody]
    pools.insert(0, ("Everybody", everybody))
    pools[1:1] = [
        (gallery.name, thresholds.pool_size(model, [gallery])) for gallery in Gallery.objects.all()
    ][:20]
    line = effects.line(photos) if effects else None
    rows = []
    for name, people in pools:
        promise = promise_among(model, people, fpir=rates.recognize_fpir)
        missed = _of_hundred(line.at(promise.threshold)) if line else "–"
        rows.append(
            Row(name, f"{people:,}", promise.threshold, missed, promise.holds, promise.reason)
        )
    return rows


def _thresholds(
    effects: Effects | None, model: EmbeddingModel, rates: Accepted
) -> dict[int, float]:
    """Of verify, by frames: a probe of several is held to a stricter one."""
    numbers = sorted({line.frames for line in effects.lines}) if effects else []
    return {
        frames: promise_to_verify(model, frames=frames, fmr=rates.verify_fmr).threshold
        for frames in numbers
    }


def _effects(effects: Effects | None, by_frames: dict[int, float]) -> tuple[Cell, ...]:
    if effects is None:
        return ()
    counts = sorted({line.photos for line in effects.lines})
    return tuple(
        Cell(photos, tuple(
            _of_hundred(line.at(threshold))
            for frames, threshold in by_frames.items()
            if (line := effects.line(photos, frames))
        ))
        for photos in counts
    )  # fmt: skip


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
