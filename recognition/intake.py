"""Photos enrolled by one process from start to end: stored, embedded here, and reported.

With `queue` the workers embed instead. Interrupted at any point and started again, it goes on
where it was: a photo that is there already is not stored twice, and one still waiting is embedded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from people.errors import Refusal
from people.imports import Entry, Identity, enrol_entry
from people.models import FaceImage, FaceImageSource, FaceImageState, Gallery
from people.services import OVERRIDABLE, accept_flagged
from recognition.enrolment import TOGETHER, embed_images
from recognition.queueing import kept_in_process, queue_photos

# Photos between storing and embedding here; so much is redone at most after a kill. With workers,
# each is asked as soon as there is enough for it.
CHUNK = 32

READY = FaceImageState.READY.value
REJECTED = FaceImageState.REJECTED.value
WAITING = "waiting"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one photo. state: ready, rejected, waiting or refused.

    already: it had been stored before. code and reason say why, where it is not ready.
    image: the row's key, unless it was refused.
    """

    name: str
    person: str
    state: str
    already: bool = False
    code: str = ""
    reason: str = ""
    image: int | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "photo": self.name,
            "person": self.person,
            "state": self.state,
            "already": self.already,
            "code": self.code,
            "reason": self.reason,
        }


@dataclass(slots=True)
class Report:
    """broker: False when the workers could not be told; the photos wait for the sweep then."""

    photos: list[Taken] = field(default_factory=list)
    new_people: list[int] = field(default_factory=list)
    broker: bool = True

    def count(self, state: str) -> int:
        return sum(photo.state == state for photo in self.photos)

    @property
    def states(self) -> dict[str, int]:
        return {state: self.count(state) for state in (READY, WAITING, REJECTED, REFUSED)}

    @property
    def already(self) -> int:
        return sum(photo.already for photo in self.photos)

    @property
    def reasons(self) -> dict[str, int]:
        return dict(Counter(photo.code for photo in self.photos if photo.code).most_common())

    @property
    def failures(self) -> list[Taken]:
        return [photo for photo in self.photos if photo.state in (REJECTED, REFUSED)]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the photos are to be enrolled."""

    source: FaceImageSource
    gallery: Gallery | None = None
    accept_flags: bool = False
    queue: bool = False


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    who: Identity
    image: int | None
    already: bool = False
    error: Refusal | None = None


def take_in(
    photos: Iterable[tuple[Entry, Callable[[], bytes]]],
    plan: Plan,
    *,
    progress: Callable[[int], object] = lambda _photos: None,
) -> Report:
    """Enrol photos, each read when its turn comes. progress: called with how many more are dealt
    with. Raises WeightsMissing, or the database's or the storage's error; all stored so far stays.
    """
    report = Report()
    stored: list[_Stored] = []
    for chunk in _chunks(photos, TOGETHER if plan.queue else CHUNK):
        with kept_in_process() as waiting:
            for entry, read in chunk:
                stored.append(_store(entry, read, plan, report, waiting))
                progress(int(plan.queue))
        if plan.queue:
            report.broker = queue_photos(waiting) and report.broker
        else:
            embed_images(waiting)
            progress(len(chunk))
    report.photos = list(_states(stored))
    return report


def _chunks(
    photos: Iterable[tuple[Entry, Callable[[], bytes]]], size: int
) -> Iterator[list[tuple[Entry, Callable[[], bytes]]]]:
    chunk: list[tuple[Entry, Callable[[], bytes]]] = []
    for photo in photos:
        chunk.append(photo)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _store(
    entry: Entry, read: Callable[[], bytes], plan: Plan, report: Report, waiting: list[int]
) -> _Stored:
    try:
        enrolled, is_new = enrol_entry(
            who=entry.who,
            data=read(),
            gallery=plan.gallery,
            source=plan.source,
            accept_flags=plan.accept_flags,
        )
    except Refusal as refusal:
        return _Stored(entry.name, entry.who, image=None, error=refusal)
    image = enrolled.image
    if image is None:
        return _Stored(entry.name, entry.who, image=None, error=enrolled.error)
    if is_new:
        report.new_people.append(image.person_id)
    if enrolled.already:
        _revive(image, plan, waiting)
    return _Stored(entry.name, entry.who, image=image.pk, already=enrolled.already)


def _revive(image: FaceImage, plan: Plan, waiting: list[int]) -> None:
    """A photo stored by an earlier try: embed what still waits, accept what was flagged."""
    if image.state == FaceImageState.PENDING:
        waiting.append(image.pk)
    elif plan.accept_flags and image.reason_code in OVERRIDABLE:
        accept_flagged(image=image, by=None)


def _states(stored: list[_Stored]) -> Iterator[Taken]:
    images = FaceImage.objects.in_bulk([one.image for one in stored if one.image is not None])
    for one in stored:
        image = images.get(one.image) if one.image is not None else None
        person = one.who.full_name
        if image is None:
            error = one.error or Refusal("The photo was erased meanwhile.", code="erased")
            yield Taken(one.name, person, REFUSED, code=error.code, reason=error.message)
        else:
            state = WAITING if image.state == FaceImageState.PENDING else image.state
            code, reason = image.reason_code, image.reason
            yield Taken(one.name, person, state, one.already, code, reason, image.pk)
