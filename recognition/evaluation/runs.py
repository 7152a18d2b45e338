"""One evaluation: ours and the baselines on one set of pairs, 1:N where there are whole people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from people.errors import Refusal
from people.models import EmbeddingModel
from people.vectors import Vector
from recognition import thresholds
from recognition.engine import Engine
from recognition.evaluation import groups, identification
from recognition.evaluation.baselines import BASELINES
from recognition.evaluation.comparisons import Comparisons, pair_rate_interval
from recognition.evaluation.pair_sets import Failure, PairSet
from recognition.evaluation.photo_sets import ENROLLED, PROBE, Embedder
from recognition.evaluation.scoring import Embeds, Figures, compare, embed_photos, figures
from recognition.evaluation.statistics import Flags, Interval
from recognition.models.acceptance import RECOGNIZE_FPIR, VERIFY_FMR

WORST = 10  # errors shown, of each kind


class Bar(Protocol):
    def update(self) -> object: ...


Progress = Callable[[int, str], AbstractContextManager[Bar]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured. kept: vectors of the photos that exist already, (photos, d). rejected:
    photos beside those. door: the second photo of a pair is a probe. threshold: instead of the best
    one, for ours only."""

    pairs: PairSet
    train: PairSet | None = None
    kept: Vector | None = None
    rejected: Sequence[Failure] = ()
    one_to_many: bool = False
    door: bool = False
    threshold: float | None = None
    labels: groups.Labels | None = None
    baselines: Sequence[str] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Mistake:
    """A pair called wrong. first, second: into the photos. line: of the pairs file."""

    first: int
    second: int
    distance: float
    same: bool
    line: int | None


@dataclass(frozen=True, slots=True)
class Rate:
    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class InUse:
    """The threshold that verify uses, on these pairs."""

    threshold: float
    fmr: Rate
    fnmr: Rate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """failures: photos that enrolment refuses, of the pairs for training too. photos: of how many
    different ones."""

    model: str
    plan: Plan
    comparisons: Comparisons
    ours: Figures
    in_use: InUse
    failures: Sequence[Failure]
    photos: int
    mistakes: Sequence[Mistake]
    baselines: Sequence[Figures] = ()
    open_sets: Sequence[identification.OpenSet] = ()
    properties: Sequence[groups.Property] = ()
    notes: Sequence[str] = field(default_factory=list)

    @property
    def failures_by_reason(self) -> dict[str, int]:
        """Most frequent first."""
        return dict(Counter(failure.code for failure in self.failures).most_common())


