"""Pairs files of Labeled Faces in the Wild, and the photos they name.

Three shapes: `pairs.txt` of View 2, whose first line has two numbers (folds, pairs of each kind in
a fold); `pairsDevTrain.txt` and `pairsDevTest.txt` of View 1, with one number (pairs of each kind);
and one's own, without a first line of numbers. Then `name n1 n2` is a pair of one person and
`name1 n1 name2 n2` of two, separated by tabs, or by spaces where no name has any.
Source: Huang, Ramesh, Berg, Learned-Miller, "Labeled Faces in the Wild", 2007, README.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from people.errors import Refusal
from recognition.evaluation.photo_sets import SUFFIXES

_SHOWN = 60  # characters of a bad line


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo as a pairs file names it."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


@dataclass(frozen=True, slots=True)
class Pair:
    """line: where it is in the file, from 1. fold: from 0."""

    first: Shot
    second: Shot
    line: int
    fold: int = 0

    @property
    def is_same(self) -> bool:
        return self.first.name == self.second.name


@dataclass(frozen=True, slots=True)
class PairsFile:
    """folds: 0 when the file has none. note: what about it is odd, though it can be used."""

    pairs: Sequence[Pair]
    folds: int
    note: str = ""


class BadPairs(Refusal):
    code = "pairs_malformed"


def read_pairs(file: Path) -> PairsFile:
    """Raises BadPairs with the number of the line, or file_unreadable."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise Refusal(
            f"{file} cannot be read: {error.strerror}.", code="file_unreadable"
        ) from error
    except UnicodeDecodeError as error:
        raise BadPairs(f"{file} is not a text file in UTF-8.") from error
    header = _header(lines)
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    pairs = [_pair(file, number, line) for number, line in rows[1 if header else 0 :]]
    kinds = {pair.is_same for pair in pairs}
    if kinds != {True, False}:
        raise BadPairs(f"{file} needs pairs of one person and pairs of two people.")
    if len(header) == 2:
        return _in_folds(file, pairs, *header)
    if header:
        _check_counts(file, pairs, header[0])
    return PairsFile(pairs, 0)


def _header(lines: Sequence[str]) -> tuple[int, ...]:
    """The numbers of the first line that is not empty; none when it is a pair already."""
    first = next((line.split() for line in lines if line.strip()), [])
    if len(first) in (1, 2) and all(word.isdigit() for word in first):
        return tuple(int(word) for word in first)
    return ()


def _pair(file: Path, number: int, line: str) -> Pair:
    words = [word.strip() for word in line.split("\t")] if "\t" in line else line.split()
    if len(words) == 3:
        words = [words[0], words[1], words[0], words[2]]
    elif len(words) == 4 and words[0] == words[2]:
        words = []  # two people of one name: nobody means that
    if len(words) != 4 or not all(words) or not (words[1].isdigit() and words[3].isdigit()):
        raise BadPairs(
            f"{file}, line {number}: “{line.strip()[:_SHOWN]}” is neither “name n1 n2” nor "
            "“name1 n1 name2 n2”."
        )
    for name in (words[0], words[2]):
        if "/" in name or "\\" in name or name in (".", ".."):
            raise BadPairs(f"{file}, line {number}: a name is not a path.")
    return Pair(Shot(words[0], int(words[1])), Shot(words[2], int(words[3])), number)


def _check_counts(file: Path, pairs: Sequence[Pair], each: int) -> None:
    same = sum(pair.is_same for pair in pairs)
    if (same, len(pairs) - same) != (each, each):
        raise BadPairs(
            f"{file}, line 1 announces {each} pairs of one person and {each} of two people, but "
            f"there are {same} and {len(pairs) - same}: the file is incomplete, or the line wrong "
            "(it may be left out)."
        )


def _in_folds(file: Path, pairs: Sequence[Pair], folds: int, each: int) -> PairsFile:
    """By position where the counts agree with the first line; else, where pairs were taken out, by
    the order of a fold: first the pairs of one person."""
    if folds >= 2 and len(pairs) == 2 * folds * each:
        numbers = [index // (2 * each) for index in range(len(pairs))]
        note = ""
    else:
        numbers = list(_runs(pairs))
        note = (
            f"{file.name} announces {folds} folds of {each} + {each} pairs but has {len(pairs)} "
            "pairs in all; its folds were told apart by their order."
        )
    numbered = [replace(pair, fold=fold) for pair, fold in zip(pairs, numbers, strict=True)]
    kinds = {(pair.fold, pair.is_same) for pair in numbered}
    if folds < 2 or numbers[-1] != folds - 1 or len(kinds) != 2 * folds:
        raise BadPairs(
            f"{file}, line 1 announces {folds} folds of {each} + {each} pairs, {2 * folds * each} "
            f"in all, but there are {len(pairs)}: the file is incomplete, or the line wrong (it "
            "may be left out)."
        )
    return PairsFile(numbered, folds, note)


def _runs(pairs: Sequence[Pair]) -> Iterator[int]:
    """A fold begins where a pair of one person follows a pair of two."""
    fold, before = 0, True
    for pair in pairs:
        fold += pair.is_same and not before
        before = pair.is_same
        yield fold


def locate(pairs: Sequence[Pair], images: Path) -> dict[Shot, Path]:
    """Raises Refusal photo_missing with the first pair whose photo is not there."""
    if not images.is_dir():
        raise Refusal(f"There is no folder {images}.", code="folder_missing")
    found: dict[Shot, Path] = {}
    for pair in pairs:
        for shot in (pair.first, pair.second):
            if shot in found:
                continue
            path = next((path for path in _candidates(images, shot) if path.is_file()), None)
            if path is None:
                raise Refusal(
                    f"Line {pair.line}, the pair “{pair.first}” and “{pair.second}”: there is no "
                    f"photo {next(_candidates(images, shot))} (nor .jpeg, .png).",
                    code="photo_missing",
                )
            found[shot] = path
    return found


def _candidates(images: Path, shot: Shot) -> Iterator[Path]:
    for suffix in SUFFIXES:
        yield images / shot.name / f"{shot.name}_{shot.number:04d}{suffix}"
