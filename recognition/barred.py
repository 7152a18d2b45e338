"""Why somebody who is known does not pass here: told to nobody but whoever shows their face."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

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


def find(wanted: Q, galleries: Sequence[Gallery]) -> tuple[Person | None, Refusal | None]:
    """Who that is, and what keeps them from passing where only these galleries do, if anything.

    One question to the database whoever it is: the time it takes tells nothing.
    """
    here = Person.galleries.through.objects.filter(person=OuterRef("pk"), gallery__in=galleries)
    person = Person.objects.filter(wanted).annotate(is_here=Exists(here)).first()
    if person is None:
        return None, None
    if not person.is_active:
        return person, Deactivated()
    is_here: bool = person.is_here  # type: ignore[attr-defined]
    return person, None if is_here else Elsewhere()


def why_unknown(
    probe: Vector,
    *,
    model: EmbeddingModel,
    galleries: Sequence[Gallery],
    threshold: float,
    frames: int,
) -> Refusal | None:
    """The same of a face that is nobody's here; None for a stranger.

    Everybody is searched, also those who were deactivated, so the threshold of so many holds as
    well; where strangers among so many cannot be told from the known, they are strangers.
    """
    try:
        promise.require_to_recognize(model, frames=frames, also_inactive=True)
        of_all = thresholds.for_recognize(model, frames=frames, also_inactive=True)
    except Refusal:
        return None
    candidates = search.nearest(probe, model=model, also_inactive=True)
    match = matching.decide(candidates, min(threshold, of_all)).match
    if match is None:
        return None
    _person, reason = find(Q(pk=match.who.pk), galleries)
    return reason
