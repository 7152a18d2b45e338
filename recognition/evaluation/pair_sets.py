"""Which photos are compared with which: from a pairs file, a folder, or what is enrolled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from people.errors import Refusal
from people.models import EmbeddingModel, FaceEmbedding, FaceImage, FaceImageState, Gallery, Person
from people.vectors import Vector
from recognition.evaluation.comparisons import People
from recognition.evaluation.pair_files import Pair, Shot, locate, read_pairs
from recognition.evaluation.photo_sets import SUFFIXES, photos_by_person

Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Photo:
    """person: a number, into PairSet.people. label: what the operator knows it by. read: its bytes;
    raises OSError."""

    person: int
    label: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that enrolment refuses, or has refused. photo: its label. code: of the reason.
    compared: it has a vector all the same, and is in the figures like any other."""

    photo: str
    code: str
    compared: bool = False


@dataclass(frozen=True, slots=True)
class PairSet:
    """first, second: (n,) into photos. fold: (n,), where the file has folds. lines: (n,), where
    there is a file. drawn: pairs there would be, when these are only a sample of them."""

    people: Sequence[str]
    photos: Sequence[Photo]
    first: Indices
    second: Indices
    fold: NDArray[np.intp] | None = None
    lines: Indices | None = None
    drawn: int | None = None
    note: str = ""

    def __len__(self) -> int:
        return len(self.first)

    @property
    def person(self) -> People:
        """(photos,): whose each photo is."""
        return np.array([photo.person for photo in self.photos], np.int32)

    @property
    def same(self) -> NDArray[np.bool_]:
        person = self.person
        return np.asarray(person[self.first] == person[self.second])


def from_file(file: Path, images: Path) -> PairSet:
    """Raises Refusal: pairs_malformed, photo_missing, folder_missing, file_unreadable."""
    read = read_pairs(file)
    paths = locate(read.pairs, images)
    people = sorted({shot.name for shot in paths})
    number = {name: index for index, name in enumerate(people)}
    place = {shot: index for index, shot in enumerate(paths)}
    photos = [
        Photo(number[shot.name], f"{shot.name}/{path.name}", path.read_bytes)
        for shot, path in paths.items()
    ]
    return PairSet(
        people,
        photos,
        _places(read.pairs, place, "first"),
        _places(read.pairs, place, "second"),
        np.array([pair.fold for pair in read.pairs]) if read.folds else None,
        np.array([pair.line for pair in read.pairs], np.int32),
        note=read.note,
    )


def _places(pairs: Sequence[Pair], place: dict[Shot, int], side: str) -> Indices:
    return np.array([place[getattr(pair, side)] for pair in pairs], np.int32)


def from_folder(folder: Path, *, max_pairs: int, seed: int) -> PairSet:
    """Every two photos of a tree Name/photo.jpg. Raises Refusal: folder_missing, too_few."""
    if not folder.is_dir():
        raise Refusal(f"There is no folder {folder}.", code="folder_missing")
    people = {
        name: [path for path in paths if path.suffix.lower() in SUFFIXES]
        for name, paths in photos_by_person(folder).items()
    }
    people = {name: paths for name, paths in people.items() if paths}
    photos = [
        Photo(index, f"{name}/{path.name}", path.read_bytes)
        for index, (name, paths) in enumerate(people.items())
        for path in paths
    ]
    return every_pair(list(people), photos, max_pairs=max_pairs, seed=seed)


def from_gallery(
    model: EmbeddingModel, gallery: Gallery | None, *, max_pairs: int, seed: int
) -> tuple[PairSet, Vector, list[Failure]]:
    """Every two enrolled photos of active people, with their (photos, d) vectors as they are kept;
    and the photos of these people that were rejected, which are in no pair.

    Raises Refusal too_few.
    """
    people = list(Person.objects.active().in_gallery(gallery).order_by("pk"))
    number = {person.pk: index for index, person in enumerate(people)}
    rows = list(
        FaceEmbedding.objects.of(model)
        .filter(image__person__in=people, image__state="ready")
        .select_related("image")
        .order_by("image__person_id", "image_id")
    )
    photos = [
        Photo(number[row.image.person_id], str(row.image), partial(_stored, row.image))
        for row in rows
    ]
    pairs = every_pair([p.full_name for p in people], photos, max_pairs=max_pairs, seed=seed)
    rejected = FaceImage.objects.filter(person__in=people, state=FaceImageState.REJECTED)
    failures = [Failure(str(image), image.reason_code) for image in rejected]
    return pairs, np.stack([row.vector for row in rows]), failures


def _stored(image: FaceImage) -> bytes:
    with image.file.open("rb") as file:
        return bytes(file.read())


def every_pair(
    people: Sequence[str], photos: Sequence[Photo], *, max_pairs: int, seed: int
) -> PairSet:
    """All pairs, or when there are more than `max_pairs` as many: at most a half of them genuine.

    photos: those of one person follow each other. Raises Refusal too_few.
    """
    person = np.array([photo.person for photo in photos], np.int32)
    own = _genuine(person)
    total = len(photos) * (len(photos) - 1) // 2
    if not len(own) or total == len(own):
        raise Refusal(
            "Nothing to compare: at least two people, and one of them with two photos, are needed.",
            code="too_few",
        )
    if total <= max_pairs:
        first, second = np.triu_indices(len(photos), k=1)
        return PairSet(people, photos, first.astype(np.int32), second.astype(np.int32))
    rng = np.random.default_rng(seed)
    if len(own) > max_pairs // 2:
        own = own[np.sort(rng.permutation(len(own))[: max_pairs // 2])]
    chosen = np.concatenate([own, _strangers(person, max_pairs - len(own), rng)])
    return PairSet(people, photos, chosen[:, 0].copy(), chosen[:, 1].copy(), drawn=total)


def _genuine(person: People) -> Indices:
    """(n, 2): every two photos of one person."""
    found = [np.zeros((0, 2), np.int32)]
    for number in np.unique(person):
        own = np.flatnonzero(person == number).astype(np.int32)
        first, second = np.triu_indices(len(own), k=1)
        found.append(np.stack([own[first], own[second]], axis=1))
    return np.concatenate(found)


def _strangers(person: People, count: int, rng: np.random.Generator) -> Indices:
    """(≤ count, 2): different pairs of photos of two people, at random."""
    photos = len(person)
    codes = np.zeros(0, np.int64)
    for _ in range(20):  # each round adds what is missing; pools too small to fill it end here
        one, other = rng.integers(0, photos, (2, 2 * (count - len(codes)) + 16))
        low, high = np.minimum(one, other), np.maximum(one, other)
        codes = np.unique(
            np.concatenate([codes, (low * photos + high)[person[low] != person[high]]])
        )
        if len(codes) >= count:
            break
    picked = np.sort(rng.permutation(codes)[:count])
    return np.stack([picked // photos, picked % photos], axis=1).astype(np.int32)
