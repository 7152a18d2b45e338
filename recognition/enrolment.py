"""Embed the photos that wait: safe to run twice, on two workers, and after a kill.

A photo is claimed for a short time by a committed update, so nobody else spends work on it while
its holder lives; a holder that died loses the claim by itself. What is found is written in one
transaction for each batch, photo by photo, under the model's lock: of two people with one face,
enrolled at the same moment, the second is flagged. Meanwhile the networks look at the next batch.

What becomes of a photo is decided under the active model. Under each model that is kept in step
with it, for a switch or for going back, the photo gets a vector in the same transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from people.errors import Refusal
from people.images import Pixels
from people.locking import lock_enrolment
from people.models import (
    EmbeddingModel,
    FaceEmbedding,
    FaceImage,
    FaceImageState,
    Person,
    Template,
)
from people.templates import refresh_templates
from recognition import search, thresholds
from recognition.ahead import in_batches, one_ahead
from recognition.engine import EmbeddedFace, Engine, FaceRefused, WeightsMissing
from recognition.matching import distance_between
from recognition.reembedding import standby
from recognition.reembedding.sources import pixels_of
from recognition.runtime import engine_for

logger = logging.getLogger(__name__)

TOGETHER = 8  # photos a worker is asked for at once: two batches, about a second
CLAIM = timedelta(seconds=30)
MAX_TRIES = 5  # a photo that killed so many workers is the cause

# What became of one photo under each model, the active one first.
Outcomes = dict[EmbeddingModel, EmbeddedFace | Refusal]


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


@dataclass(frozen=True, slots=True)
class _Batch:
    """Photos that are claimed and read. unusable: why some cannot be looked at, by key.

    engines: the active model's first.
    """

    images: Sequence[FaceImage]
    readable: Mapping[int, Pixels]
    unusable: Mapping[int, Refusal]
    engines: Mapping[EmbeddingModel, Engine]


def embed_images(image_ids: Sequence[int]) -> Report:
    """Embed these photos, those of them that are pending and unclaimed.

    A file that cannot be read holds up no other. Raises WeightsMissing, or the database's or the
    storage's error; the photos stay pending.
    """
    report, faults = Report(), list[OSError]()
    for batches in _rounds(image_ids):
        report += _embed(batches, faults)
    if faults:
        raise faults[-1]
    return report


def _rounds(image_ids: Sequence[int]) -> Iterator[Sequence[Sequence[int]]]:
    """Batches of fresh photos; then each that somebody failed on, alone: one of them may be what
    kills workers, and the others would share its fate."""
    tried = FaceImage.objects.filter(pk__in=image_ids, tries__gt=0)
    suspects = set(tried.values_list("pk", flat=True))
    yield in_batches([pk for pk in image_ids if pk not in suspects])
    yield from ([[pk]] for pk in image_ids if pk in suspects)


def _embed(batches: Sequence[Sequence[int]], faults: list[OSError]) -> Report:
    """Settle one batch while the networks look at the next. faults: of the storage, added to."""
    report, held = Report(), dict[int, FaceImage]()

    def begin(image_ids: Sequence[int]) -> _Batch:
        models = [EmbeddingModel.objects.current(), *standby.in_step()]
        images = _claim(image_ids)
        report.skipped += len(image_ids) - len(images)
        held.update((image.pk, image) for image in images)
        batch, unreadable = _read(images, models)
        faults.extend(unreadable.values())
        _release([held.pop(pk) for pk in unreadable])
        return batch

    try:
        for batch, outcomes in one_ahead(batches, begin, _look):
            report += _settle_under_the_active(batch.images, outcomes)
            for image in batch.images:
                del held[image.pk]
    except (OperationalError, OSError, WeightsMissing):
        # Not the photos' fault: give them back at once and uncounted.
        _release(held.values())
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


def _read(
    images: Sequence[FaceImage], models: Sequence[EmbeddingModel]
) -> tuple[_Batch, Mapping[int, OSError]]:
    """A batch of those whose files can be read, and the storage's errors over the others."""
    unreadable: dict[int, OSError] = {}
    unusable: dict[int, Refusal] = {}
    readable: dict[int, Pixels] = {}
    for image in images:
        try:
            readable[image.pk] = _pixels(image)
        except Refusal as refusal:
            unusable[image.pk] = refusal
        except OSError as error:
            unreadable[image.pk] = error
    read = [image for image in images if image.pk not in unreadable]
    return _Batch(read, readable, unusable, _engines(models)), unreadable


def _engines(models: Sequence[EmbeddingModel]) -> Mapping[EmbeddingModel, Engine]:
    engines: dict[EmbeddingModel, Engine] = {}
    for model in models:
        with _left_out(model, unless=model is models[0]):
            engines[model] = engine_for(model)
    return engines


