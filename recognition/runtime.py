"""The engine of this process: one for each recipe and folder, made when first needed."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings

from people.models import EmbeddingModel
from recognition import heads
from recognition.engine import DEFAULT_RECIPE, Engine, Recipe, weights
from recognition.engine.antispoof import AntiSpoof
from recognition.engine.sessions import Precision, Runtime
from recognition.heads import HeadedEngine


def engine_for(model: EmbeddingModel) -> Engine:
    """The engine that makes vectors of this model. Its networks load at the first use.

    Raises TypeError when the model's recipe is from a version this code does not know,
    HeadMissing.
    """
    base = heads.base_of(model)
    if base is None:
        return _engine(_key(model), settings.MODELS_DIR)
    engine = _engine(_key(base), settings.MODELS_DIR)
    return HeadedEngine(engine, heads.head_of(model.recipe))


def _key(model: EmbeddingModel) -> str:
    return json.dumps(model.recipe, sort_keys=True)


@lru_cache(maxsize=4)
def _engine(recipe: str, models_dir: Path) -> Engine:
    return Engine(
        models_dir=models_dir,
        threads=settings.ENGINE_THREADS,
        runtime=chosen_runtime(),
        precision=cast(Precision, settings.ENGINE_PRECISION),
        recipe=Recipe.from_json(recipe),
    )


def require_networks(recipe: dict[str, Any]) -> None:
    """Before work is begun that they are needed for. recipe: of a model, with or without a head.

    Raises WeightsMissing with the command that fetches them.
    """
    networks = replace(DEFAULT_RECIPE, network=recipe["network"], detector=recipe["detector"])
    weights.require(settings.MODELS_DIR, networks)


def require_mesh() -> None:
    """Before anybody is asked to move. Raises WeightsMissing with the command that fetches it."""
    weights.require_mesh(settings.MODELS_DIR)


def chosen_runtime() -> Runtime:
    """What the settings, which have checked it, want the networks to run on."""
    return cast(Runtime, settings.ENGINE_RUNTIME)


def antispoof() -> AntiSpoof:
    """The anti-spoofing networks of this process; they load at the first use."""
    return _antispoof(settings.MODELS_DIR)


@lru_cache(maxsize=1)
def _antispoof(models_dir: Path) -> AntiSpoof:
    return AntiSpoof(models_dir=models_dir, threads=settings.ENGINE_THREADS)


def warm_up() -> None:
    """Load the active model's networks, so that the first person need not wait for them."""
    engine_for(EmbeddingModel.objects.current()).load()
