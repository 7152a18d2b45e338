"""Why somebody is not believed to be there. A code for programs, a sentence for the person."""

from people.errors import Refusal


class NotLive(Refusal):
    """The base: every one uses its challenge up, and a new one has to be asked for."""

    code = "not_live"


class LivenessRequired(NotLive):
    """A photo was shown where only a challenge that was answered counts. It has cost none."""

    code = "liveness_required"

    def __init__(self) -> None:
        super().__init__(
            "A photo is not enough here: somebody has to move as they are asked. Start a challenge"
            " and send its answer."
        )


class ChallengeUnknown(NotLive):
    code = "challenge_unknown"

    def __init__(self) -> None:
        super().__init__("There is no such challenge. Start again.")


class ChallengeExpired(NotLive):
    code = "challenge_expired"

    def __init__(self) -> None:
        super().__init__("That took too long. Start again.")


class ChallengeUsed(NotLive):
    code = "challenge_used"

    def __init__(self) -> None:
        super().__init__("This challenge was answered already. Start again.")


class ChallengeNotYours(NotLive):
    code = "challenge_not_yours"

    def __init__(self) -> None:
        super().__init__(
            "This challenge was given to somebody else, or for something else. Start again."
        )


class TooManyChallenges(NotLive):
    code = "too_many_challenges"
    wait = 600  # seconds

    def __init__(self) -> None:
        super().__init__("Too many challenges were started and not answered. Wait ten minutes.")


class TooManyFailed(NotLive):
    """wait: seconds until this device gets a challenge again."""

    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many answers in a row failed here. Wait {seconds} seconds.")
        self.wait = seconds


class BadFrames(NotLive):
    """Not what a challenge is answered with: too many frames, or unknown steps."""

    code = "frames_malformed"


class StepMissing(NotLive):
    """A step has no frame, or the frames are not in the order that was asked for."""

    code = "step_missing"


class StepNotSeen(NotLive):
    """step: what was asked for and not done far enough."""

    code = "step_not_seen"

    def __init__(self, step: str, message: str) -> None:
        super().__init__(message)
        self.step = step


class FramesAlike(NotLive):
    code = "frames_alike"

    def __init__(self) -> None:
        super().__init__(
            "The face moves like a flat picture, or not at all. Move your head, not the camera."
        )


class FramesSeenBefore(NotLive):
    """A picture that answered another challenge, or is as good as one."""

    code = "frames_seen_before"

    def __init__(self) -> None:
        super().__init__("A picture like one of these was sent before. Start again, and move anew.")


class FaceChanged(NotLive):
    code = "face_changed"

    def __init__(self) -> None:
        super().__init__("The frames do not show one and the same person. Start again, alone.")


class SeveralFaces(NotLive):
    code = "several_faces"

    def __init__(self) -> None:
        super().__init__("More than one face is in the picture. Only one person may be.")


class TooFast(NotLive):
    code = "too_fast"

    def __init__(self) -> None:
        super().__init__("That was too fast for a person. Take your time for each step.")


class TooSlow(NotLive):
    code = "too_slow"

    def __init__(self) -> None:
        super().__init__("Too much time passed between two steps. Start again.")


class PresentationAttack(NotLive):
    code = "presentation_attack"

    def __init__(self) -> None:
        super().__init__(
            "The camera seems to see a picture or a screen. Show your own face, in good light."
        )


class PadUnavailable(NotLive):
    code = "pad_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The networks that tell a face from a picture of one are missing or altered."
            " Run: manage.py fetch_models --pad"
        )


SAID_OF_STEP = {
    "look_straight": "Look straight at the camera first.",
    "turn_left": "Turn your head further to your left.",
    "turn_right": "Turn your head further to your right.",
    "tilt_left": "Tilt your head further towards your left shoulder.",
    "tilt_right": "Tilt your head further towards your right shoulder.",
    "look_up": "Lift your chin further.",
    "come_closer": "Come closer to the camera.",
}
