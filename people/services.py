"""Enrol, deactivate, erase: what changes who is enrolled.

Lock order, everywhere: the model's advisory lock, person, then photos. Whoever keeps to it cannot
deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from people.errors import Refusal
from people.guard import require_may_change_face, require_may_switch
from people.images import BadPhoto, decode
from people.locking import lock_all_enrolment
from people.models import (
    EmbeddingModel,
    FaceImage,
    FaceImageSource,
    FaceImageState,
    Gallery,
    Person,
)
from people.signals import photos_stored
from people.templates import refresh_template

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class PersonUnknown(Refusal):
    code = "person_unknown"


class PersonAmbiguous(Refusal):
    code = "person_ambiguous"


OVERRIDABLE = frozenset({"already_enrolled", "unlike_others"})


class NotFlagged(Refusal):
    code = "not_flagged"


class PhotoGone(Refusal):
    code = "photo_gone"

    def __init__(self) -> None:
        super().__init__("This photo has been deleted meanwhile.")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of one photo. image is None when it was refused; then error says why."""

    image: FaceImage | None
    already: bool = False
    error: BadPhoto | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed, by number."""

    name: str
    photos: int
    embeddings: int
    templates: int


def find_person(*, name_or_id: str) -> Person:
    """By public id, staff number or full name. Raises PersonUnknown, PersonAmbiguous."""
    people = list(Person.objects.called(name_or_id)[:2])
    if not people:
        raise PersonUnknown(f"Nobody is enrolled as “{name_or_id}”. Check the name or the id.")
    if len(people) > 1:
        raise PersonAmbiguous(
            f"More than one person is called “{name_or_id}”. Use the staff number or the id."
        )
    return people[0]


def find_gallery(*, name: str) -> Gallery:
    gallery = Gallery.objects.filter(name__iexact=name.strip()).first()
    if gallery is None:
        raise Refusal(
            f"There is no gallery called “{name}”. Create it in the admin or check its name.",
            code="gallery_unknown",
        )
    return gallery


def get_or_add_person(
    *, full_name: str, gallery: Gallery | None = None, staff_number: str | None = None
) -> tuple[Person, bool]:
    """The person of this staff number, else of this name, else a new one. True when new.

    Raises PersonAmbiguous when the name alone fits several people. Two callers at once make one
    person: the name is locked until the transaction ends.
    """
    with transaction.atomic():
        _lock_name(full_name)
        if staff_number:
            matches = Person.objects.filter(staff_number=staff_number)
        else:
            matches = Person.objects.filter(full_name__iexact=full_name)
        people = list(matches[:2])
        if len(people) > 1:
            raise PersonAmbiguous(
                f"More than one person is called “{full_name}”. Give the staff number."
            )
        person = (
            people[0]
            if people
            else Person.objects.create(full_name=full_name, staff_number=staff_number or None)
        )
        if gallery is not None:
            person.galleries.add(gallery)
        return person, not people


def _lock_name(full_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('person'), hashtext(%s))", [full_name.lower()]
        )


def enrol_photo(
    *,
    person: Person,
    data: bytes,
    source: FaceImageSource,
    accept_flags: bool = False,
    by: User | None = None,
) -> Enrolled:
    """Check one photo and store it as pending. The same bytes again change nothing.

    accept_flags: enrol it even if the face is known as somebody else's, or unlike the others.
    Raises FaceGuarded.
    """
    require_may_change_face(person=person, by=by)
    try:
        photo = decode(data)
    except BadPhoto as error:
        return Enrolled(image=None, error=error)
    existing = FaceImage.objects.filter(person=person, sha256=photo.sha256).first()
    if existing is not None:
        return Enrolled(image=existing, already=True)
    image = FaceImage(
        person=person,
        sha256=photo.sha256,
        width=photo.pixels.shape[1],
        height=photo.pixels.shape[0],
        source=source,
        accepted_at=timezone.now() if accept_flags else None,
        accepted_by=by if accept_flags else None,
    )
    image.file.save("photo.jpg", ContentFile(photo.jpeg()), save=False)
    try:
        with transaction.atomic():
            image.save()
            photos_stored.send(sender=FaceImage, ids=[image.pk])
    except IntegrityError:
        # Somebody stored the same photo, or erased the person, since we looked.
        image.file.delete(save=False)
        existing = FaceImage.objects.filter(person_id=person.pk, sha256=photo.sha256).first()
        if existing is not None:
            return Enrolled(image=existing, already=True)
        if not Person.objects.filter(pk=person.pk).exists():
            raise PersonUnknown("This person has been erased meanwhile.") from None
        raise
    except BaseException:  # whatever it is, Ctrl-C too: no photo stays without its row
        image.file.delete(save=False)
        raise
    return Enrolled(image=image)


def enrol_photos(
    *,
    person: Person,
    photos: Sequence[bytes],
    source: FaceImageSource,
    accept_flags: bool = False,
    by: User | None = None,
) -> list[Enrolled]:
    return [
        enrol_photo(person=person, data=data, source=source, accept_flags=accept_flags, by=by)
        for data in photos
    ]


@transaction.atomic
def accept_flagged(*, image: FaceImage, by: User | None) -> None:
    """Override the flag on a photo: it is embedded again and this time kept.

    Raises NotFlagged when the photo was not rejected for a flag, PhotoGone, FaceGuarded.
    """
    require_may_change_face(person=_lock_person_of(image), by=by)
    current = FaceImage.objects.select_for_update().filter(pk=image.pk).first()
    if current is None:
        raise PhotoGone
    image = current
    if image.reason_code not in OVERRIDABLE:
        raise NotFlagged("Only a flagged photo can be accepted; this one needs a better photo.")
    image.state = FaceImageState.PENDING
    image.reason_code = image.reason = ""
    image.accepted_at, image.accepted_by = timezone.now(), by
    image.claimed_until, image.tries = None, 0
    image.save()
    photos_stored.send(sender=FaceImage, ids=[image.pk])


@transaction.atomic
def delete_photo(*, image: FaceImage, by: User | None = None) -> None:
    """Remove one photo with its vectors and file; the person's templates follow.

    Raises PhotoGone when the person has been erased with all photos, FaceGuarded.
    """
    person = _lock_person_of(image)
    require_may_change_face(person=person, by=by)
    FaceImage.objects.filter(pk=image.pk).delete()
    for model in EmbeddingModel.objects.filter(templates__person=person):
        refresh_template(person=person, model=model)


def _lock_person_of(image: FaceImage) -> Person:
    person = Person.objects.select_for_update().filter(pk=image.person_id).first()
    if person is None:
        raise PhotoGone
    return person


def deactivate(*, person: Person, by: User | None = None) -> None:
    """Take a person out of every answer. Photos and vectors stay. Raises SwitchGuarded."""
    require_may_switch(person=person, by=by)
    Person.objects.filter(pk=person.pk).update(is_active=False, updated_at=timezone.now())
    person.is_active = False


def activate(*, person: Person, by: User | None = None) -> None:
    """Raises SwitchGuarded."""
    require_may_switch(person=person, by=by)
    Person.objects.filter(pk=person.pk).update(is_active=True, updated_at=timezone.now())
    person.is_active = True


@transaction.atomic
def erase(*, person: Person, by: User | None = None) -> Erased:
    """Remove a person: rows, vectors and photo files. There is no way back.

    Attempts stay as numbers without the person. Raises PersonUnknown when already erased,
    FaceGuarded.
    """
    # A worker may be about to write that another photo shows this person: wait, so that the name
    # is taken out of that too.
    lock_all_enrolment()
    locked = Person.objects.select_for_update().filter(pk=person.pk).first()
    if locked is None:
        raise PersonUnknown("This person has already been erased.")
    require_may_change_face(person=locked, by=by)
    _total, removed = locked.delete()
    return Erased(
        name=locked.full_name,
        photos=removed.get("people.FaceImage", 0),
        embeddings=removed.get("people.FaceEmbedding", 0),
        templates=removed.get("people.Template", 0),
    )


@transaction.atomic
def erase_face(*, person: Person) -> Erased:
    """Remove a person's photos, with their files, and all vectors. The person stays.

    Raises PersonUnknown when the person was erased meanwhile.
    """
    lock_all_enrolment()  # nobody embeds a photo that is about to go
    locked = Person.objects.select_for_update().filter(pk=person.pk).first()
    if locked is None:
        raise PersonUnknown("This person has already been erased.")
    templates, _removed = locked.templates.all().delete()
    _total, removed = locked.images.all().delete()
    return Erased(
        name=locked.full_name,
        photos=removed.get("people.FaceImage", 0),
        embeddings=removed.get("people.FaceEmbedding", 0),
        templates=templates,
    )
