"""Distance ↔ false match rate, as it is stored and read. Pure, and the same in both directions.

log FMR is close to a line between two points. Beyond the strictest point the last line goes on, to
distance 0 at most; beyond the laxest its distance stands. So a smaller rate never gets a larger
distance, and nothing that cannot be read is ever near enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

DOUBT = 10  # a rate is not stated when the truth may be so many times as large
GRID = tuple(10 ** (-2 - step / 4) for step in range(33))  # 10⁻² … 10⁻¹⁰, four a decade


@dataclass(frozen=True, slots=True)
class Point:
    """At this distance ‖a−b‖₂ a stranger passes with the chance fmr, 95 % sure low…high.

    measured: counted; otherwise it comes from the fitted tail.
    """

    fmr: float
    distance: float
    low: float
    high: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """points: laxest first; fmr falls and distance never rises.

    floor: the smallest rate that the sample reaches, with the fitted tail.
    """

    points: tuple[Point, ...]
    floor: float

    @property
    def supported(self) -> float:
        """The smallest rate that can be stated: within the floor, and not too uncertain."""
        stated = self.points[0].fmr
        for point in self.points:
            if point.fmr < self.floor or point.high > DOUBT * point.fmr:
                break
            stated = point.fmr
        return stated

    def supports(self, fmr: float) -> bool:
        return fmr >= self.supported * (1 - 1e-9)

    def distance_at(self, fmr: float) -> float:
        """Below this distance a stranger passes with the chance fmr, 0 < fmr."""
        pairs = [(math.log(p.fmr), p.distance) for p in self.points]
        return max(0.0, _on_line(pairs, math.log(fmr)))

    def fmr_at(self, distance: float) -> float:
        return self._rate(distance, "fmr")

    def interval_at(self, distance: float) -> tuple[float, float]:
        return self._rate(distance, "low"), self._rate(distance, "high")

    def is_measured_at(self, fmr: float) -> bool:
        return any(p.measured and p.fmr <= fmr * 1.001 for p in self.points)

    def _rate(self, distance: float, of: str) -> float:
        """At most that of the laxest point, which is a lower bound of what is true there."""
        pairs = [(p.distance, math.log(max(getattr(p, of), 1e-300))) for p in self.points]
        return math.exp(min(_on_line(pairs, distance), 0.0))

    def as_json(self) -> dict[str, Any]:
        points = [{k: _short(v) for k, v in asdict(p).items()} for p in self.points]
        return {"points": points, "floor": _short(self.floor)}


def _on_line(pairs: Sequence[tuple[float, float]], wanted: float) -> float:
    """y at x on straight lines between (x, y), x falling; beyond the last, its line goes on."""
    if wanted >= pairs[0][0]:
        return pairs[0][1]
    found = (i for i, (x, _y) in enumerate(pairs) if wanted >= x)
    index = next(found, len(pairs) - 1)
    (x1, y1), (x0, y0) = pairs[index - 1], pairs[index]
    return y0 + (wanted - x0) * (y1 - y0) / (x1 - x0) if x1 > x0 else y0


def read(stored: Any) -> Curve | None:
    """What as_json made, or [[fmr, distance], …] of an earlier version; None when it is neither."""
    try:
        if isinstance(stored, dict):
            found = Curve(tuple(Point(**p) for p in stored["points"]), float(stored["floor"]))
        else:
            pairs = sorted(((float(f), float(d)) for f, d in stored), reverse=True)
            points = tuple(Point(f, d, f, f, measured=True) for f, d in pairs)
            found = Curve(points, points[-1].fmr / 100 if points else 1.0)
    except (TypeError, ValueError, KeyError):
        return None
    return found if _is_sound(found) else None


def _is_sound(curve: Curve) -> bool:
    """A curve that is not monotone would be looser for more people; nothing reads such a one."""
    numbers = [x for p in curve.points for x in (p.fmr, p.distance, p.low, p.high)]
    if len(curve.points) < 2 or not all(math.isfinite(x) for x in [*numbers, curve.floor]):
        return False
    steps = pairwise(curve.points)
    return (
        all(a.fmr > b.fmr > 0 and a.distance >= b.distance >= 0 for a, b in steps)
        and curve.points[0].fmr < 1
        and curve.points[0].distance <= 2
    )


def stricter(curves: Sequence[Curve]) -> Curve:
    """At each rate the smaller distance: what holds for every one of them."""
    rates = sorted({p.fmr for curve in curves for p in curve.points}, reverse=True)
    points: list[Point] = []
    for rate in rates:
        nearest = min(curves, key=lambda curve: curve.distance_at(rate))
        distance = nearest.distance_at(rate)
        low, high = nearest.interval_at(distance)
        if not points or distance <= points[-1].distance:
            points.append(Point(rate, distance, low, high, nearest.is_measured_at(rate)))
    return Curve(tuple(points), max(curve.floor for curve in curves))


def monotone(points: Iterable[Point]) -> tuple[Point, ...]:
    """Without the points whose distance is not below the one before: the stricter stand."""
    kept: list[Point] = []
    for point in points:
        while kept and kept[-1].distance < point.distance:
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value
