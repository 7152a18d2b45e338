"""The curves as lines of an SVG, in its own units: no script, no other server. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recognition.calibration.curve import Curve
from recognition.calibration.effects import DISTANCES, Effects

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 12, 34
NEAREST, FARTHEST = 0.4, 1.2
LEAST, MOST = 1e-8, 1e-2


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


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
    points = [p for p in curve.points if NEAREST <= p.distance <= FARTHEST]
    solid = [p for p in points if p.fmr >= curve.supported * 0.999]
    rest = points[max(len(solid) - 1, 0) :]
    band = [(p.distance, p.high) for p in points] + [(p.distance, p.low) for p in points[::-1]]
    decades = range(round(math.log10(LEAST)), round(math.log10(MOST)) + 1, 2)
    return Chart(
        x_ticks=_x_ticks(),
        y_ticks=tuple(Tick(_log_y(10.0**d), f"1 in 10{_raised(-d)}") for d in decades),
        lines=(
            Series("stated", _polyline((_x(p.distance), _log_y(p.fmr)) for p in solid)),
            Series("not supported", _polyline((_x(p.distance), _log_y(p.fmr)) for p in rest)),
        ),
        band=_polyline((_x(distance), _log_y(rate)) for distance, rate in band),
        marks=_marks(marks),
    )


def staff(effects: Effects, marks: Sequence[tuple[str, float]]) -> Chart:
    """FNMR over distance: one line for few photos, for many, and for several frames."""
    most = max(line.photos for line in effects.lines)
    frames = max(line.frames for line in effects.lines)
    wanted = dict.fromkeys([(1, 1), (most, 1), (most, frames)])
    lines = [line for photos, n in wanted if (line := effects.line(photos, n))]
    return Chart(
        x_ticks=_x_ticks(),
        y_ticks=tuple(Tick(_y(share / 100), f"{share} %") for share in (0, 25, 50, 75, 100)),
        lines=tuple(
            Series(
                f"{_number(line.photos, 'photo')}, {_number(line.frames, 'frame')}",
                _polyline(
                    (_x(distance), _y(rate))
                    for distance, rate in zip(DISTANCES, line.fnmr, strict=True)
                    if NEAREST <= distance <= FARTHEST
                ),
            )
            for line in lines
        ),
        band="",
        marks=_marks(marks),
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _marks(marks: Sequence[tuple[str, float]]) -> tuple[Tick, ...]:
    return tuple(Tick(_x(min(max(d, NEAREST), FARTHEST)), name) for name, d in marks)


def _x_ticks() -> tuple[Tick, ...]:
    return tuple(Tick(_x(tenth / 10), f"{tenth / 10:.1f}") for tenth in range(4, 13, 2))


def _x(distance: float) -> float:
    share = (distance - NEAREST) / (FARTHEST - NEAREST)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _log_y(rate: float) -> float:
    held = min(max(rate, LEAST), MOST)
    return _y(math.log(held / LEAST) / math.log(MOST / LEAST))


def _raised(exponent: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(exponent))


def _polyline(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
