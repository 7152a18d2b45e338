"""Which model answers: activated in one transaction, rolled back at once, retired.

A request reads the active model once and uses it throughout, threshold included; so it is answered
wholly by the old or wholly by the new one, whenever the switch happens.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from people.errors import Refusal
from people.locking import lock_all_enrolment
from people.models import EmbeddingModel, EmbeddingModelState, FaceEmbedding, Person, Template
from recognition import search
from recognition.calibration import stored
from recognition.engine import WeightsMissing
from recognition.models import ModelChange, ReembeddingFailure, ReembeddingRun
from recognition.reembedding.standby import LIVE, lacking
from recognition.runtime import require_networks

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

NAMED = 20  # people a refusal names
# A request that read the old model may still be looking for its vectors.
DROPPED_AFTER = timedelta(minutes=10)
ROWS_AT_ONCE = 20_000

UNCALIBRATED = "uncalibrated"
SET_BY_HAND = "threshold_set_by_hand"
OVERRIDABLE = frozenset({UNCALIBRATED, SET_BY_HAND})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a model cannot be activated now. overridable: by an explicit word that is logged."""

    code: str
    sentence: str
    names: Sequence[str] = field(default=())

    @property
    def is_overridable(self) -> bool:
        return self.code in OVERRIDABLE


