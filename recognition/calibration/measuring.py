"""From sets of photos to a calibration. Pure: vectors in, curves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from people.errors import Refusal
from people.vectors import Vector
from recognition.calibration import effects
from recognition.calibration.comparisons import Comparisons, compare, person_of
from recognition.calibration.curve import Curve, stricter
from recognition.calibration.fitting import MIN_PEOPLE, RESAMPLES, Fitted, fit_curve
from recognition.calibration.stored import Calibration
from recognition.calibration.tail import EVIDENCE

METHOD = (
    f"counted where {EVIDENCE} false matches or more are seen, beyond by a power law of the"
    f" distance (Hill); 95 % by {RESAMPLES} resamples of people"
)
CODE = "calibrate 1"  # goes up when the same photos would give another curve
FITS = 4  # one frame or several, templates as they are or of many photos
SUSPICIOUS = 0.05  # so many comparisons at most are expected to be so near


class TooFew(Refusal):
    code = "sample_too_small"


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """people: name → (n, 2, d) unit rows: each photo as probe and as enrolled."""

    name: str
    people: Mapping[str, Vector]
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where one curve comes from. photos: all. template_photos: how many a template has."""

    name: str
    people: int
    photos: int
    templates: int
    template_photos: str
    comparisons: int
    frames: int
    power: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """Two names whose faces are nearer than chance allows: maybe one person."""

    one: str
    other: str
    distance: float


@dataclass(frozen=True, slots=True)
class Measured:
    single: Curve
    several: Curve | None
    effects: effects.Effects | None
    sources: tuple[Source, ...]
    suspects: tuple[Suspect, ...]


def measure(
    photos: PhotoSet,
    *,
    template_photos: int,
    frames: int,
    seed: int = 0,
    progress: Callable[[], object] = lambda: None,
) -> Measured:
    """Curves for probes of one frame and of `frames`, if enough people have so many photos.

    progress: told FITS · RESAMPLES times at most. Raises TooFew.
    """
    if len(photos.people) < MIN_PEOPLE:
        raise TooFew(
            f"{photos.name} shows {len(photos.people)} people with a usable face;"
            f" at least {MIN_PEOPLE} are needed to say anything about strangers."
        )
    ask = partial(_fits, photos, template_photos, seed=seed, progress=progress)
    one = ask(1)
    able = sum(len(own) >= frames for own in photos.people.values())
    more = ask(frames) if frames > 1 and able >= MIN_PEOPLE else []
    return Measured(
        single=stricter([fit.fitted.curve for fit in one]),
        several=stricter([fit.fitted.curve for fit in more]) if more else None,
        effects=effects.measure(list(photos.people.values()), seed=seed),
        sources=tuple(fit.source for fit in [*one, *more]),
        suspects=_suspects(photos, one[0].compared, one[0].fitted),
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    fitted: Fitted
    compared: Comparisons
    source: Source


def _fits(
    photos: PhotoSet,
    enrolled: int,
    frames: int,
    *,
    seed: int,
    progress: Callable[[], object],
) -> list[_Fit]:
    """Against templates of as many photos as there are, and, if enough people have `enrolled`
    photos, against those people's alone: a template of more photos is nearer to everybody."""
    able = sum(len(own) >= enrolled for own in photos.people.values())
    least = [1, enrolled] if MIN_PEOPLE <= able < len(photos.people) else [1]
    return [_fit(photos, enrolled, frames, count, seed, progress) for count in least]


def _fit(
    photos: PhotoSet,
    enrolled: int,
    frames: int,
    least: int,
    seed: int,
    progress: Callable[[], object],
) -> _Fit:
    people = [
        person_of(own, enrolled=enrolled, frames=frames, least=least)
        for own in photos.people.values()
    ]
    compared = compare(people)
    try:
        fitted = fit_curve(compared, seed=seed, progress=progress)
    except ValueError as error:
        raise TooFew(
            f"{photos.name} gives {compared.total:,} comparisons between different people,"
            " too few to say anything about strangers. Add people, or photos of them."
        ) from error
    source = Source(
        name=photos.name,
        people=compared.people,
        photos=sum(map(len, photos.people.values())),
        templates=int(compared.templates.sum()),
        template_photos=f"{least}" if least == enrolled else f"{least} to {enrolled}",
        comparisons=compared.total,
        frames=frames,
        power=round(fitted.tail.power, 2),
    )
    return _Fit(fitted, compared, source)


def _suspects(photos: PhotoSet, compared: Comparisons, fitted: Fitted) -> tuple[Suspect, ...]:
    limit = fitted.tail.law_at(SUSPICIOUS / compared.total)
    names = list(photos.people)
    found: dict[tuple[str, str], float] = {}
    for index in range(int(np.searchsorted(compared.distance, limit))):
        pair = sorted((names[compared.owner[index]], names[compared.template[index]]))
        found.setdefault((pair[0], pair[1]), float(compared.distance[index]))
    return tuple(Suspect(one, other, distance) for (one, other), distance in found.items())


def combine(
    measured: Sequence[Measured], *, source: str, is_own: bool, measured_on: str
) -> Calibration:
    """The stricter wins; the effects are those of the set that comes first and has them."""
    single = stricter([one.single for one in measured])
    several = [one.several for one in measured if one.several is not None]
    return Calibration(
        single=single,
        several=stricter([single, *several]),
        effects=next((one.effects for one in measured if one.effects), None),
        source=source,
        is_own=is_own,
        measured_on=measured_on,
        code=CODE,
        method=METHOD,
        sets=tuple(_as_json(source) for one in measured for source in one.sources),
    )


def _as_json(source: Source) -> dict[str, Any]:
    return asdict(source)


def check_supported(curve: Curve, *, fmr: float, what: str) -> None:
    """Raises TooFew when the sample cannot state `fmr`; what: the claim, in words."""
    if not curve.supports(fmr):
        raise TooFew(
            f"The sample is too small to state {what}: it reaches a false match rate of"
            f" {curve.supported:.1g}, and {fmr:.1g} is needed. Add people, add a public set with"
            " --folder, or accept more errors (--fmr, --fpir)."
        )
