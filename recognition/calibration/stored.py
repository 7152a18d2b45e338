"""What an embedding model's `calibration` holds, typed. Pure: JSON in, JSON out.

`curve`, pairs of (FMR, distance), is what versions before the fitted curves read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognition.calibration import curve as curves
from recognition.calibration import effects as measured
from recognition.calibration.curve import Curve
from recognition.calibration.effects import Effects

VERSION = 2
SHIPPED = Path(__file__).with_name("shipped.json")


@dataclass(frozen=True, slots=True)
class Calibration:
    """single: for a probe of one frame. several: for an averaged one; at each rate at least as
    strict. is_own: measured on people enrolled here. sets: where each curve comes from.
    """

    single: Curve
    several: Curve
    effects: Effects | None
    source: str
    is_own: bool
    measured_on: str = ""
    code: str = ""
    method: str = ""
    sets: tuple[dict[str, Any], ...] = ()

    def for_frames(self, frames: int) -> Curve:
        return self.single if frames <= 1 else self.several

    def as_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "source": self.source,
            "calibrated": self.is_own,
            "curve": [[p.fmr, round(p.distance, 4)] for p in self.single.points],
            "single": self.single.as_json(),
            "several": self.several.as_json(),
            "effects": self.effects.as_json() if self.effects else None,
            "provenance": {
                "measured_on": self.measured_on,
                "code": self.code,
                "method": self.method,
                "sets": list(self.sets),
            },
        }


def shipped() -> dict[str, Any]:
    """What the first model comes with."""
    found: dict[str, Any] = json.loads(SHIPPED.read_text())
    return found


def read(stored: Any) -> Calibration | None:
    """None for what holds no curve that can be trusted: then nothing is near enough."""
    if not isinstance(stored, dict):
        return None
    single = curves.read(stored.get("single", stored.get("curve")))
    if single is None:
        return None
    several = curves.read(stored.get("several"))
    origin = stored.get("provenance")
    origin = origin if isinstance(origin, dict) else {}
    return Calibration(
        single=single,
        several=curves.stricter([single, several]) if several else single,
        effects=measured.read(stored.get("effects")),
        source=str(stored.get("source", "")),
        is_own=bool(stored.get("calibrated")),
        measured_on=str(origin.get("measured_on", "")),
        code=str(origin.get("code", "")),
        method=str(origin.get("method", "")),
        sets=tuple(s for s in origin.get("sets", ()) if isinstance(s, dict)),
    )
