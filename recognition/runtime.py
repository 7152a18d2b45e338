"""The engine of this process: one for each recipe, made when first needed."""

from functools import lru_cache
from typing import Any, cast

from django.conf import settings

from people.models import EmbeddingModel
from recognition.engine import Engine, Recipe
from recognition.engine.sessions import Precision, Runtime


def engine_for(model: EmbeddingModel) -> Engine:
    """The engine that makes vectors of this model. Its networks load at the first use.

    Raises TypeError when the model's recipe is from a version this code does not know.
    """
    return _engine(tuple(sorted(model.recipe.items())))


@lru_cache(maxsize=4)
def _engine(recipe: tuple[tuple[str, Any], ...]) -> Engine:
    return Engine(
        models_dir=settings.MODELS_DIR,
        threads=settings.ENGINE_THREADS,
        runtime=chosen_runtime(),
        precision=cast(Precision, settings.ENGINE_PRECISION),
        recipe=Recipe(**dict(recipe)),
    )


def chosen_runtime() -> Runtime:
    """What the settings, which have checked it, want the networks to run on."""
    return cast(Runtime, settings.ENGINE_RUNTIME)


def warm_up() -> None:
    """Load the active model's networks, so that the first person need not wait for them."""
    engine_for(EmbeddingModel.objects.current()).load()
