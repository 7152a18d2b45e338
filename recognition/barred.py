"""Why somebody who is known does not pass here: told to nobody but whoever shows their face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from people.errors import Refusal
from people.models import EmbeddingModel, Gallery, Person
from people.vectors import Vector
from recognition import matching, search, thresholds
from recognition.calibration import promise


class Deactivated(Refusal):
    code = "person_deactivated"

    def __init__(self) -> None:
        super().__init__("Your entry here is switched off. Ask the office that enrolled you.")


class Elsewhere(Refusal):
    code = "person_elsewhere"

    def __init__(self) -> None:
        super().__init__(
            "You are enrolled, but not for this place. Ask the office that enrolled you."
        )


CODES = frozenset({Deactivated.code, Elsewhere.code})


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who is enrolled. barred_by: what keeps them from passing here; None: nothing."""

    person: Person
    barred_by: Refusal | None


def find(galleries: Sequence[Gallery], **who: object) -> Known | None:
    """The person these fields name, where only these galleries pass.

    One question to the database, whoever it is: the time tells nothing.
    """
    here = Person.galleries.through.objects.filter(person=OuterRef("pk"), gallery__in=galleries)
    person = Person.objects.annotate(is_here=Exists(here)).filter(**who).first()
    if person is None:
        return None
    if not person.is_active:
        return Known(person, Deactivated())
    return Known(person, None if person.is_here else Elsewhere())  # type: ignore[attr-defined]


def why_unknown(
    probe: Vector,
    *,
    model: EmbeddingModel,
    galleries: Sequence[Gallery],
    threshold: float,
    frames: int,
) -> Refusal | None:
    """The same of a face that is nobody's here; None for a stranger.

    Everybody is searched, so everybody's threshold holds as well; where strangers among so many
    cannot be told from the known, they are strangers.
    """
    try:
        promise.require_to_recognize(model, frames=frames)
        threshold = min(threshold, thresholds.for_recognize(model, frames=frames))
    except Refusal:
        return None
    candidates = search.nearest(probe, model=model, also_inactive=True)
    match = matching.decide(candidates, threshold).match
    known = find(galleries, pk=match.who.pk) if match else None
    return known.barred_by if known else None
