"""The demo photos: five people to enrol, 25 other photos of them, and what must come out.

The story enrols what is missing, asks every question once, and takes away again what it brought:
people who were there before stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from people.errors import Refusal
from people.images import Photo, Pixels, decode
from people.imports import Entry, Identity, Scan, gallery_called, scan
from people.models import FaceImage, FaceImageSource, Gallery, Person
from people.services import delete_photo, erase
from recognition.intake import READY, Plan, Report, Taken, take_in
from recognition.models import AttemptSource
from recognition.services import recognize, verify

GALLERY = "Demo"
STORY_GALLERY = "Demo story"
PRETENDER = "Somebody Else"  # is enrolled with a face that is known, and with a wall
# Of the 25 photos: few may go unanswered, none may get a wrong name. To verify is stricter than to
# recognize among five: one wrong person in 10,000 passes, and who is refused tries again.
LEAST_RIGHT, LEAST_VERIFIED = 24, 23

Progress = Callable[[int], object]


@dataclass(slots=True)
class Row:
    """What happened to one person's photos. probes: photos that were not enrolled."""

    name: str
    enrolled: int = 0
    unusable: int = 0
    probes: int = 0
    recognized: int = 0
    called_wrong: int = 0
    true_claims: int = 0
    false_claims: int = 0
    refused_as_stranger: int = 0


@dataclass(slots=True)
class Story:
    """pretender, wall: what became of a known face under another name, and of no face."""

    rows: dict[str, Row]
    reasons: dict[str, int]
    pretender: Taken | None = None
    wall: Taken | None = None
    kept_in: str = ""

    def total(self, column: str) -> int:
        return sum(int(getattr(row, column)) for row in self.rows.values())

    @property
    def checks(self) -> dict[str, bool]:
        """What the demo promises, and whether it came true."""
        return {
            "enough_recognized": self.total("recognized") >= LEAST_RIGHT,
            "no_wrong_name": self.total("called_wrong") == 0,
            "true_claims_verified": self.total("true_claims") >= LEAST_VERIFIED,
            "false_claims_refused": self.total("false_claims") == 0,
            "strangers_refused": self.total("refused_as_stranger") == self.total("probes"),
            "known_face_flagged": _is(self.pretender, "already_enrolled"),
            "no_face_rejected": _is(self.wall, "no_face"),
        }

    @property
    def came_true(self) -> bool:
        return all(self.checks.values())

    def as_json(self) -> dict[str, object]:
        return {
            "ok": self.came_true,
            "checks": self.checks,
            "people": [asdict(row) for row in self.rows.values()],
            "unusable": self.reasons,
            "known_face": self.pretender.as_json() if self.pretender else None,
            "no_face": self.wall.as_json() if self.wall else None,
        }


def _is(taken: Taken | None, code: str) -> bool:
    return taken is not None and taken.code == code


@dataclass(frozen=True, slots=True)
class _Visit:
    """The story's gallery, and the photos it brought."""

    gallery: Gallery
    brought: list[int] = field(default_factory=list)


def photos_of(models_dir: Path, part: str) -> Scan:
    """The demo photos of one part, train or val. Raises Refusal when they are not there."""
    folder = models_dir / "demo" / part
    if not folder.is_dir():
        raise Refusal(
            "The demo photos are not there. Run: manage.py fetch_models", code="demo_missing"
        )
    return scan(folder)


def enrol_people(models_dir: Path, gallery: Gallery, progress: Progress) -> Report:
    """Enrol the five people; what is there already stays as it is. Raises Refusal."""
    listing = photos_of(models_dir, "train")
    return _enrol([(one, _bytes(listing, one)) for one in listing.entries], gallery, progress)


def _bytes(listing: Scan, entry: Entry) -> Callable[[], bytes]:
    return partial(Path.read_bytes, listing.path_of(entry))


def _enrol(
    photos: Sequence[tuple[Entry, Callable[[], bytes]]], gallery: Gallery, progress: Progress
) -> Report:
    plan = Plan(source=FaceImageSource.COMMAND, gallery=gallery)
    return take_in(photos, plan, progress=progress)


