"""Why somebody who is known does not pass here: told to nobody but whoever shows their face."""

from __future__ import annotations

from collections.abc import Sequence

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


def why(person: Person, galleries: Sequence[Gallery]) -> Refusal | None:
    """What keeps this person from passing where only these galleries do; None: nothing."""
    if not person.is_active:
        return Deactivated()
    if not person.galleries.filter(pk__in=[gallery.pk for gallery in galleries]).exists():
        return Elsewhere()
    return None


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
    person = Person.objects.filter(pk=match.who.pk).first() if match else None
    return why(person, galleries) if person else None
