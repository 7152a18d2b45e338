"""An evaluation as one JSON object. Rates are 0…1, distances 0…2; what is unknown is null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from recognition.evaluation.comparisons import AtFmr, Unsupported
from recognition.evaluation.groups import Property, Share
from recognition.evaluation.identification import Estimate, OpenSet, Point
from recognition.evaluation.runs import Evaluation, Mistake
from recognition.evaluation.scoring import Figures
from recognition.evaluation.statistics import Interval, plain

Json = dict[str, Any]


def as_json(evaluation: Evaluation) -> Json:
    """Photos are named only where they could not be used. Mistakes are by their line in the file,
    or by the places of their photos in the order of the folder."""
    pairs, ours = evaluation.plan.pairs, evaluation.ours
    in_use = evaluation.in_use
    result = {
        "model": evaluation.model,
        "pairs": len(pairs),
        "genuine": ours.genuine,
        "impostor": ours.impostor,
        "sampled_of": pairs.drawn,
        "people": len(set(pairs.person.tolist())),
        "photos": len(pairs.photos),
        **_figures(ours),
        "failed_to_enroll": len(evaluation.failures),
        "failed_to_enroll_of": evaluation.photos,
        "failed_to_enroll_by_reason": evaluation.failures_by_reason,
        "failed_to_enroll_photos": [
            {"photo": failure.photo, "reason": failure.code, "compared": failure.compared}
            for failure in evaluation.failures
        ],
        "not_compared_treated_as": "different",
        "verify": {
            "threshold": in_use.threshold,
            "fmr": _rate(in_use.fmr.value, in_use.fmr.interval),
            "fnmr": _rate(in_use.fnmr.value, in_use.fnmr.interval),
        },
        "second_photo_as": "probe" if evaluation.plan.door else "enrolled",
        "seed": evaluation.plan.seed,
        "notes": list(evaluation.notes),
        "baselines": {one.name: _figures(one) for one in evaluation.baselines},
        "groups": [_property(one) for one in evaluation.properties],
        "identification": [_open_set(one) for one in evaluation.open_sets],
        "worst": [_mistake(one) for one in evaluation.mistakes],
    }
    cleaned: Json = _finite(result)
    return cleaned


def _figures(one: Figures) -> Json:
    accuracy, whole = one.accuracy, one.whole
    return {
        "accuracy": accuracy.value,
        "accuracy_stderr": accuracy.stderr,
        "accuracy_low": accuracy.interval.low,
        "accuracy_high": accuracy.interval.high,
        "accuracy_protocol": accuracy.how,
        "folds": [
            {"accuracy": value, "threshold": threshold}
            for value, threshold in zip(accuracy.folds, accuracy.thresholds, strict=True)
        ],
        "threshold": accuracy.threshold,
        "auc": whole.auc,
        "auc_low": whole.auc_interval.low,
        "auc_high": whole.auc_interval.high,
        "eer": whole.eer,
        "eer_low": whole.eer_interval.low,
        "eer_high": whole.eer_interval.high,
        "eer_threshold": whole.eer_threshold,
        "tmr_at_fmr": {plain(point.fmr): _tmr(point) for point in one.tmr},
        "not_compared": one.not_compared,
    }


def _tmr(point: AtFmr | Unsupported) -> Json:
    if isinstance(point, Unsupported):
        nothing = dict.fromkeys(("value", "low", "high", "threshold"))
        return {**nothing, "reason": point.reason}
    return {
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "threshold": point.threshold,
        "false_matches": point.false_matches,
        "indicative": point.indicative,
    }


def _rate(value: float | None, interval: Interval | None) -> Json:
    return {
        "value": value,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }


def _property(one: Property) -> Json:
    return {
        "property": one.name,
        "groups": {
            name: {
                "people": group.people,
                "fnmr": _share(group.fnmr),
                "fmr": _share(group.fmr),
            }
            for name, group in one.groups.items()
        },
        "unlabelled_people": one.unlabelled,
        "gap_fnmr": one.gap_fnmr,
        "gap_fmr": one.gap_fmr,
        "ratio_fmr": one.ratio_fmr,
    }


def _share(share: Share) -> Json:
    return {"comparisons": share.comparisons, **_rate(share.value, share.interval)}


def _open_set(one: OpenSet) -> Json:
    return {
        "gallery_size": one.size,
        "splits": one.splits,
        "mated_probes": one.mated,
        "non_mated_probes": one.non_mated,
        "in_use": _point(one.points[0]),
        "at_fpir": {plain(point.asked): _point(point) for point in one.points if point.asked},
    }


def _point(point: Point) -> Json:
    return {
        "threshold": point.threshold,
        "fpir": _estimate(point.fpir),
        "fnir_at_rank": {str(rank): _estimate(value) for rank, value in point.fnir.items()},
    }


def _estimate(one: Estimate) -> Json:
    return _rate(one.value, one.interval)


def _mistake(one: Mistake) -> Json:
    return {
        "kind": "false_non_match" if one.same else "false_match",
        "line": one.line,
        "photos": [one.first, one.second],
        "distance": one.distance,
    }


def _finite(value: Any) -> Any:
    """JSON knows neither infinity nor NaN."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
