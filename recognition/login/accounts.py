"""Whose account it is, and what it takes to log in to it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q

from people.models import EmbeddingModel, FaceImage, Person, Template
from people.querysets import PersonQuerySet
from recognition.login import brakes
from recognition.login.backends import has_admin_rights


class Mode(StrEnum):
    OFF = "off"
    SECOND_FACTOR = "second_factor"
    CLAIMED = "claimed"
    RECOGNIZE = "recognize"


class Missing(StrEnum):
    """What an account lacks whose password was right. ENROLMENT: of a face to ask for."""

    FACE = "face"
    ENROLMENT = "enrolment"


def mode() -> Mode:
    return Mode(settings.FACE_LOGIN_MODE)


def by_face_alone() -> bool:
    return mode() in (Mode.CLAIMED, Mode.RECOGNIZE)


def owner_of(user: User) -> Person | None:
    """The active person whose account this is."""
    return Person.objects.active().filter(user=user).first()


def must_enrol(user: User) -> bool:
    """Whether this account needs a face to do more than enrol one."""
    insists = settings.FACE_LOGIN_STAFF_MUST_ENROL and mode() != Mode.OFF
    return bool(insists and has_admin_rights(user))


def with_face(user: User) -> Person | None:
    """The active person of this account, if probes can be compared with a face of theirs."""
    model = EmbeddingModel.objects.current()
    templates = Template.objects.of(model).filter(person__user=user, person__is_active=True)
    template = templates.select_related("person").first()
    return template.person if template else None


def has_no_face_but(user: User, *, photos: Collection[int]) -> bool:
    """Whether the face of this account is of these photos alone."""
    enrolled = FaceImage.objects.ready().filter(person__user=user)
    return enrolled.exists() and not enrolled.exclude(pk__in=photos).exists()


def missing_beside_password(user: User) -> Missing | None:
    """None when the right password is enough for this account."""
    if mode() == Mode.OFF:
        return None
    if mode() != Mode.SECOND_FACTOR and not has_admin_rights(user):
        return None
    if brakes.is_password_alone(name=user.get_username()):
        return None
    if with_face(user) is not None:
        return Missing.FACE
    # A face that cannot be asked for now, since its person is inactive or the model has no template
    # of it, is no reason to do without: `allow_password` is.
    if has_admin_rights(user) and FaceImage.objects.ready().filter(person__user=user).exists():
        return Missing.FACE
    return Missing.ENROLMENT if must_enrol(user) else None


def admins_without_face() -> int:
    """How many accounts with admin rights have no face enrolled, where they give both.

    Until they have, their password opens everything; or their own pages alone, where the site
    insists.
    """
    if mode() == Mode.OFF:
        return 0
    enrolled = FaceImage.objects.ready().filter(person__user__isnull=False)
    with_rights = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True)
    return with_rights.exclude(pk__in=enrolled.values("person__user")).count()


def claimed_by(name: str) -> Person | None:
    """Whom a name and a face, without a password, may log in: a person with their account.

    Nobody for a name that is unknown, and for an account with admin rights. One question to the
    database whoever it is.
    """
    return _without_admin_rights().filter(user__username=name).first()


def found_as(person_id: int) -> Person | None:
    """Whom a face alone may log in."""
    return _without_admin_rights().filter(pk=person_id).first()


def _without_admin_rights() -> PersonQuerySet:
    people = Person.objects.active().select_related("user")
    return people.filter(user__is_active=True, user__is_staff=False, user__is_superuser=False)
