"""Figures by group of people, from a CSV, and the gap between the groups.

The first column is `person` or `photo`, each other one a property (sex, age, skin tone, site …);
its cells are the groups. FNMR is over the genuine pairs of a group; FMR over the impostor pairs
within it, where both people have the property in common, as attackers choose whom they resemble.
Source: ISO/IEC 19795-10 (differential performance).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from people.errors import Refusal
from recognition.evaluation.comparisons import Comparisons, pair_rate_interval
from recognition.evaluation.pair_sets import PairSet
from recognition.evaluation.statistics import Interval

# Fewer comparisons than this say nothing about a group, and single people would show.
LEAST = 10


@dataclass(frozen=True, slots=True)
class Share:
    """errors of comparisons; value None where they are fewer than LEAST."""

    comparisons: int
    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Group:
    people: int
    fnmr: Share
    fmr: Share


@dataclass(frozen=True, slots=True)
class Property:
    """One column. gap_fnmr, gap_fmr: largest − smallest of the groups' rates. ratio_fmr: largest ÷
    smallest. None where fewer than two are known, or the smallest is 0."""

    name: str
    groups: Mapping[str, Group]
    unlabelled: int

    @property
    def gap_fnmr(self) -> float | None:
        return _gap([one.fnmr for one in self.groups.values()])

    @property
    def gap_fmr(self) -> float | None:
        return _gap([one.fmr for one in self.groups.values()])

    @property
    def ratio_fmr(self) -> float | None:
        rates = _known([one.fmr for one in self.groups.values()])
        return max(rates) / min(rates) if len(rates) > 1 and min(rates) > 0 else None


def _known(shares: Iterable[Share]) -> list[float]:
    return [share.value for share in shares if share.value is not None]


def _gap(shares: Iterable[Share]) -> float | None:
    rates = _known(shares)
    return max(rates) - min(rates) if len(rates) > 1 else None


@dataclass(frozen=True, slots=True)
class Labels:
    """by: "person" or "photo". columns: property → person or photo → group."""

    by: str
    columns: Mapping[str, Mapping[str, str]]


def read_labels(file: Path) -> Labels:
    """Raises Refusal: file_unreadable, groups_malformed with the number of the line."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            rows = [(number, row) for number, row in enumerate(csv.reader(opened), 1) if any(row)]
    except OSError as error:
        raise Refusal(
            f"{file} cannot be read: {error.strerror}.", code="file_unreadable"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _malformed(f"{file} is not a CSV file in UTF-8.") from error
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    if len(header) < 2 or header[0] not in ("person", "photo") or len(set(header)) != len(header):
        raise _malformed(
            f"{file}: the first line must be “person” or “photo” and then the name of each "
            "property, as in person,sex,age."
        )
    columns: dict[str, dict[str, str]] = {name: {} for name in header[1:]}
    for number, row in rows[1:]:
        if len(row) != len(header):
            raise _malformed(
                f"{file}, line {number}: {len(header)} cells are expected, {len(row)} are there."
            )
        for name, cell in zip(header[1:], row[1:], strict=True):
            if cell.strip():
                columns[name][row[0].strip()] = cell.strip()
    return Labels(header[0], columns)


def _malformed(message: str) -> Refusal:
    return Refusal(message, code="groups_malformed")


def by_group(
    pairs: PairSet, comparisons: Comparisons, labels: Labels, threshold: float, seed: int = 0
) -> list[Property]:
    """Raises Refusal groups_unknown when a column names nobody of these photos."""
    keys = [
        pairs.people[photo.person] if labels.by == "person" else photo.label
        for photo in pairs.photos
    ]
    found = []
    for name, column in labels.columns.items():
        of_photo = np.array([column.get(key, "") for key in keys])
        if not (of_photo != "").any():
            raise Refusal(
                f"No {labels.by} of the column “{name}” is among those compared. Write a "
                f"{labels.by} as in “{keys[0]}”.",
                code="groups_unknown",
            )
        found.append(_property(name, of_photo, pairs, comparisons, threshold, seed))
    return found


def _property(
    name: str,
    of_photo: NDArray[np.str_],
    pairs: PairSet,
    comparisons: Comparisons,
    threshold: float,
    seed: int,
) -> Property:
    first, second = of_photo[pairs.first], of_photo[pairs.second]
    person = pairs.person
    groups = {}
    for group in sorted(set(of_photo) - {""}):
        inside = comparisons.only((first == group) & (second == group))
        groups[str(group)] = Group(
            len(np.unique(person[of_photo == group])),
            _share(inside.only(inside.same), threshold, matches_are_errors=False, seed=seed),
            _share(inside.only(~inside.same), threshold, matches_are_errors=True, seed=seed),
        )
    unlabelled = len(np.unique(person[of_photo == ""]))
    return Property(name, groups, unlabelled)


def _share(
    comparisons: Comparisons, threshold: float, *, matches_are_errors: bool, seed: int
) -> Share:
    count = len(comparisons.distances)
    if count < LEAST:
        return Share(count, None, None)
    matched = comparisons.distances < threshold
    errors = matched if matches_are_errors else ~matched
    value = float(errors.mean())
    return Share(count, value, pair_rate_interval(errors, comparisons, seed=seed))
