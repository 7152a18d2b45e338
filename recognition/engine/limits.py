"""What a face must have to be used. Every limit in one place, with its unit and its reason.

"Ordinary photos" are the 1,189 of the people in Labeled Faces in the Wild that have 8 and more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from recognition.engine.errors import ManyFaces, NoFace, PoorQuality
from recognition.engine.reasons import Reason
from recognition.engine.types import Face


@dataclass(frozen=True, slots=True)
class Limits:
    """One set of limits; the units are those of `Quality`.

    rival: a second face whose side is at least this share of the largest one's makes it unclear
    who is meant.
    """

    rival: float
    min_size: float
    min_sharpness: float
    min_brightness: float
    max_brightness: float
    max_yaw: float
    max_pitch: float
    max_roll: float
    min_confidence: float


# A template lives for years, and a bad photo in it costs at every comparison: strict.
ENROLMENT = Limits(
    # Where LFW's subject was not the largest face, the two differed by less than 0.85; at 0.7
    # there is room, and bystanders refuse 5 % of press photos instead of 19 %.
    rival=0.7,
    # px. A face of 32 is enlarged five times for the network.
    min_size=32,
    # No ordinary photo is below; 99 % of those blurred by 5 % of the face's width are.
    min_sharpness=0.06,
    # The darkest face of View 1 in fair light has 0.17: the limit is about light, not skin.
    min_brightness=0.13,
    # The brightest of all ordinary faces has 0.85; beyond, skin burns out to white.
    max_brightness=0.88,
    # Degrees. 0.5 % of ordinary photos turn farther than 45; the far eye is then hidden at 50.
    max_yaw=50,
    max_pitch=28,
    # Levelled before embedding, but the detector has seldom seen more.
    max_roll=45,
    # The weakest ordinary face has 0.72, the weakest of the demo photos 0.67.
    min_confidence=0.6,
)

# A probe can be repeated at once, and a wrong refusal is a person who waits: lenient. The floors
# keep out what looks alike for everybody: smears, shadows, profiles.
PROBE = Limits(
    # The person at the camera, unless somebody else stands as near: who is meant is then unclear.
    rival=0.8,
    min_size=24,
    # A third of the photos blurred by 3 % of the face's width are below, 99 % of those by 5 %: by
    # then fewer than half of the people would be known again.
    min_sharpness=0.05,
    min_brightness=0.07,
    max_brightness=0.93,
    max_yaw=65,
    max_pitch=40,
    max_roll=60,
    min_confidence=0.5,
)

# Somebody who turns before the camera: the probe's limits, but nobody else in the picture. A
# second person half as large stands right behind, and frames could be of either.
LIVENESS = replace(
    PROBE,
    rival=0.5,
    # A head that turns is compared with itself pixel by pixel; a camera at arm's length sees 150.
    min_size=60,
)


def choose(faces: Sequence[Face], limits: Limits) -> Face:
    """The one face that is meant. faces: largest first.

    Raises NoFace, ManyFaces, or PoorQuality with the first reason that applies.
    """
    clear = [face for face in faces if face.confidence >= limits.min_confidence]
    if not faces:
        raise NoFace
    if not clear:
        raise PoorQuality(Reason.LOW_CONFIDENCE, faces[0])
    main, rivals = clear[0], clear[1:]
    if any(rival.box.side >= limits.rival * main.box.side for rival in rivals):
        raise ManyFaces
    reason = weakness(main, limits)
    if reason is not None:
        raise PoorQuality(reason, main)
    return main


def weakness(face: Face, limits: Limits) -> Reason | None:
    """Why this face cannot be used, the reason to mend first; None when it can."""
    quality = face.quality
    checks = [
        (face.confidence < limits.min_confidence, Reason.LOW_CONFIDENCE),
        (quality.size < limits.min_size, Reason.TOO_SMALL),
        (quality.brightness < limits.min_brightness, Reason.TOO_DARK),
        (quality.brightness > limits.max_brightness, Reason.TOO_BRIGHT),
        (quality.sharpness < limits.min_sharpness, Reason.TOO_BLURRED),
        (abs(quality.yaw) > limits.max_yaw, Reason.EXTREME_POSE),
        (abs(quality.pitch) > limits.max_pitch, Reason.EXTREME_POSE),
        (abs(quality.roll) > limits.max_roll, Reason.EXTREME_POSE),
    ]
    return next((reason for applies, reason in checks if applies), None)
