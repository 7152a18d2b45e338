"""The curves as lines of an SVG, in its own units: no script, no other server. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recognition.calibration.curve import Curve
from recognition.calibration.effects import DISTANCES, Effects

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 12, 34
LEAST, MOST = 1e-8, 1e-2


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Distances from left to right."""

    nearest: float
    farthest: float

    def at(self, distance: float) -> float:
        share = (distance - self.nearest) / (self.farthest - self.nearest)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def shows(self, distance: float) -> bool:
        return self.nearest <= distance <= self.farthest

    def marks(self, marks: Sequence[tuple[str, float]]) -> tuple[Tick, ...]:
        held = [(name, min(max(d, self.nearest), self.farthest)) for name, d in marks]
        return tuple(Tick(self.at(distance), name) for name, distance in held)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        step = (self.farthest - self.nearest) / 4
        distances = [self.nearest + n * step for n in range(5)]
        return tuple(Tick(self.at(distance), f"{distance:.1f}") for distance in distances)


# Networks put strangers at different distances.
_AXES = (Axis(0.2, 0.6), Axis(0.4, 1.2))


def axis_for(curve: Curve) -> Axis:
    """The closest one on which the curve has room."""
    laxest = curve.points[0].distance
    return next((axis for axis in _AXES if laxest <= axis.farthest), _AXES[-1])


@dataclass(frozen=True, slots=True)
class Series:
    """points: an SVG points list."""

    name: str
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """lines: in the order of the legend. band: around the first. marks: thresholds."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Series, ...]
    band: str
    marks: tuple[Tick, ...]


def strangers(curve: Curve, marks: Sequence[tuple[str, float]]) -> Chart:
    """FMR over distance, on a logarithmic scale."""
    axis = axis_for(curve)
    points = [p for p in curve.points if axis.shows(p.distance)]
    solid = [p for p in points if p.fmr >= curve.supported * 0.999]
    rest = points[max(len(solid) - 1, 0) :]
    band = [(p.distance, p.high) for p in points] + [(p.distance, p.low) for p in points[::-1]]
    decades = range(round(math.log10(LEAST)), round(math.log10(MOST)) + 1, 2)
    return Chart(
        x_ticks=axis.ticks,
        y_ticks=tuple(Tick(_log_y(10.0**d), f"1 in 10{_raised(-d)}") for d in decades),
        lines=(
            Series("stated", _polyline((axis.at(p.distance), _log_y(p.fmr)) for p in solid)),
            Series("not supported", _polyline((axis.at(p.distance), _log_y(p.fmr)) for p in rest)),
        ),
        band=_polyline((axis.at(distance), _log_y(rate)) for distance, rate in band),
        marks=axis.marks(marks),
    )


def staff(effects: Effects, marks: Sequence[tuple[str, float]], axis: Axis) -> Chart:
    """FNMR over distance: one line for few photos, for many, and for several frames."""
    most = max(line.photos for line in effects.lines)
    frames = max(line.frames for line in effects.lines)
    wanted = dict.fromkeys([(1, 1), (most, 1), (most, frames)])
    lines = [line for photos, n in wanted if (line := effects.line(photos, n))]
    return Chart(
        x_ticks=axis.ticks,
        y_ticks=tuple(Tick(_y(share / 100), f"{share} %") for share in (0, 25, 50, 75, 100)),
        lines=tuple(
            Series(
                f"{_number(line.photos, 'photo')}, {_number(line.frames, 'frame')}",
                _polyline(
                    (axis.at(distance), _y(rate))
                    for distance, rate in zip(DISTANCES, line.fnmr, strict=True)
                    if axis.shows(distance)
                ),
            )
            for line in lines
        ),
        band="",
        marks=axis.marks(marks),
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _log_y(rate: float) -> float:
    held = min(max(rate, LEAST), MOST)
    return _y(math.log(held / LEAST) / math.log(MOST / LEAST))


def _raised(exponent: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(exponent))


def _polyline(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