class CannotActivate(Refusal):
    """All that is in the way, the first as its code."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(" ".join(o.sentence for o in obstacles), code=obstacles[0].code)
        self.obstacles = obstacles


def missing_people(model: EmbeddingModel) -> QuerySet[Person]:
    """Whom the active model knows and this one does not."""
    known = Template.objects.filter(person=OuterRef("pk"))
    active = EmbeddingModel.objects.current()
    return Person.objects.filter(
        Exists(known.filter(model=active)), ~Exists(known.filter(model=model))
    )


def kept_back(run: ReembeddingRun) -> QuerySet[Person]:
    """Who is in the way of the activation that this run was to end with, as of now; by name.

    Asked when somebody looks and kept nowhere: names in the run would outlive an erasure.
    """
    refused = run.activate_when_done and run.state == ReembeddingRun.State.DONE and run.error
    if not refused or run.model.state != EmbeddingModelState.READY:
        return Person.objects.none()
    missing = missing_people(run.model).order_by("full_name")
    return missing if missing.count() > run.may_miss else missing.none()


def obstacles(model: EmbeddingModel, *, may_miss: int = 0) -> list[Obstacle]:
    """What is in the way of activating this model; nothing means it can be."""
    wrong_state = _wrong_state(model)
    if wrong_state is not None:
        return [wrong_state]
    found = [_no_networks(model), _unfinished(model), _people_missing(model, may_miss),
             _no_index(model), _uncalibrated(model), _set_by_hand()]  # fmt: skip
    return [obstacle for obstacle in found if obstacle is not None]


def _wrong_state(model: EmbeddingModel) -> Obstacle | None:
    if model.state == EmbeddingModelState.ACTIVE:
        return Obstacle("already_active", f"{model} is the active model already.")
    if model.state == EmbeddingModelState.RETIRED:
        return Obstacle("retired", f"{model} is retired. Add it again as a new version.")
    if model.state == EmbeddingModelState.BUILDING:
        return Obstacle(
            "not_finished", f"Not every photo is embedded under {model} yet. Re-embed it first."
        )
    return None


def _no_networks(model: EmbeddingModel) -> Obstacle | None:
    try:
        require_networks(model.recipe)
    except WeightsMissing as refusal:
        return Obstacle(refusal.code, refusal.message)
    return None


def _unfinished(model: EmbeddingModel) -> Obstacle | None:
    number = lacking(model).count()
    if not number:
        return None
    return Obstacle(
        "not_finished", f"{number} photos are not embedded under {model} yet. Re-embed it again."
    )


def _people_missing(model: EmbeddingModel, may_miss: int) -> Obstacle | None:
    missing = missing_people(model)
    number = missing.count()
    if number <= may_miss:
        return None
    names = list(missing.order_by("full_name").values_list("full_name", flat=True)[:NAMED])
    more = f" and {number - len(names)} more" if number > len(names) else ""
    return Obstacle(
        "people_missing",
        f"{number} people would be left without a vector, {may_miss} may be:"
        f" {', '.join(names)}{more}. Give them other photos, or allow more to be left out.",
        names,
    )


def _no_index(model: EmbeddingModel) -> Obstacle | None:
    if search.is_searchable(model):
        return None
    return Obstacle("index_missing", "The index is not built yet. It is by the next minute.")


def _uncalibrated(model: EmbeddingModel) -> Obstacle | None:
    if stored.read(model.calibration) is not None:
        return None
    return Obstacle(
        UNCALIBRATED,
        f"{model} has no calibration: how often it takes a stranger for somebody is unknown, so it"
        " would recognize nobody. Run: manage.py calibrate --model, or override this.",
    )


def _set_by_hand() -> Obstacle | None:
    names = [
        name for name in ("VERIFY_THRESHOLD", "RECOGNIZE_THRESHOLD") if getattr(settings, name)
    ]
    if not names:
        return None
    return Obstacle(
        SET_BY_HAND,
        f"{' and '.join(names)} in the settings would count for every model. Distances of two"
        " models do not compare: unset it, or override this.",
    )


def activate(
    *,
    model: EmbeddingModel,
    may_miss: int = 0,
    overrides: Collection[str] = (),
    by: User | None = None,
) -> ModelChange:
    """From the moment this commits, every new request is answered by this model.

    may_miss: how many people may be left without a vector. overrides: codes of obstacles to
    overlook; those that stood in the way are put on record. Raises CannotActivate.
    """
    # First without locks: most refusals need none, and enrolments go on meanwhile.
    _overlooked(obstacles(model, may_miss=may_miss), overrides)
    with _switch(model) as (current, previous):
        overlooked = _overlooked(obstacles(current, may_miss=may_miss), overrides)
        return _put_on_record(ModelChange.Kind.ACTIVATED, current, previous, overlooked, by)


def _overlooked(found: Sequence[Obstacle], overrides: Collection[str]) -> list[str]:
    """Codes of what is overridden on purpose. Raises CannotActivate for what is not."""
    allowed = OVERRIDABLE & set(overrides)
    in_the_way = [obstacle for obstacle in found if obstacle.code not in allowed]
    if in_the_way:
        raise CannotActivate(in_the_way)
    return [obstacle.code for obstacle in found]


def rollback_target() -> EmbeddingModel | None:
    """The model that was active before this one."""
    switches = ModelChange.objects.exclude(kind=ModelChange.Kind.RETIRED)
    last = switches.select_related("previous").first()
    return last.previous if last is not None else None


def roll_back(*, by: User | None = None) -> ModelChange:
    """Go back to the model that was active before, at once. Raises Refusal: nothing_before,
    retired; WeightsMissing, since a model that cannot look at a face is no way out.

    Whoever it does not know is counted in the answer, and refuses nothing: this is the way out.
    """
    before = rollback_target()
    if before is None:
        raise Refusal("No other model has been active before.", code="nothing_before")
    require_networks(before.recipe)
    with _switch(before) as (current, previous):
        if current.state != EmbeddingModelState.READY:
            raise Refusal(
                f"{current} was active before and is retired: its vectors are not kept.",
                code="retired",
            )
        return _put_on_record(ModelChange.Kind.ROLLED_BACK, current, previous, [], by)


@contextmanager
def _switch(model: EmbeddingModel) -> Iterator[tuple[EmbeddingModel, EmbeddingModel]]:
    """One transaction in which nobody enrols, erases or switches: (the model, the active one)."""
    with transaction.atomic():
        lock_all_enrolment()
        locked = EmbeddingModel.objects.select_for_update().order_by("pk")
        by_key = {one.pk: one for one in locked.filter(Q(state="active") | Q(pk=model.pk))}
        previous = next(one for one in by_key.values() if one.state == EmbeddingModelState.ACTIVE)
        yield by_key[model.pk], previous


def _put_on_record(
    kind: ModelChange.Kind,
    model: EmbeddingModel,
    previous: EmbeddingModel,
    overlooked: Sequence[str],
    by: User | None,
) -> ModelChange:
    missing = missing_people(model).count()  # before the switch: against the one still active
    previous.state, model.state = EmbeddingModelState.READY, EmbeddingModelState.ACTIVE
    # The old one first: the database allows one active model at any moment, and asks for one when
    # the transaction ends.
    previous.save(update_fields=["state"])
    model.save(update_fields=["state"])
    logger.warning(
        "Model %d %s after %d, %d people missing, overridden: %s",
        model.pk, kind, previous.pk, missing, ", ".join(overlooked) or "nothing",
    )  # fmt: skip
    return ModelChange.objects.create(
        kind=kind,
        model=model,
        previous=previous,
        missing=missing,
        overrides=list(overlooked),
        by=by,
    )


@transaction.atomic
def retire(*, model: EmbeddingModel, by: User | None = None) -> ModelChange:
    """Give a model up: nothing goes back to it, and its vectors are dropped a little later.

    Raises Refusal: active, retired, run_exists.
    """
    current = EmbeddingModel.objects.select_for_update().get(pk=model.pk)
    if current.state == EmbeddingModelState.ACTIVE:
        raise Refusal("The active model cannot be retired. Activate another one first.",
                      code="active")  # fmt: skip
    if current.state == EmbeddingModelState.RETIRED:
        raise Refusal(f"{current} is retired already.", code="retired")
    if ReembeddingRun.objects.filter(model=current, state__in=LIVE).exists():
        raise Refusal(f"Cancel the re-embedding for {current} first.", code="run_exists")
    current.state = EmbeddingModelState.RETIRED
    current.save(update_fields=["state"])
    return ModelChange.objects.create(kind=ModelChange.Kind.RETIRED, model=current, by=by)


def drop_retired() -> int:
    """Remove index, vectors and failures of models retired a while ago. Returns the rows removed.

    A part at a time: what is left is for the next sweep.
    """
    before = timezone.now() - DROPPED_AFTER
    retired = ModelChange.objects.filter(kind=ModelChange.Kind.RETIRED, created_at__lt=before)
    models = EmbeddingModel.objects.filter(
        state=EmbeddingModelState.RETIRED, pk__in=retired.values("model")
    )
    return sum(_drop(model) for model in models)


def _drop(model: EmbeddingModel) -> int:
    if model.search_index or search.has_index(model):  # the first may be of an earlier definition
        search.drop_index(model)
    removed = 0
    for rows in (Template.objects.of(model), FaceEmbedding.objects.of(model),
                 ReembeddingFailure.objects.filter(model=model)):  # fmt: skip
        some = rows.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]
        removed += rows.filter(pk__in=list(some)).delete()[0]
    return removed
