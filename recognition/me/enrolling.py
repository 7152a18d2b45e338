"""A photo of oneself that comes from a challenge: nobody enrols a picture of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User

from people.errors import Refusal
from people.services import Enrolled
from recognition import liveness
from recognition.login import brakes
from recognition.login.faces import Sent
from recognition.me import photos
from recognition.models import LivenessPurpose, LivenessSession


class ChallengeRequired(Refusal):
    code = "challenge_required"

    def __init__(self) -> None:
        super().__init__(
            "Photos of your face are taken here, with the camera, while you move as you are asked."
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """bound_to, address: whose challenge it has to be."""

    user: User
    bound_to: str
    address: str


def is_required() -> bool:
    """Where liveness is asked of whoever logs in, it is asked of whom they are compared with."""
    return bool(settings.FACE_LOGIN_LIVENESS != "off")


def start(*, asking: Asking) -> LivenessSession:
    """Raises NoConsent, TooMany, TooManyChallenges, PadUnavailable."""
    photos.require_may_add(user=asking.user)
    return liveness.start(
        purpose=LivenessPurpose.ENROL, bound_to=asking.bound_to, address=asking.address
    )


def answer(*, asking: Asking, read: Callable[[], tuple[Sent, bytes]]) -> Enrolled:
    """Enrol the photo that looked straight, if whoever is on it moved as they were asked to.

    read: what was sent, and the file of its first frame, which looks straight.
    Raises NoConsent, TooMany, a NotLive, FaceRefused, BadFrames, BadPhoto, WeightsMissing.
    """
    person = photos.require_may_add(user=asking.user)
    sent, straight = read()
    liveness.check(
        nonce=sent.nonce,
        purpose=LivenessPurpose.ENROL,
        bound_to=asking.bound_to,
        address=asking.address,
        frames=sent.frames,
        actor=asking.user,
        claimed=person,
        whose=brakes.account_of(asking.user.get_username()),
    )
    (added,) = photos.add(user=asking.user, photos=[straight])
    return added
