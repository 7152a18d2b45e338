"""Embed the photos that wait: safe to run twice, on two workers, and after a kill.

A photo is claimed for a short time by a committed update, so nobody else spends work on it while
its holder lives; a holder that died loses the claim by itself. What is found is written in one
transaction for each photo, under the model's lock: of two people with one face, enrolled at the
same moment, the second is flagged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from people.errors import Refusal
from people.images import BadPhoto, Pixels, decode, read_bytes
from people.locking import lock_enrolment
from people.models import (
    EmbeddingModel,
    FaceEmbedding,
    FaceImage,
    FaceImageState,
    Person,
    Template,
)
from people.templates import refresh_template
from recognition import search, thresholds
from recognition.engine import EmbeddedFace, FaceRefused, WeightsMissing
from recognition.matching import distance_between
from recognition.runtime import engine_for

logger = logging.getLogger(__name__)

BATCH = 8  # photos; a batch takes about a second, well within a claim
CLAIM = timedelta(seconds=30)
MAX_TRIES = 5  # a photo that killed so many workers is the cause

Outcome = EmbeddedFace | Refusal


@dataclass(slots=True)
class Report:
    """How many photos became what. skipped: settled before, claimed by another, or erased."""

    ready: int = 0
    rejected: int = 0
    skipped: int = 0

    def __iadd__(self, other: Report) -> Report:
        self.ready += other.ready
        self.rejected += other.rejected
        self.skipped += other.skipped
        return self


def in_batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def embed_images(image_ids: Sequence[int]) -> Report:
    """Embed these photos, those of them that are pending and unclaimed.

    Raises WeightsMissing, or the database's or the storage's error; the photos stay pending.
    """
    report = Report()
    for ids in _rounds(image_ids):
        report += _embed_batch(ids)
    return report


def _rounds(image_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Batches of fresh photos; then each that somebody failed on, alone: one of them may be what
    kills workers, and the others would share its fate."""
    tried = FaceImage.objects.filter(pk__in=image_ids, tries__gt=0)
    suspects = set(tried.values_list("pk", flat=True))
    yield from in_batches([pk for pk in image_ids if pk not in suspects])
    yield from ([pk] for pk in image_ids if pk in suspects)


def _embed_batch(image_ids: Sequence[int]) -> Report:
    """All at once; each alone when a file cannot be read, so that it holds up no other."""
    try:
        return _embed_together(image_ids)
    except OSError:
        if len(image_ids) == 1:
            raise
    report, fault = Report(), None
    for pk in image_ids:
        try:
            report += _embed_together([pk])
        except OSError as error:
            fault = error
    if fault is not None:
        raise fault
    return report


def _embed_together(image_ids: Sequence[int]) -> Report:
    model = EmbeddingModel.objects.current()
    images = _claim(image_ids)
    report = Report(skipped=len(image_ids) - len(images))
    try:
        for image, outcome in zip(images, _outcomes(images, model), strict=True):
            state = _settle(image, outcome, model)
            report.ready += state == FaceImageState.READY
            report.rejected += state == FaceImageState.REJECTED
            report.skipped += state is None
    except (OperationalError, OSError, WeightsMissing):
        # Not the photos' fault: give them back at once and uncounted.
        _release(images)
        raise
    return report


def _claim(image_ids: Sequence[int]) -> list[FaceImage]:
    with transaction.atomic():
        waiting = FaceImage.objects.pending().unclaimed().filter(pk__in=image_ids)
        images = list(waiting.select_for_update(skip_locked=True))
        FaceImage.objects.filter(pk__in=[image.pk for image in images]).update(
            claimed_until=timezone.now() + CLAIM, tries=F("tries") + 1
        )
    return images


def _release(images: Iterable[FaceImage]) -> None:
    FaceImage.objects.pending().filter(pk__in=[image.pk for image in images]).update(
        claimed_until=None, tries=F("tries") - 1
    )


def _outcomes(images: Sequence[FaceImage], model: EmbeddingModel) -> list[Outcome]:
    """A face or a refusal for each photo, in order."""
    outcomes: dict[int, Outcome] = {}
    readable: list[tuple[int, Pixels]] = []
    for image in images:
        try:
            readable.append((image.pk, _pixels(image)))
        except Refusal as refusal:
            outcomes[image.pk] = refusal
    embedded = engine_for(model).enrol([pixels for _pk, pixels in readable])
    outcomes.update(zip((pk for pk, _pixels in readable), embedded, strict=True))
    return [outcomes[image.pk] for image in images]


def _pixels(image: FaceImage) -> Pixels:
    if image.tries >= MAX_TRIES:
        raise Refusal(
            "This photo could not be processed. Delete it and add another one.",
            code="processing_failed",
        )
    try:
        with image.file.open("rb") as file:
            return decode(read_bytes(file)).pixels
    except FileNotFoundError as error:
        raise BadPhoto(
            "The file of this photo is gone. Delete it and add another one.", code="photo_lost"
        ) from error


@transaction.atomic
def _settle(image: FaceImage, outcome: Outcome, model: EmbeddingModel) -> str | None:
    """Write what became of a photo. None when somebody else did, or it was erased."""
    lock_enrolment(model)
    person = Person.objects.select_for_update().filter(pk=image.person_id).first()
    current = FaceImage.objects.pending().select_for_update().filter(pk=image.pk).first()
    if person is None or current is None:
        return None
    current.claimed_until, current.processed_at = None, timezone.now()
    if isinstance(outcome, EmbeddedFace):
        _describe(current, outcome)
        flag = None if current.accepted_at else _flag(person, outcome, model)
        if flag is None:
            return _keep(current, person, outcome, model)
        outcome = flag
    current.state = FaceImageState.REJECTED
    current.reason_code, current.reason = outcome.code, outcome.message
    current.save()
    return FaceImageState.REJECTED


def _describe(image: FaceImage, found: EmbeddedFace) -> None:
    box = found.face.box
    image.box = [round(box.x), round(box.y), round(box.width), round(box.height)]
    image.quality = {key: round(value, 4) for key, value in asdict(found.face.quality).items()}


def _flag(person: Person, found: EmbeddedFace, model: EmbeddingModel) -> Refusal | None:
    """Why a human should look before this photo counts, or None."""
    others = search.nearest(
        found.embedding, model=model, limit=1, also_inactive=True, apart_from=person
    )
    if others and others[0].distance < thresholds.for_duplicates(model):
        return Refusal(
            f"Already enrolled as {others[0].who.name}, distance {others[0].distance:.2f}."
            " If these really are two people, accept the photo.",
            code="already_enrolled",
        )
    own = Template.objects.of(model).filter(person=person).first()
    if own is not None:
        distance = distance_between(found.embedding, own.vector)
        if distance > model.outlier_threshold:
            return Refusal(
                f"Unlike the other photos of {person.full_name}, distance {distance:.2f}."
                " If it is the same person, accept the photo.",
                code="unlike_others",
            )
    return None


def _keep(image: FaceImage, person: Person, found: EmbeddedFace, model: EmbeddingModel) -> str:
    FaceEmbedding.objects.update_or_create(
        image=image, model=model, defaults={"vector": found.embedding}
    )
    image.state = FaceImageState.READY
    image.save()
    refresh_template(person=person, model=model)
    return FaceImageState.READY


__all__ = ["BATCH", "FaceRefused", "Report", "embed_images", "in_batches"]