def run(
    plan: Plan,
    model: EmbeddingModel,
    engine: Engine,
    *,
    models_dir: Path,
    cache: Path | None,
    progress: Progress,
) -> Evaluation:
    """models_dir: the networks of baselines. cache: for vectors; None keeps none.

    Raises Refusal: weights_missing, file_unreadable, no_faces, groups_unknown."""
    embedder = Embedder(engine, cache)
    own = _vectors(plan, plan.pairs, embedder, progress)
    comparisons = own.compared(plan.pairs, door=plan.door)
    failures = [*plan.rejected, *own.failures(plan.pairs)]
    labels = {photo.label for photo in plan.pairs.photos}
    train = None
    if plan.train is not None:
        other = _vectors(plan, plan.train, embedder, progress)
        train = other.compared(plan.train, door=plan.door)
        failures = list(dict.fromkeys(failures + other.failures(plan.train)))
        labels |= {photo.label for photo in plan.train.photos}
    ours = _figures(str(model), plan, comparisons, train, plan.threshold)
    open_sets = _open_sets(plan, model, own)
    return Evaluation(
        str(model),
        plan,
        comparisons,
        ours,
        _in_use(comparisons, _verify_threshold(model), plan.seed),
        failures,
        len(labels) + len(plan.rejected),
        _mistakes(plan.pairs, comparisons, ours.accuracy.threshold),
        [_baseline(name, plan, models_dir, cache, progress) for name in plan.baselines],
        open_sets,
        _by_group(plan, comparisons, ours.accuracy.threshold),
        [*_notes(plan), *_left_out(plan, searched=bool(open_sets))],
    )


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Photos as enrolled and as probes, (photos, d) each; which of them have a vector; and the
    codes with which enrolment would refuse them."""

    enrolled: Vector
    probes: Vector
    found: Flags
    refusals: Sequence[str]

    def compared(self, pairs: PairSet, *, door: bool) -> Comparisons:
        second = self.probes if door else self.enrolled
        return _compared(pairs, self.enrolled, second, self.found)

    def failures(self, pairs: PairSet) -> list[Failure]:
        return [
            Failure(photo.label, code, compared)
            for photo, code, compared in zip(
                pairs.photos, self.refusals, self.found.tolist(), strict=True
            )
            if code
        ]


def _vectors(plan: Plan, pairs: PairSet, embedder: Embedder, progress: Progress) -> _Embedded:
    if plan.kept is not None:
        count = len(plan.kept)
        return _Embedded(plan.kept, plan.kept, np.ones(count, np.bool_), [""] * count)
    # A probe's vector costs time of its own, so it is made only where one is looked at.
    uses = [ENROLLED, PROBE] if plan.door or plan.one_to_many else [ENROLLED]
    with progress(len(pairs.photos), "Embedding") as bar:
        vectors, found, refusals = embed_photos(pairs.photos, embedder, uses, bar.update)
    return _Embedded(vectors[0], vectors[-1], found, refusals)


def _compared(pairs: PairSet, first: Vector, second: Vector, found: Flags) -> Comparisons:
    comparisons = compare(pairs, first, second, found)
    for kind in (comparisons.genuine, comparisons.impostor):
        if not np.isfinite(kind).any():
            raise Refusal(
                "No pair could be compared: no face was found in the photos. "
                "Use photos that show faces.",
                code="no_faces",
            )
    return comparisons


def _figures(
    name: str,
    plan: Plan,
    comparisons: Comparisons,
    train: Comparisons | None,
    threshold: float | None,
) -> Figures:
    return figures(
        name,
        comparisons,
        fold=plan.pairs.fold,
        train=train,
        threshold=threshold,
        balance=plan.pairs.lines is None,
        seed=plan.seed,
    )


def _baseline(
    name: str, plan: Plan, models_dir: Path, cache: Path | None, progress: Progress
) -> Figures:
    """The same pairs, the same protocol, a threshold of its own."""
    system: Embeds = BASELINES[name](models_dir, cache)

    def compared(pairs: PairSet) -> Comparisons:
        with progress(len(pairs.photos), name) as bar:
            (vectors,), found, _none = embed_photos(pairs.photos, system, [ENROLLED], bar.update)
        return _compared(pairs, vectors, vectors, found)

    train = compared(plan.train) if plan.train is not None else None
    return _figures(name, plan, compared(plan.pairs), train, None)


def _verify_threshold(model: EmbeddingModel) -> float:
    """What verify uses; of a model that is not calibrated its bound, with which it is to be judged.

    Without a database, which photos in files do not need, the default rates are accepted.
    """
    try:
        return thresholds.for_verify(model, fmr=None if model.pk else VERIFY_FMR)
    except thresholds.NotCalibrated:
        return model.verify_threshold


def _pool_threshold(model: EmbeddingModel, size: int) -> float:
    try:
        return thresholds.for_pool(model, size, fpir=None if model.pk else RECOGNIZE_FPIR)
    except thresholds.NotCalibrated:
        return model.recognize_threshold


def _in_use(comparisons: Comparisons, threshold: float, seed: int) -> InUse:
    impostor = comparisons.only(~comparisons.same)
    genuine = comparisons.only(comparisons.same)
    return InUse(
        threshold,
        _rate(impostor.distances < threshold, impostor, seed),
        _rate(~(genuine.distances < threshold), genuine, seed),
    )


def _rate(hits: Flags, comparisons: Comparisons, seed: int) -> Rate:
    return Rate(float(hits.mean()), pair_rate_interval(hits, comparisons, seed=seed))


def _mistakes(pairs: PairSet, comparisons: Comparisons, threshold: float) -> list[Mistake]:
    """The farthest genuine pairs and the nearest impostors, the worst first."""
    distances, same = comparisons.distances, comparisons.same
    missed = np.flatnonzero(same & (distances >= threshold) & np.isfinite(distances))
    false = np.flatnonzero(~same & (distances < threshold))
    missed = missed[np.argsort(-distances[missed])][:WORST]
    false = false[np.argsort(distances[false])][:WORST]
    return [
        Mistake(
            int(pairs.first[index]),
            int(pairs.second[index]),
            float(distances[index]),
            bool(same[index]),
            None if pairs.lines is None else int(pairs.lines[index]),
        )
        for index in (*missed, *false)
    ]


def _open_sets(
    plan: Plan, model: EmbeddingModel, own: _Embedded
) -> Sequence[identification.OpenSet]:
    if not plan.one_to_many:
        return []
    return identification.open_sets(
        own.enrolled,
        own.probes,
        plan.pairs.person,
        own.found,
        threshold_for=lambda size: _pool_threshold(model, size),
        seed=plan.seed,
    )


def _notes(plan: Plan) -> list[str]:
    return [note for note in (plan.pairs.note, plan.train.note if plan.train else "") if note]


def _left_out(plan: Plan, *, searched: bool) -> list[str]:
    """Why there is no 1:N."""
    if searched:
        return []
    if not plan.one_to_many:
        return ["1:N is left out: it takes whole people, as --folder and --gallery have them."]
    people, least = len(set(plan.pairs.person.tolist())), 2 * identification.STRANGERS_LEAST
    if people < least:
        return [
            f"1:N is left out: {people} people are too few. At least {least} are needed, half of "
            "them enrolled and half strangers."
        ]
    return ["1:N is left out: of nobody enrolled in it is there another photo to look for."]


def _by_group(plan: Plan, comparisons: Comparisons, threshold: float) -> list[groups.Property]:
    if plan.labels is None:
        return []
    return groups.by_group(plan.pairs, comparisons, plan.labels, threshold, plan.seed)
