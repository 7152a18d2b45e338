"""A trained head becomes an embedding model, if it may."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from people.errors import Refusal
from people.models import EmbeddingModel, EmbeddingModelState
from people.vectors import Vector
from recognition import heads
from recognition.engine.recipe import DEFAULT_RECIPE, NETWORKS
from recognition.finetuning.judging import Judgement
from recognition.finetuning.splitting import Split
from recognition.finetuning.training import Plan, Trained
from recognition.reembedding.catalogue import add_recipe

logger = logging.getLogger(__name__)

METHOD = "triplet loss, semi-hard negatives, from the identity (finetune 1)"


@dataclass(frozen=True, slots=True)
class Result:
    """All that is known about one training. source: what it was trained on, in words."""

    base: EmbeddingModel
    source: str
    holdout: float
    plan: Plan
    split: Split
    trained: Trained
    judgement: Judgement

    @property
    def objections(self) -> tuple[str, ...]:
        """Why this head is not to be used, in words; none means that it may be."""
        if self.trained.best == 0:
            return ("no epoch helped the people held aside, so nothing was learnt",)
        return tuple(f"{name} of the people held out is worse" for name in self.judgement.worse)

    def facts(self) -> dict[str, Any]:
        """Nothing about any one person."""
        return {
            "method": METHOD,
            "base": str(self.base),
            "source": self.source,
            "trained_on": timezone.localdate().isoformat(),
            "plan": asdict(self.plan),
            "holdout": self.holdout,
            "people": {
                "training": len(self.split.training),
                "stopping": len(self.split.stopping),
                "held_out": len(self.split.held_out),
                "without_pair": self.split.without_pair,
            },
            "photos": {
                "training": sum(map(len, self.split.training)),
                "stopping": sum(map(len, self.split.stopping)),
                "held_out": sum(map(len, self.split.held_out)),
            },
            "compared": {"people": self.judgement.people, "photos": self.judgement.photos},
            "epochs": len(self.trained.history),
            "best_epoch": self.trained.best,
            "figures": [asdict(row) for row in self.judgement.rows],
            "objections": list(self.objections),
        }


def check_base(base: EmbeddingModel) -> None:
    """Before minutes of work. Raises Refusal: retired."""
    if base.state == EmbeddingModelState.RETIRED:
        raise Refusal(
            f"{base} is retired: its vectors are not kept. Choose another model.", code="retired"
        )


def margin_for(base: EmbeddingModel) -> float:
    """In squared distance: that of FaceNet, in proportion to how far the network puts strangers."""
    network = NETWORKS[base.recipe["network"]]
    share = network.bounds.verify / DEFAULT_RECIPE.bounds.verify
    return round(Plan().margin * share**2, 4)


@transaction.atomic
def register(*, result: Result, name: str | None = None, force: bool = False) -> EmbeddingModel:
    """A new model, still to be built, calibrated and activated; it answers nothing until then.

    force: although the people held out are told apart less well, which is put on record.
    Raises Refusal: held_out_worse, and those of add_recipe.
    """
    if result.objections and not force:
        raise Refusal(
            f"Not registered: {'; '.join(result.objections)}. Train on more people, or with another"
            " margin; --force registers it nevertheless.",
            code="held_out_worse",
        )
    base, weights = _on_its_base(result.base, result.trained.weights)
    head = heads.store(weights, facts={**result.facts(), "forced": bool(result.objections)})
    model = add_recipe(
        name=name or f"{base.name}-tuned", recipe=heads.recipe_of(base=base, head=head)
    )
    if result.objections:
        logger.warning(
            "Model %d registered by force, although: %s", model.pk, "; ".join(result.objections)
        )
    return model


def _on_its_base(model: EmbeddingModel, weights: Vector) -> tuple[EmbeddingModel, Vector]:
    """A head on a head is one head: unit(W₂·unit(W₁·v)) = unit(W₂·W₁·v). Raises HeadMissing."""
    base = heads.base_of(model)
    if base is None:
        return model, weights
    return base, weights @ heads.head_of(model.recipe).weights


def as_json(result: Result, model: EmbeddingModel | None) -> Mapping[str, Any]:
    return {
        **result.facts(),
        "registered": None if model is None else str(model),
        "history": [asdict(epoch) for epoch in result.trained.history],
    }
