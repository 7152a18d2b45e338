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
from recognition.models import ConsentRecord

_TEXT = "\n\n".join(
    (
        "I agree that this site keeps photos of my face, and number series (“vectors”) worked out"
        " from them, to know me again: when I log in, and when I clock in or out.",
        "Photos and vectors stay on this site's own servers. They are shown to nobody but me and"
        " the staff who look after enrolment, and are not given to anybody else.",
        "Every time my face is compared with them, the site writes down when that was and how it"
        " ended, without a picture.",
        "I can take this back at any time, on this page, without giving a reason. Photos and"
        " vectors are then erased at once, and I log in with my password alone. I can always use"
        " my password instead.",
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
    return _read(settings.CONSENT_TEXT_FILE)


@lru_cache(maxsize=2)
def _read(path: Path | None) -> Text:
    try:
        text = path.read_text(encoding="utf-8").strip() if path else _TEXT
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"CONSENT_TEXT_FILE {path} cannot be read.") from error
    return Text(text, hashlib.sha256(text.encode()).hexdigest()[:12])


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
