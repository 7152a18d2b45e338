"""Pictures that answered a challenge before: each counts once, whatever it is sent for.

Two looks. The very same pixels are known wherever they come from. A picture that was encoded
anew, enlarged, brightened or touched up shows the face in the same place: nobody turns or tilts the
head a second time so that eyes, nose and mouth are where they were to the pixel. Pictures that look
straight are not compared so, since somebody who sits still does bring those back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.engine import Face
from recognition.liveness.frames import StepFrame
from recognition.liveness.refusals import FramesSeenBefore
from recognition.liveness.steps import STRAIGHT
from recognition.models import LivenessFrame, LivenessSession

# A share of the way from the eyes to the mouth. Encoding a picture anew moves its points by less, a
# head that moves again brings them back less exactly: docs/adr/0011 has both.
NEAR = 0.02
# The last ones of one account or device: a day of somebody who tries and tries.
MOST = 2000

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """whose: among whose pictures those are looked for that are not the very same. faces: one of
    each frame."""

    session: LivenessSession
    whose: str
    frames: Sequence[StepFrame]
    faces: Sequence[Face]


def keep(sent: Sent) -> None:
    """What tells these pictures; before anything is made of them, so that of two answers at once
    one at least finds the other."""
    rows = {
        frame.digest: (frame, face) for frame, face in zip(sent.frames, sent.faces, strict=True)
    }
    LivenessFrame.objects.bulk_create(
        # In one order everywhere: each waits for whoever keeps the same picture at this moment.
        [_row(sent, digest, *rows[digest]) for digest in sorted(rows)],
        ignore_conflicts=True,
    )


def require_new(sent: Sent) -> None:
    """Call it after `keep`. Raises FramesSeenBefore."""
    others = LivenessFrame.objects.exclude(session=sent.session)
    if others.filter(digest__in=[frame.digest for frame in sent.frames]).exists():
        raise FramesSeenBefore
    before = others.filter(whose=sent.whose).exclude(step=STRAIGHT)
    moves: dict[str, list[list[float]]] = {}
    for step, points in before.values_list("step", "points")[:MOST]:
        moves.setdefault(step, []).append(points)
    for frame, face in zip(sent.frames, sent.faces, strict=True):
        if frame.step in moves and _is_near(moves[frame.step], frame, face):
            raise FramesSeenBefore


def _row(sent: Sent, digest: str, frame: StepFrame, face: Face) -> LivenessFrame:
    points = face.landmarks.astype(np.float64) / _sides(frame)
    return LivenessFrame(
        session=sent.session,
        whose=sent.whose,
        step=frame.step,
        digest=digest,
        points=points.ravel().tolist(),
    )


def _is_near(before: Sequence[Sequence[float]], frame: StepFrame, face: Face) -> bool:
    """Whether all five points are where they are in one of the pictures before."""
    known: Points = np.reshape(before, (-1, 5, 2)) * _sides(frame)
    apart = np.abs(known - face.landmarks).max(axis=(1, 2))
    return bool((apart < NEAR * np.ptp(face.landmarks, axis=0).max()).any())


def _sides(frame: StepFrame) -> Points:
    height, width = frame.pixels.shape[:2]
    return np.array([width, height], np.float64)
