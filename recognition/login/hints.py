"""What to change before the picture is taken: a small frame in, one sentence out, nothing kept."""

from __future__ import annotations

from dataclasses import dataclass

from people.images import Pixels
from people.models import EmbeddingModel
from recognition import runtime
from recognition.engine import Face, FaceRefused
from recognition.engine.limits import LIVENESS, choose
from recognition.liveness.steps import LIMITS

# Shares of the picture's shorter side.
_SMALLEST, _LARGEST = 0.22, 0.7
_OFF_CENTRE = 0.22
# Left and right are the person's own; a frame is not mirrored.
_TURNS = {"turn_left": 1, "turn_right": -1}

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
    "turn_further": "A little further.",
    "look_straight": "Look straight at the camera.",
}


@dataclass(frozen=True, slots=True)
class Hint:
    code: str

    @property
    def sentence(self) -> str:
        return _SAID[self.code]


def hint(*, pixels: Pixels, step: str) -> Hint:
    """pixels: (h, w, 3) uint8 RGB, not mirrored. Raises WeightsMissing."""
    engine = runtime.engine_for(EmbeddingModel.objects.current())
    try:
        face = choose(engine.faces(pixels), LIVENESS)
    except FaceRefused as refusal:
        return Hint(refusal.code)
    return Hint(_placed(face, pixels.shape[1], pixels.shape[0], step) or _posed(face, step))


def _placed(face: Face, width: int, height: int, step: str) -> str | None:
    side = min(width, height)
    if face.box.side < _SMALLEST * side:
        return "too_small"
    if face.box.side > _LARGEST * side and step != "come_closer":
        return "too_close"
    x, y = face.box.centre
    is_off = max(abs(x - width / 2), abs(y - height / 2)) > _OFF_CENTRE * side
    return "off_centre" if is_off else None


def _posed(face: Face, step: str) -> str:
    """Only what one frame can tell; the rest of the moves needs the straight one beside it."""
    right = face.quality.yaw  # towards the right of the picture, which is the person's left
    if step in _TURNS:
        return "ok" if right * _TURNS[step] >= LIMITS.yaw else "turn_further"
    if step == "look_straight" and abs(right) > LIMITS.straight_yaw:
        return "look_straight"
    return "ok"
