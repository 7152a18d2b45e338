"""One's own photos: added by the person, seen by the person, deleted by the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from people.errors import Refusal
from people.models import FaceImage, FaceImageSource, FaceImageState, Person
from people.services import OVERRIDABLE, Enrolled, delete_photo, enrol_photo
from recognition.me import consents

MOST = 10  # of one person, by themselves

# What is known about other people is not told.
_FLAGGED = "Somebody of the staff has to look at this photo before it counts."


class TooMany(Refusal):
    code = "too_many_photos"

    def __init__(self) -> None:
        super().__init__(f"{MOST} photos are enough. Delete one before you add another.")


_WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Shown:
    """One photo as its owner sees it. state: as stored, or that it waits for the staff."""

    public_id: UUID
    state: str
    label: str
    reason: str


def of(person: Person | None) -> list[Shown]:
    return [_shown(image) for image in person.images.all()] if person else []


def _shown(image: FaceImage) -> Shown:
    if image.reason_code in OVERRIDABLE:
        return Shown(image.public_id, _WAITS, "Waits for the staff", _FLAGGED)
    return Shown(image.public_id, image.state, image.get_state_display(), image.reason)


def add(*, user: User, photos: Sequence[bytes]) -> list[Enrolled]:
    """Store photos of one's own face; each is looked at by the workers.

    Raises NoConsent, TooMany.
    """
    added = []
    for data in photos:
        # Under the person's lock: consent taken back meanwhile, or another tab, counts.
        with transaction.atomic():
            person = _who_may_add(Person.objects.select_for_update().filter(user=user).first())
            added.append(enrol_photo(person=person, data=data, source=FaceImageSource.SELF))
    return added


def require_may_add(*, user: User) -> Person:
    """Before anything is asked of them. Raises NoConsent, TooMany."""
    return _who_may_add(Person.objects.filter(user=user).first())


def _who_may_add(person: Person | None) -> Person:
    if person is None or not consents.is_given(person):
        raise consents.NoConsent
    if person.images.count() >= MOST:
        raise TooMany
    return person


def remove(*, user: User, public_id: UUID) -> bool:
    """False when there is no such photo of this person."""
    image = FaceImage.objects.filter(public_id=public_id, person__user=user).first()
    if image is None:
        return False
    delete_photo(image=image)
    return True


def are_pending(photos: Sequence[Shown]) -> bool:
    return any(photo.state == FaceImageState.PENDING for photo in photos)
