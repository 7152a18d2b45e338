"""Who teaches, who says when to stop, and who judges: nobody is two of them. Pure: numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from people.errors import Refusal
from people.vectors import Vector

# The fewest with two photos each whose impostor pairs can show a false match rate of 10⁻³.
LEAST_HELD_OUT = 40
LEAST_STOPPING = 20
LEAST_TRAINING = 100
STOPPING = 0.2  # of the people who are not held out
HOLDOUTS = (0.1, 0.5)
# Of one person: pairs grow with the square, and a few with hundreds of photos would decide.
MOST_PHOTOS = 10


class TooFew(Refusal):
    code = "too_few_people"


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """training, stopping, held_out: (n, 2, d) for each person, 2 ≤ n ≤ MOST_PHOTOS.

    without_pair: people who have fewer than two. unused: photos beyond MOST_PHOTOS.
    """

    training: tuple[Vector, ...] = field(repr=False)
    stopping: tuple[Vector, ...] = field(repr=False)
    held_out: tuple[Vector, ...] = field(repr=False)
    without_pair: int
    unused: int


def sizes(people: int, holdout: float) -> tuple[int, int, int]:
    """(training, stopping, held out)"""
    held_out = round(people * holdout)
    stopping = round((people - held_out) * STOPPING)
    return people - held_out - stopping, stopping, held_out


def people_needed(holdout: float) -> int:
    least = (LEAST_TRAINING, LEAST_STOPPING, LEAST_HELD_OUT)
    return next(
        people
        for people in count(sum(least))
        if all(n >= least_n for n, least_n in zip(sizes(people, holdout), least, strict=True))
    )


def split(people: Mapping[str, Vector], *, holdout: float, seed: int) -> Split:
    """Divide people, not photos. people: name → (n, 2, d).

    The same names, photos and seed give the same split. Raises TooFew.
    """
    usable = sorted(name for name, own in people.items() if len(own) >= 2)
    without_pair = len(people) - len(usable)
    check_enough(len(usable), without_pair, holdout)
    rng = np.random.default_rng(seed)
    order = [usable[index] for index in rng.permutation(len(usable))]
    own = [people[name][rng.permutation(len(people[name]))[:MOST_PHOTOS]] for name in order]
    training, stopping, _held_out = sizes(len(own), holdout)
    return Split(
        training=tuple(own[:training]),
        stopping=tuple(own[training : training + stopping]),
        held_out=tuple(own[training + stopping :]),
        without_pair=without_pair,
        unused=sum(max(len(people[name]) - MOST_PHOTOS, 0) for name in usable),
    )


def check_enough(usable: int, without_pair: int, holdout: float) -> None:
    """Raises TooFew, with how many are missing."""
    needed = people_needed(holdout)
    if usable >= needed:
        return
    missing = needed - usable
    others = f" So do second photos of the {without_pair} others." if without_pair else ""
    raise TooFew(
        f"{usable} people have two usable photos or more; {needed} are needed, so that there are"
        f" {LEAST_TRAINING} to learn from, {LEAST_STOPPING} to say when to stop and"
        f" {LEAST_HELD_OUT} who were in neither to judge. {missing} more people help.{others}"
    )