@contextmanager
def _left_out(model: EmbeddingModel, *, unless: bool) -> Iterator[None]:
    """A model beside the active one that cannot embed now holds up nobody: its photos are embedded
    before it can be activated."""
    try:
        yield
    except Refusal as refusal:
        if unless:
            raise
        logger.warning("Model %d is not kept in step: %s", model.pk, refusal.code)


def _look(batch: _Batch) -> Mapping[int, Outcomes]:
    """A face or a refusal for each photo under each model. In a thread without a database."""
    outcomes: dict[int, Outcomes] = {image.pk: {} for image in batch.images}
    active = next(iter(batch.engines))
    for model, engine in batch.engines.items():
        with _left_out(model, unless=model is active):
            embedded = engine.enrol(list(batch.readable.values()))
            found = dict(zip(batch.readable, embedded, strict=True))
            for image in batch.images:
                outcomes[image.pk][model] = batch.unusable.get(image.pk) or found[image.pk]
    return outcomes


def _pixels(image: FaceImage) -> Pixels:
    if image.tries >= MAX_TRIES:
        raise Refusal(
            "This photo could not be processed. Delete it and add another one.",
            code="processing_failed",
        )
    return pixels_of(image)


class _Switched(Exception):
    """Another model became the active one while this one's lock was waited for."""


def _settle_under_the_active(
    images: Sequence[FaceImage], outcomes: Mapping[int, Outcomes]
) -> Report:
    if not images:
        return Report()
    while True:
        model = EmbeddingModel.objects.current()
        if any(model not in outcomes[image.pk] for image in images):
            _release(images)  # activated since the photos were embedded: once more
            return Report(skipped=len(images))
        try:
            return _settle(images, outcomes, model)
        except _Switched:
            continue


@transaction.atomic
def _settle(
    images: Sequence[FaceImage], outcomes: Mapping[int, Outcomes], model: EmbeddingModel
) -> Report:
    """Write what became of photos, one after the other. Skipped: those that somebody else settled,
    or erased.

    Raises _Switched.
    """
    lock_enrolment(model)
    if EmbeddingModel.objects.current() != model:
        raise _Switched
    report, kept = Report(), list[FaceImage]()
    for person, image in _locked(images):
        image.claimed_until, image.processed_at = None, timezone.now()
        outcome = outcomes[image.pk][model]
        _describe(image, outcome)
        if isinstance(outcome, EmbeddedFace) and not image.accepted_at:
            _keep(kept, outcomes)  # whoever this face is compared with
            kept.clear()
            outcome = _flag(person, outcome, model) or outcome
        if isinstance(outcome, EmbeddedFace):
            kept.append(image)
            report.ready += 1
        else:
            image.state = FaceImageState.REJECTED
            image.reason_code, image.reason = outcome.code, outcome.message
            image.save()
            report.rejected += 1
    _keep(kept, outcomes)
    report.skipped = len(images) - report.ready - report.rejected
    return report


def _locked(images: Sequence[FaceImage]) -> list[tuple[Person, FaceImage]]:
    """The photos that still wait, each with its person."""
    owners = Person.objects.filter(pk__in={image.person_id for image in images})
    people = {person.pk: person for person in owners.order_by("pk").select_for_update(no_key=True)}
    waiting = FaceImage.objects.pending().filter(
        pk__in=[image.pk for image in images], person__in=people
    )
    return [
        (people[image.person_id], image)
        for image in waiting.order_by("pk").select_for_update(of=("self",))
    ]


def _describe(image: FaceImage, outcome: EmbeddedFace | Refusal) -> None:
    """Where the face is and how usable, also of one that is refused for it."""
    face = outcome.face if isinstance(outcome, EmbeddedFace | FaceRefused) else None
    if face is None:
        return
    box = face.box
    image.box = [round(box.x), round(box.y), round(box.width), round(box.height)]
    image.quality = {key: round(value, 4) for key, value in asdict(face.quality).items()}


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


def _keep(images: Sequence[FaceImage], outcomes: Mapping[int, Outcomes]) -> None:
    if not images:
        return
    for image in images:
        image.state = FaceImageState.READY
        image.save()
    people = sorted({image.person_id for image in images})
    for model in outcomes[images[0].pk]:
        vectors, refusals = [], {}
        for image in images:
            outcome = outcomes[image.pk][model]
            if isinstance(outcome, EmbeddedFace):
                vectors.append(FaceEmbedding(image=image, model=model, vector=outcome.embedding))
            else:
                refusals[image.pk] = outcome
        FaceEmbedding.objects.bulk_create(
            vectors,
            update_conflicts=True,
            unique_fields=["image", "model"],
            update_fields=["vector"],
        )
        standby.note_failures(model, refusals)
        refresh_templates(people=people, model=model)


__all__ = ["TOGETHER", "FaceRefused", "Report", "embed_images"]
