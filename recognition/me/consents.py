"""Agreeing to have one's face kept, in words that are kept too; taking it back at any time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from people.errors import Refusal
from people.models import ConsentMethod, Person
from people.services import Erased, erase_face
from recognition.login.accounts import Mode, mode
from recognition.models import ConsentRecord

# What becomes of the password once there is a face.
_PASSWORD = {
    Mode.OFF: "I log in with my password, and my face is not asked for then.",
    Mode.SECOND_FACTOR: (
        "Once my face is enrolled I log in with my password and my face together. When the camera"
        " does not work, or does not know me, I ask an administrator to let me in."
    ),
}
_EITHER = (
    "I can always use my password instead, unless my account has admin rights: then it takes both"
    " once my face is enrolled."
)
_AFTERWARDS = "I then log in with my password alone."
_AFTERWARDS_OF_STAFF = (
    "I then log in with my password alone, unless my account has admin rights: then the admin is"
    " closed to me until a face is enrolled again."
)


def _own_text(mode: Mode, *, staff_must_enrol: bool) -> str:
    when = "when I clock in or out"
    if mode != Mode.OFF:
        when = f"when I log in, and {when}"
    is_locked_out = staff_must_enrol and mode != Mode.OFF
    return "\n\n".join(
        (
            "I agree that this site keeps photos of my face, and number series (“vectors”) worked"
            f" out from them, to know me again: {when}.",
            "Photos and vectors stay on this site's own servers. They are shown to nobody but me"
            " and the staff who look after enrolment, and are not given to anybody else.",
            "Every time my face is compared with them, the site writes down when that was and how"
            " it ended, without a picture.",
            _PASSWORD.get(mode, _EITHER),
            "I can take this back at any time, on this page, without giving a reason. Photos and"
            " vectors are then erased at once."
            f" {_AFTERWARDS_OF_STAFF if is_locked_out else _AFTERWARDS}",
        )
    )


class NoConsent(Refusal):
    code = "consent_missing"

    def __init__(self) -> None:
        super().__init__("Agree to the text about your face first.")


@dataclass(frozen=True, slots=True)
class Text:
    """version: changes with every letter of the text."""

    text: str
    version: str

    @property
    def paragraphs(self) -> list[str]:
        return [part.strip() for part in self.text.split("\n\n") if part.strip()]


def current_text() -> Text:
    """The operator's, or ours: that says how people log in here, and is another in another mode."""
    path: Path | None = settings.CONSENT_TEXT_FILE
    text = (
        _own_text(mode(), staff_must_enrol=settings.FACE_LOGIN_STAFF_MUST_ENROL)
        if path is None
        else _read(path)
    )
    return Text(text, hashlib.sha256(text.encode()).hexdigest()[:12])


@lru_cache(maxsize=2)
def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"CONSENT_TEXT_FILE {path} cannot be read.") from error


def last_record(person: Person | None) -> ConsentRecord | None:
    return person.consents.first() if person else None


def is_given(person: Person | None) -> bool:
    """Whether this person agreed to the words as they are now, and did not take it back."""
    last = last_record(person)
    return (
        last is not None
        and last.kind == ConsentRecord.Kind.GIVEN
        and last.version == current_text().version
    )


@transaction.atomic
def give(*, user: User) -> Person:
    """Agree to the text as it is now. An account that is nobody's yet becomes a person's."""
    account = User.objects.select_for_update().get(pk=user.pk)
    person = Person.objects.select_for_update().filter(user=account).first()
    if person is None:
        name = account.get_full_name() or account.get_username()
        person = Person.objects.create(full_name=name, user=account)
    person.consent_method, person.consent_at = ConsentMethod.ELECTRONIC, timezone.now()
    person.consent_recorded_by = account
    person.save()
    _record(person, account, ConsentRecord.Kind.GIVEN)
    return person


@transaction.atomic
def withdraw(*, user: User) -> Erased | None:
    """Take it back: photos and vectors are erased. None when there is no such person."""
    person = Person.objects.filter(user=user).first()
    if person is None:
        return None
    erased = erase_face(person=person)
    Person.objects.filter(pk=person.pk).update(
        consent_method="", consent_at=None, consent_recorded_by=None, updated_at=timezone.now()
    )
    _record(person, user, ConsentRecord.Kind.WITHDRAWN)
    return erased


def _record(person: Person, user: User, kind: ConsentRecord.Kind) -> None:
    text = current_text()
    ConsentRecord.objects.create(
        person=person, kind=kind, version=text.version, text=text.text, by=user
    )
