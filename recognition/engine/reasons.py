"""Why a face cannot be used: a code for programs, a sentence for the person."""

from enum import StrEnum


class Reason(StrEnum):
    NO_FACE = "no_face"
    MANY_FACES = "many_faces"
    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    EXTREME_POSE = "extreme_pose"
    LOW_CONFIDENCE = "low_confidence"

    @property
    def sentence(self) -> str:
        """What to do about it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.NO_FACE: "No face found. Face the camera, in good light, with the whole face visible.",
    Reason.MANY_FACES: "More than one face found. Only one person may be in the picture.",
    Reason.TOO_SMALL: "The face is too small. Come closer or use a larger photo.",
    Reason.TOO_BLURRED: "The face is blurred. Hold still and let the camera focus.",
    Reason.TOO_DARK: "The face is too dark. Turn towards the light.",
    Reason.TOO_BRIGHT: "The face is too bright. Turn away from the strong light.",
    Reason.EXTREME_POSE: "The face is turned away. Look straight at the camera.",
    Reason.LOW_CONFIDENCE: "The face is not clear enough. Uncover it and face the camera.",
}
