"""A photo of oneself that comes from a challenge: nobody enrols a picture of somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from people.errors import Refusal
from people.models import Person
from recognition import liveness
from recognition.login import brakes
from recognition.login.faces import Sent
from recognition.me import photos
from recognition.models import AttemptSource, LivenessPurpose, LivenessSession


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
    """Raises NoConsent, TooMany, TooManyChallenges, WeightsMissing, PadUnavailable."""
    photos.require_may_add(user=asking.user)
    return liveness.start(
        purpose=LivenessPurpose.ENROL, bound_to=asking.bound_to, address=asking.address
    )


def answer(*, asking: Asking, read: Callable[[], tuple[Sent, bytes]]) -> int | None:
    """Enrol the photo that looked straight, if whoever is on it moved as they were asked to.

    Its key; None when it was there already. Every refusal is on record.

    read: what was sent, and the file of its first frame, which looks straight.
    Raises NoConsent, TooMany, a NotLive, FaceRefused, BadFrames, BadPhoto, WeightsMissing.
    """
    with _on_record(asking.user):
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
    with _on_record(asking.user):
        (added,) = photos.add(user=asking.user, photos=[straight])
        if added.error is not None:
            raise added.error
    return None if added.image is None or added.already else added.image.pk


@contextmanager
def _on_record(user: User) -> Iterator[None]:
    """What is refused within; the liveness check puts itself on record."""
    try:
        yield
    except Refusal as refusal:
        put_on_record(refusal, user=user)
        raise


def put_on_record(refusal: Refusal, *, user: User | AnonymousUser) -> None:
    """A photo of oneself was sent and refused. Raises ErasedMeanwhile."""
    own = None if isinstance(user, AnonymousUser) else Person.objects.filter(user=user).first()
    liveness.put_on_record(code=refusal.code, source=AttemptSource.LOGIN, actor=user, claimed=own)
