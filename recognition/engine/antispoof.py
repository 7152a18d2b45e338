"""Passive presentation attack detection: a face, or a picture of one?

deepface's pair of MiniFASNets, which look at the face with some and with more of what is around it:
the edge of a print, the bezel and the moiré of a screen. Source: Minivision,
"Silent-Face-Anti-Spoofing", through deepface's Fasnet.
"""

import os
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognition.engine import weights
from recognition.engine.types import Box, Pixels

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# For each network, how many times the face's box it sees. In the order of weights.PAD.
_SCALES = (2.7, 4.0)
_SIDE = 80  # pixels, both networks' input
_LIVE = 1  # of the three classes; the others are kinds of pictures


@dataclass(frozen=True, slots=True)
class _Pair:
    sessions: "tuple[InferenceSession, ...]"

    @classmethod
    def load(cls, models_dir: Path, threads: int | None) -> "_Pair":
        """Raises WeightsMissing."""
        from recognition.engine.sessions import open_session

        paths = [weights.verified(models_dir, file) for file in weights.PAD]
        return cls(tuple(open_session(path, threads=threads) for path in paths))

    def score(self, photo: Pixels, box: Box) -> float:
        from deepface.models.spoofing.FasNetUtils import crop

        # As deepface feeds them: BGR, 0…255, a box of whole pixels.
        bgr = np.ascontiguousarray(photo[:, :, ::-1])
        area = tuple(round(side) for side in (box.x, box.y, box.width, box.height))
        found = [
            _run(session, crop(bgr, area, scale, _SIDE, _SIDE))[_LIVE]
            for session, scale in zip(self.sessions, _SCALES, strict=True)
        ]
        return float(np.mean(found))


def _run(session: "InferenceSession", pixels: NDArray[Any]) -> NDArray[np.float32]:
    """(80, 80, 3) → (3,) float32 that add up to 1."""
    name = session.get_inputs()[0].name
    given = np.ascontiguousarray(pixels[None], dtype=np.float32)
    return np.asarray(session.run(None, {name: given})[0][0], np.float32)


class AntiSpoof:
    """Loads at the first use, once per process; safe for many threads and after a fork."""

    def __init__(self, *, models_dir: Path, threads: int | None = 1) -> None:
        self._models_dir = models_dir
        self._threads = threads
        self._pair: _Pair | None = None
        self._lock = threading.Lock()
        _all.add(self)

    def load(self) -> None:
        """Raises WeightsMissing."""
        self._loaded()

    def score(self, photo: Pixels, box: Box) -> float:
        """How likely the face is there itself, 0…1.

        photo: (h, w, 3) uint8 RGB. box: of the face. Raises WeightsMissing.
        """
        return self._loaded().score(photo, box)

    def _loaded(self) -> _Pair:
        with self._lock:
            if self._pair is None:
                self._pair = _Pair.load(self._models_dir, self._threads)
            return self._pair

    def _start_anew(self) -> None:
        """As `Engine`: in a forked child the sessions' threads are gone."""
        if self._pair is not None:
            _inherited.append(self._pair)
        self._pair = None
        self._lock = threading.Lock()


_all: "weakref.WeakSet[AntiSpoof]" = weakref.WeakSet()
_inherited: list[_Pair] = []


def _start_all_anew() -> None:
    for each in _all:
        each._start_anew()


os.register_at_fork(after_in_child=_start_all_anew)
