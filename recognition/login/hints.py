"""What to change before the picture is taken: a small frame in, one sentence out, nothing kept.

A move is measured from the face that looked straight, as the check does. Where that was goes to the
browser and comes back with the next frame; whoever changes it on the way misleads themselves alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from django.conf import settings

from people.images import Pixels
from people.models import EmbeddingModel
from recognition import runtime
from recognition.engine import Face, FaceRefused
from recognition.engine.limits import LIVENESS, choose
from recognition.liveness.geometry import Place, place
from recognition.liveness.steps import LOOK_UP, STRAIGHT, Motion, is_seen, is_straight
from recognition.models import LivenessStep

# Shares of the picture's shorter side.
_SMALLEST, _LARGEST = 0.22, 0.7
_OFF_CENTRE = 0.22
# The eyes and the mouth of a face that fills the oval, when nothing is known of the straight one.
_USUAL_SIZE = 0.19
_USUAL_PITCH = 2.0
# Degrees. A face that is lifted further may be taken for another.
_MOST_LIFT = 35
_MOVES = frozenset(LivenessStep.values) - {STRAIGHT}

_SAID = {
    "ok": "Good. Take the picture.",
    "no_face": "No face yet. Look into the oval.",
    "many_faces": "One person only.",
    "too_small": "Come closer.",
    "too_close": "Move back a little.",
    "off_centre": "Move into the oval.",
    "too_blurred": "Hold still.",
    "too_dark": "Too dark. Turn towards the light.",
    "too_bright": "Too bright. Turn away from the light.",
    "extreme_pose": "Too far. Turn back a little.",
    "low_confidence": "Uncover your face.",
    "move_further": "A little further.",
    "move_closer": "A little closer.",
    "look_straight": "Look straight at the camera.",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """straight: where the face is, for the frames that follow; "" unless it looks straight."""

    code: str
    straight: str = ""

    @property
    def sentence(self) -> str:
        return _SAID[self.code]


def hint(*, pixels: Pixels, step: str, straight: str = "") -> Hint:
    """pixels: (h, w, 3) uint8 RGB, not mirrored. straight: of the last hint that had one.

    Raises WeightsMissing.
    """
    engine = runtime.engine_for(EmbeddingModel.objects.current())
    try:
        face = choose(engine.faces(pixels), LIVENESS)
    except FaceRefused as refusal:
        return Hint(refusal.code)
    height, width = pixels.shape[:2]
    wrong = _placed(face, width, height, step)
    if wrong:
        return Hint(wrong)
    is_moving = settings.FACE_LOGIN_LIVENESS != "off"
    seen = place(face.landmarks, engine.pitch(pixels, face) if is_moving else 0.0)
    # Frames may be of any size.
    return _posed(replace(seen, size=seen.size / min(width, height)), step, straight)


def _placed(face: Face, width: int, height: int, step: str) -> str | None:
    side = min(width, height)
    if face.box.side < _SMALLEST * side:
        return "too_small"
    if face.box.side > _LARGEST * side and step != "come_closer":
        return "too_close"
    x, y = face.box.centre
    is_off = max(abs(x - width / 2), abs(y - height / 2)) > _OFF_CENTRE * side
    return "off_centre" if is_off else None


def _posed(now: Place, step: str, straight: str) -> Hint:
    if step == STRAIGHT:
        return Hint("ok", _write(now)) if is_straight(now) else Hint("look_straight")
    if step not in _MOVES:
        return Hint("ok")
    before = _read(straight) or Place(0.0, now.along, _USUAL_SIZE, 0.0, _USUAL_PITCH)
    motion = Motion.between(before, now)
    if is_seen(step, motion):
        return Hint("extreme_pose" if step == LOOK_UP and motion.up > _MOST_LIFT else "ok")
    return Hint("move_closer" if step == LivenessStep.COME_CLOSER else "move_further")


def _write(seen: Place) -> str:
    where = f"{seen.across:.4f} {seen.along:.4f} {seen.size:.4f}"
    return f"{where} {seen.roll:.2f} {seen.pitch:.2f}"


def _read(text: str) -> Place | None:
    """None when it is not what was written."""
    try:
        across, along, size, roll, pitch = map(float, text.split())
    except ValueError:
        return None
    is_real = all(map(math.isfinite, (across, along, size, roll, pitch))) and size > 0
    return Place(across, along, size, roll, pitch) if is_real else None
