"""How well somebody's photos serve, and what would help."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from people.models import EmbeddingModel, FaceEmbedding, FaceImageState, Person, Template
from people.vectors import Vector, template_of
from recognition import search, thresholds
from recognition.calibration import stored
from recognition.calibration.effects import SEEN, Effects, Line
from recognition.engine.recipe import NETWORKS
from recognition.matching import Candidate, distance_between
from recognition.search import Found

GOOD = "ok"
WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """code: stable. tone: ok or warn. text: what is the case, and what to do."""

    code: str
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    photos: int
    findings: tuple[Finding, ...]
    one_more_photo: str
    one_more_frame: str
    measured_on: int


def of(person: Person, model: EmbeddingModel) -> Health:
    """Under the active model; for somebody without photos there is nothing to say."""
    photos = _ready(person, model)
    calibration = stored.read(model.calibration)
    effects = calibration.effects if calibration else None
    findings = [*_alike(photos, model), *_stray(photos, model), *_too_near(person, model)]
    if photos and not findings:
        findings.append(Finding("fine", GOOD, "Nothing stands out."))
    return Health(
        photos=len(photos),
        findings=tuple(findings),
        one_more_photo=_gain(effects, model, len(photos), (1, 0)) if photos else "",
        one_more_frame=_gain(effects, model, len(photos), (0, 1)) if photos else "",
        measured_on=effects.people if effects else 0,
    )


def _ready(person: Person, model: EmbeddingModel) -> dict[int, Vector]:
    """Number of the photo on the person's page, from 1 → its vector."""
    numbers = {pk: n for n, pk in enumerate(person.images.values_list("pk", flat=True), start=1)}
    rows = (
        FaceEmbedding.objects.of(model)
        .filter(image__person=person, image__state=FaceImageState.READY)
        .order_by("image_id")
        .values_list("image_id", "vector")
    )
    return {numbers[pk]: vector for pk, vector in rows if pk in numbers}


def _alike(photos: dict[int, Vector], model: EmbeddingModel) -> list[Finding]:
    """Photos so near each other that one of them adds nothing new."""
    if len(photos) == 1:
        return [Finding("one_photo", WARN, "Only one photo. Add photos taken on other days.")]
    limit = NETWORKS[model.recipe["network"]].bounds.alike
    same = {
        number
        for one, other in combinations(photos, 2)
        if distance_between(photos[one], photos[other]) < limit
        for number in (one, other)
    }
    if not same:
        return []
    text = (
        f"Photos {_listed(sorted(same))} are almost the same. Replace one by a photo of another"
        " day, in other light."
    )
    return [Finding("alike", WARN, text)]


def _stray(photos: dict[int, Vector], model: EmbeddingModel) -> list[Finding]:
    """Each photo against the template of the others; two alone cannot say which is wrong."""
    limit = model.outlier_threshold
    if len(photos) == 2 and distance_between(*photos.values()) > limit:
        text = (
            "The two ready photos do not look like one person. Look at both, and delete the one"
            " that does not belong."
        )
        return [Finding("apart", WARN, text)]
    if len(photos) < 3:
        return []
    others = {n: np.stack([v for m, v in photos.items() if m != n]) for n in photos}
    return [
        Finding(
            "stray",
            WARN,
            f"Photo {number} does not look like the others. If it shows somebody else, delete it.",
        )
        for number, vector in photos.items()
        if distance_between(vector, template_of(others[number])) > limit
    ]


def _too_near(person: Person, model: EmbeddingModel) -> list[Finding]:
    """People whom a probe cannot tell apart: their templates pass as each other's probe."""
    template = Template.objects.of(model).filter(person=person).first()
    if template is None:
        return []
    near: list[Candidate[Found]] = search.nearest(
        template.vector, model=model, limit=3, apart_from=person
    )
    limit = thresholds.for_duplicates(model)
    return [
        Finding(
            "too_near", WARN,
            f"Too near to {other.who.name} to tell apart (distance {other.distance:.2f}, the limit"
            f" is {limit:.2f}). Are they one person? Else add photos of both.",
        )
        for other in near
        if other.distance < limit
    ]  # fmt: skip


def _gain(
    effects: Effects | None, model: EmbeddingModel, photos: int, more: tuple[int, int]
) -> str:
    """What was measured for as many photos, and for one more photo or frame."""
    if effects is None or not effects.lines:
        return ""
    most_photos = max(line.photos for line in effects.lines)
    most_frames = max(line.frames for line in effects.lines)
    if photos + more[0] > most_photos and more[0]:
        return f"More than {most_photos} photos were not measured."
    if 1 + more[1] > most_frames:
        return ""
    before, after = effects.line(photos), effects.line(photos + more[0], 1 + more[1])
    if before is None or after is None:
        return ""
    would, was = _failing(after, model), _failing(before, model)
    return f"{would} instead of {was} of 1,000 tries would fail"


def _failing(line: Line, model: EmbeddingModel) -> str:
    """Of 1,000 tries, at the threshold that recognize has for so many frames."""
    rate, _low, high = line.at(thresholds.for_recognize(model, frames=line.frames))
    # Where nobody was seen to fail, what those few people can rule out.
    return f"{1000 * rate:.0f}" if rate >= SEEN else f"none seen (at most {math.ceil(1000 * high)})"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