def tell(models_dir: Path, progress: Progress, *, keep: bool) -> Story:
    """The whole story. keep: leave the people enrolled, in the gallery Demo. Raises Refusal."""
    train, val = photos_of(models_dir, "train"), photos_of(models_dir, "val")
    with _visit(keep=keep) as visit:
        report = enrol_people(models_dir, visit.gallery, progress)
        visit.brought.extend(one.image for one in report.photos if one.image and not one.already)
        story = _begin(report)
        for entry in val.entries:
            _ask(story, entry.who.full_name, _pixels(val, entry), visit.gallery)
            progress(1)
        for person in visit.gallery.people.all():
            _meet_as_strangers(story, person, val, visit.gallery, progress)
        known = next(one.name for one in report.photos if one.state == READY)
        story.pretender = _pretend((train.folder / known).read_bytes(), visit.gallery)
        story.wall = _pretend(_wall(), visit.gallery)
    return story


@contextmanager
def _visit(*, keep: bool) -> Iterator[_Visit]:
    gallery, _is_new = gallery_called(STORY_GALLERY)
    visit = _Visit(gallery)
    try:
        yield visit
    finally:
        if keep:
            gallery_called(GALLERY)[0].people.add(*gallery.people.all())
        else:
            _clean_up(visit)
        gallery.delete()


def _clean_up(visit: _Visit) -> None:
    """Whoever came after the gallery was made by a story, be it one that was killed."""
    for person in visit.gallery.people.filter(created_at__gte=visit.gallery.created_at):
        erase(person=person)
    for image in FaceImage.objects.filter(pk__in=visit.brought):
        delete_photo(image=image)


def _begin(report: Report) -> Story:
    story = Story(rows={}, reasons=report.reasons)
    for photo in report.photos:
        row = story.rows.setdefault(photo.person, Row(photo.person))
        row.enrolled += photo.state == READY
        row.unusable += photo.state != READY
    return story


def _pixels(listing: Scan, entry: Entry) -> Pixels:
    return decode(listing.path_of(entry).read_bytes()).pixels


def _ask(story: Story, name: str, photo: Pixels, gallery: Gallery) -> None:
    """Who is it; is it who it is; is it the next person?"""
    row, names = story.rows[name], list(story.rows)
    row.probes += 1
    found = recognize(probe=[photo], galleries=[gallery], source=AttemptSource.COMMAND).person
    row.recognized += found is not None and found.name == name
    row.called_wrong += found is not None and found.name != name
    row.true_claims += _claims(name, photo, gallery)
    row.false_claims += _claims(names[(names.index(name) + 1) % len(names)], photo, gallery)


def _claims(name: str, photo: Pixels, gallery: Gallery) -> bool:
    person = gallery.people.get(full_name=name)
    return verify(probe=[photo], person=person, source=AttemptSource.COMMAND).is_match


def _meet_as_strangers(
    story: Story, person: Person, val: Scan, gallery: Gallery, progress: Progress
) -> None:
    """With one person out of the gallery, that person's photos are a stranger's."""
    row = story.rows[person.full_name]
    gallery.people.remove(person)
    try:
        for entry in val.entries:
            if entry.who.full_name == row.name:
                result = recognize(
                    probe=[_pixels(val, entry)], galleries=[gallery], source=AttemptSource.COMMAND
                )
                row.refused_as_stranger += result.person is None
                progress(1)
    finally:
        gallery.people.add(person)


def _pretend(data: bytes, gallery: Gallery) -> Taken:
    report = _enrol([(Entry(PRETENDER, Identity(PRETENDER)), lambda: data)], gallery, lambda _n: 0)
    for person in Person.objects.filter(pk__in=report.new_people):
        erase(person=person)
    return report.photos[0]


def _wall() -> bytes:
    shades = np.tile(np.linspace(90, 180, 320, dtype=np.uint8)[None, :, None], (240, 1, 3))
    return Photo(pixels=shades, sha256="").jpeg()
