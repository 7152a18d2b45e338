"""One photo of an import → the person it shows, enrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from people.errors import Refusal
from people.imports.names import MAX_LENGTHS, Identity
from people.models import FaceImageSource, Gallery, Person
from people.services import Enrolled, enrol_photo, get_or_add_person

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class StaffNumberTaken(Refusal):
    code = "staff_number_taken"


class NameUnusable(Refusal):
    code = "name_unusable"


def gallery_called(name: str) -> tuple[Gallery, bool]:
    """The gallery of this name, made if there is none. True when new. Raises NameUnusable."""
    _check("gallery", name)
    gallery = Gallery.objects.filter(name__iexact=name.strip()).first()
    if gallery is not None:
        return gallery, False
    return Gallery.objects.get_or_create(name=name.strip())


def enrol_entry(
    *,
    who: Identity,
    data: bytes,
    gallery: Gallery | None = None,
    source: FaceImageSource = FaceImageSource.IMPORT,
    accept_flags: bool = False,
    by: User | None = None,
) -> tuple[Enrolled, bool]:
    """Enrol a photo for somebody who is added when unknown; True when added now.

    All of it happens or nothing: nobody is added for a photo that cannot be read.
    Raises NameUnusable, PersonAmbiguous, StaffNumberTaken.
    """
    with transaction.atomic():
        person, is_new = _person(who, gallery)
        enrolled = enrol_photo(
            person=person, data=data, source=source, accept_flags=accept_flags, by=by
        )
        is_kept = enrolled.error is None
        if is_new and not is_kept:
            transaction.set_rollback(True)
    return enrolled, is_new and is_kept


def _check(what: str, name: str) -> None:
    if not name.strip() or len(name) > MAX_LENGTHS[what] or "\0" in name:
        raise NameUnusable(
            f"A {what.replace('_', ' ')} has 1 to {MAX_LENGTHS[what]} characters; correct it."
        )


def _person(who: Identity, gallery: Gallery | None) -> tuple[Person, bool]:
    _check("full_name", who.full_name)
    if who.staff_number:
        _check("staff_number", who.staff_number)
    if who.gallery:
        gallery, _is_new = gallery_called(who.gallery)
    person, is_new = get_or_add_person(
        full_name=who.full_name, gallery=gallery, staff_number=who.staff_number or None
    )
    if person.full_name.casefold() != who.full_name.casefold():
        raise StaffNumberTaken(
            f"Staff number {who.staff_number} belongs to {person.full_name},"
            f" not to {who.full_name}. Correct the number or the name."
        )
    return person, is_new
