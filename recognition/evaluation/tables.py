"""An evaluation as tables and sentences, for a terminal and for the report alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recognition.evaluation.comparisons import AtFmr, Unsupported
from recognition.evaluation.groups import Property, Share
from recognition.evaluation.identification import RANKS, Estimate, OpenSet
from recognition.evaluation.runs import Evaluation, InUse
from recognition.evaluation.scoring import Figures
from recognition.evaluation.statistics import Interval

_FAILURES_SHOWN = 20
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def tables_of(evaluation: Evaluation) -> list[Table]:
    return [
        _comparison([evaluation.ours, *evaluation.baselines]),
        *([_failures(evaluation)] if evaluation.failures else []),
        *([_one_to_many(evaluation.open_sets)] if evaluation.open_sets else []),
        *(_by_group(one) for one in evaluation.properties),
    ]


def source_of(evaluation: Evaluation) -> str:
    """What was compared, in a sentence."""
    pairs, ours = evaluation.plan.pairs, evaluation.ours
    drawn = f", drawn from {pairs.drawn:,}" if pairs.drawn else ""
    return (
        f"{len(pairs):,} pairs{drawn}: {ours.genuine:,} of one person, {ours.impostor:,} of two; "
        f"{len(pairs.photos):,} photos of {len(set(pairs.person.tolist())):,} people."
    )


def sentences_of(evaluation: Evaluation) -> Iterator[str]:
    """What the figures mean, and what to know about them."""
    yield from _in_use(evaluation.in_use)
    yield f"Accuracy: {evaluation.ours.accuracy.how}"
    yield f"Failure to enrol: {_failed(evaluation)}."
    yield from evaluation.notes


def failures_of(evaluation: Evaluation) -> Iterator[str]:
    for failure in evaluation.failures[:_FAILURES_SHOWN]:
        yield f"{failure.photo}: {failure.code}"
    if len(evaluation.failures) > _FAILURES_SHOWN:
        yield f"… and {len(evaluation.failures) - _FAILURES_SHOWN} more (--json lists all)"


def _failed(evaluation: Evaluation) -> str:
    reasons = ", ".join(f"{count} {code}" for code, count in evaluation.failures_by_reason.items())
    if not reasons:
        return f"none of {_number(evaluation.photos, 'photo')}"
    return f"{len(evaluation.failures):,} of {_number(evaluation.photos, 'photo')} ({reasons})"


def _failures(evaluation: Evaluation) -> Table:
    """How many photos enrolment refuses, by reason, and what becomes of them in the figures."""
    compared = Counter(one.code for one in evaluation.failures if one.compared)
    rows = [
        [code, f"{count:,}", f"{compared[code]:,}"]
        for code, count in evaluation.failures_by_reason.items()
    ]
    if evaluation.plan.kept is not None:
        note = "Rejected photos of these people. They have no vector, and are in no pair."
    else:
        note = "Photos that enrolment would refuse. Those with a face are compared all the same."
        if evaluation.ours.not_compared:
            note += (
                f" Of the others {_number(evaluation.ours.not_compared, 'pair')} count as "
                "“different”; in 1:N they make no template, and as a probe they are a miss."
            )
    return Table("Failure to enrol", ["reason", "photos", "compared"], rows, [note])


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _in_use(one: InUse) -> Iterator[str]:
    fmr, fnmr = one.fmr, one.fnmr
    turned_away = f"{percent(fnmr.value)} of genuine single photos"
    yield (
        f"Verify accepts below {one.threshold:.3f}. On these pairs that lets in "
        f"{percent(fmr.value)} of strangers (95 %: {range_of(fmr.value, fmr.interval)}) and turns "
        f"away {turned_away} ({range_of(fnmr.value, fnmr.interval)})."
    )


def _comparison(systems: Sequence[Figures]) -> Table:
    rows = [
        ["accuracy ± standard error", *(_accuracy(one) for one in systems)],
        ["  at a distance below", *(f"{one.accuracy.threshold:.3f}" for one in systems)],
        ["AUC", *(_fraction(one.whole.auc, one.whole.auc_interval) for one in systems)],
        ["EER", *(with_interval(one.whole.eer, one.whole.eer_interval) for one in systems)],
    ]
    for index, point in enumerate(systems[0].tmr):
        rows.append([f"TMR at FMR {power(point.fmr)}", *(_tmr(one.tmr[index]) for one in systems)])
    rows.append(["pairs without a face", *(f"{one.not_compared:,}" for one in systems)])
    points = [point for one in systems for point in one.tmr]
    notes = list(dict.fromkeys(one.reason for one in points if isinstance(one, Unsupported)))
    if any(isinstance(one, AtFmr) and one.indicative for one in points):
        notes.append("~: the threshold rests on fewer than ten false matches; only indicative.")
    return Table("Pairs", ["", *(one.name for one in systems)], rows, notes)


def _accuracy(one: Figures) -> str:
    accuracy = one.accuracy
    stderr = f"{100 * accuracy.stderr:.2f}" if math.isfinite(accuracy.stderr) else "?"
    return f"{100 * accuracy.value:.2f} ± {stderr} %"


def _fraction(value: float, interval: Interval) -> str:
    return f"{value:.4f} ({interval.low:.4f}–{interval.high:.4f})"


def _tmr(point: AtFmr | Unsupported) -> str:
    if isinstance(point, Unsupported):
        return "too few pairs"
    mark = "~" if point.indicative else ""
    rate = with_interval(point.value, Interval(point.low, point.high))
    return f"{mark}{rate}, below {point.threshold:.3f}"


def _one_to_many(sets: Sequence[OpenSet]) -> Table:
    rows = [
        [
            f"{one.size:,}",
            "in use" if point.asked is None else f"FPIR {power(point.asked)}",
            f"{point.threshold:.3f}",
            _estimate(point.fpir),
            *(_estimate(point.fnir[rank]) for rank in RANKS),
        ]
        for one in sets
        for point in one.points
    ]
    ranks = [f"FNIR, rank {rank}" for rank in RANKS]
    last: OpenSet = sets[-1]
    return Table(
        "1:N, open set",
        ["people", "threshold", "distance", "FPIR", *ranks],
        rows,
        [
            f"{last.splits} random galleries of each size; of the largest {last.mated:,} mated and "
            f"{last.non_mated:,} non-mated probes. Templates are made of the first half of a "
            "person's photos, at most five; the other photos are probes.",
            "FPIR: strangers who get a name. FNIR: enrolled people who do not get theirs; a probe "
            "without a face is a miss at every rank.",
        ],
    )


def _estimate(one: Estimate) -> str:
    return with_interval(one.value, one.interval)


def _by_group(one: Property) -> Table:
    rows = [
        [name, str(group.people), _share(group.fnmr), _share(group.fmr)]
        for name, group in one.groups.items()
    ]
    rows.append(["gap", "", _gap(one.gap_fnmr), f"{_gap(one.gap_fmr)}{_times(one.ratio_fmr)}"])
    notes = ["At the threshold of the accuracy. FMR: of two people of the same group."]
    if one.unlabelled:
        notes.append(f"{_number(one.unlabelled, 'person')} without a label left out.")
    return Table(f"By {one.name}", [one.name, "people", "FNMR", "FMR"], rows, notes)


def _share(share: Share) -> str:
    if share.value is None or share.interval is None:
        return f"too few pairs ({share.comparisons})"
    return f"{with_interval(share.value, share.interval)} of {share.comparisons:,}"


def _gap(gap: float | None) -> str:
    return "–" if gap is None else f"{100 * gap:.2g} points"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f", {ratio:.1f} times"


def power(rate: float) -> str:
    """0.001 → 10⁻³; what is no power of ten as it is."""
    exponent = math.log10(rate)
    if abs(exponent - round(exponent)) > 1e-9 or exponent > -0.5:
        return f"{rate:g}"
    return f"10{str(round(exponent)).translate(_SUPERSCRIPTS)}"


def percent(rate: float) -> str:
    """With as many digits as tell 99.9 % from all and 0.001 % from none."""
    return f"{100 * rate:.{_digits(rate)}f} %"


def with_interval(rate: float, interval: Interval) -> str:
    ends = range_of(rate, interval)
    return f"{percent(rate)} ({ends})"


def range_of(rate: float, interval: Interval) -> str:
    """With the digits of the rate; those of the end that is not 0 or 1 where the rate is."""
    told = {0.0: interval.high, 1.0: interval.low}.get(rate, rate)
    digits = _digits(told)
    return f"{100 * interval.low:.{digits}f}–{100 * interval.high:.{digits}f}"


def _digits(rate: float) -> int:
    nearest = min(rate, 1 - rate)
    if nearest <= 0 or nearest >= 0.01:
        return 1
    return min(5, 1 - math.floor(math.log10(100 * nearest)))
