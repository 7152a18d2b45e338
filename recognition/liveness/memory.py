"""Pictures that answered a challenge before: each counts once, whatever it is sent for.

Two looks. The very same pixels are known wherever they come from. A picture that was encoded
anew, enlarged, brightened or touched up shows the face in the same place: nobody turns or tilts the
head a second time so that eyes, nose and mouth are where they were to the pixel. Pictures that look
straight are not compared so, since somebody who sits still does bring those back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.engine import Face
from recognition.liveness.frames import StepFrame
from recognition.liveness.refusals import FramesSeenBefore
from recognition.liveness.steps import STRAIGHT
from recognition.models import LivenessFrame, LivenessSession

# How far, as a share of the face's height, the points of a picture move when it is encoded anew:
# docs/adr/0011. Five points of a head that moved again are farther off.
NEAR = 0.02
# The last ones of one account or device: a day of somebody who tries and tries.
MOST = 2000

Points = NDArray[np.float64]


def require_new(
    session: LivenessSession, frames: Sequence[StepFrame], faces: Sequence[Face], *, whose: str
) -> None:
    """Keep what tells these pictures, and refuse them if one was here before.

    faces: one of each frame. whose: among whose pictures those are looked for that are not the very
    same. Kept first and looked for then, so of two answers at once one at least finds the other.
    Raises FramesSeenBefore.
    """
    rows = {row.digest: row for row in map(_row, frames, faces)}
    for row in rows.values():
        row.session, row.whose = session, whose
    # In one order everywhere: each waits for whoever keeps the same picture at this moment.
    LivenessFrame.objects.bulk_create(
        [rows[digest] for digest in sorted(rows)], ignore_conflicts=True
    )
    others = LivenessFrame.objects.exclude(session=session)
    if others.filter(digest__in=list(rows)).exists():
        raise FramesSeenBefore
    before = others.filter(whose=whose).exclude(step=STRAIGHT)
    moves: dict[str, list[list[float]]] = {}
    for step, points in before.values_list("step", "points")[:MOST]:
        moves.setdefault(step, []).append(points)
    for frame, face in zip(frames, faces, strict=True):
        if frame.step in moves and _is_near(moves[frame.step], frame, face):
            raise FramesSeenBefore


def _row(frame: StepFrame, face: Face) -> LivenessFrame:
    points = face.landmarks.astype(np.float64) / _sides(frame)
    return LivenessFrame(
        step=frame.step,
        digest=frame.digest,
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
