"""Embed the photos that wait: safe to run twice, on two workers, and after a kill.

A photo is claimed for a short time by a committed update, so nobody else spends work on it while
its holder lives; a holder that died loses the claim by itself. What is found is written in one
transaction for each photo, under the model's lock: of two people with one face, enrolled at the
same moment, the second is flagged.

What becomes of a photo is decided under the active model. Under each model that is kept in step
with it, for a switch or for going back, the photo gets a vector in the same transaction.
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
from people.templates import refresh_template
from recognition import search, thresholds
from recognition.engine import EmbeddedFace, FaceRefused, WeightsMissing
from recognition.matching import distance_between
from recognition.reembedding import standby
from recognition.reembedding.sources import pixels_of
from recognition.runtime import engine_for

logger = logging.getLogger(__name__)

BATCH = 8  # photos; a batch takes about a second, well within a claim
CLAIM = timedelta(seconds=30)
MAX_TRIES = 5  # a photo that killed so many workers is the cause

# What became of one photo under each model.
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
    models = [EmbeddingModel.objects.current(), *standby.in_step()]
    images = _claim(image_ids)
    report = Report(skipped=len(image_ids) - len(images))
    try:
        for image, outcomes in zip(images, _outcomes(images, models), strict=True):
            state = _settle_under_the_active(image, outcomes)
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


def _outcomes(images: Sequence[FaceImage], models: Sequence[EmbeddingModel]) -> list[Outcomes]:
    """For each photo, in order, a face or a refusal under each model.

    models: the active one first. Another one that cannot embed now is left out, and holds up
    nobody: its photos are embedded before it can be activated.
    """
    unusable: dict[int, Refusal] = {}
    readable: dict[int, Pixels] = {}
    for image in images:
        try:
            readable[image.pk] = _pixels(image)
        except Refusal as refusal:
            unusable[image.pk] = refusal
    outcomes: dict[int, Outcomes] = {image.pk: {} for image in images}
    for model in models:
        try:
            embedded = engine_for(model).enrol(list(readable.values()))
        except Refusal as refusal:
            if model is models[0]:
                raise
            logger.warning("Model %d is not kept in step: %s", model.pk, refusal.code)
            continue
        found = dict(zip(readable, embedded, strict=True))
        for image in images:
            outcomes[image.pk][model] = unusable.get(image.pk) or found[image.pk]
    return [outcomes[image.pk] for image in images]


def _pixels(image: FaceImage) -> Pixels:
    if image.tries >= MAX_TRIES:
        raise Refusal(
            "This photo could not be processed. Delete it and add another one.",
            code="processing_failed",
        )
    return pixels_of(image)


class _Switched(Exception):
    """Another model became the active one while this one's lock was waited for."""


def _settle_under_the_active(image: FaceImage, outcomes: Outcomes) -> str | None:
    while True:
        model = EmbeddingModel.objects.current()
        if model not in outcomes:  # activated since the photo was embedded: once more
            _release([image])
            return None
        try:
            return _settle(image, outcomes, model)
        except _Switched:
            continue


@transaction.atomic
def _settle(image: FaceImage, outcomes: Outcomes, model: EmbeddingModel) -> str | None:
    """Write what became of a photo. None when somebody else did, or it was erased.

    Raises _Switched.
    """
    lock_enrolment(model)
    if EmbeddingModel.objects.current() != model:
        raise _Switched
    person = Person.objects.select_for_update().filter(pk=image.person_id).first()
    current = FaceImage.objects.pending().select_for_update().filter(pk=image.pk).first()
    if person is None or current is None:
        return None
    current.claimed_until, current.processed_at = None, timezone.now()
    outcome = outcomes[model]
    if isinstance(outcome, EmbeddedFace):
        _describe(current, outcome)
        flag = None if current.accepted_at else _flag(person, outcome, model)
        if flag is None:
            return _keep(current, person, outcomes)
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


def _keep(image: FaceImage, person: Person, outcomes: Outcomes) -> str:
    image.state = FaceImageState.READY
    image.save()
    for model, outcome in outcomes.items():
        if isinstance(outcome, EmbeddedFace):
            FaceEmbedding.objects.update_or_create(
                image=image, model=model, defaults={"vector": outcome.embedding}
            )
            refresh_template(person=person, model=model)
        else:
            standby.note_failures(model, {image.pk: outcome})
    return FaceImageState.READY


__all__ = ["BATCH", "FaceRefused", "Report", "embed_images", "in_batches"]
