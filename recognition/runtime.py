"""The engine of this process: one for each recipe, made when first needed."""

from functools import lru_cache
from typing import Any

from django.conf import settings

from people.models import EmbeddingModel
from recognition.engine import Engine, Recipe
from recognition.engine.antispoof import AntiSpoof


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
        recipe=Recipe(**dict(recipe)),
    )


@lru_cache(maxsize=1)
def antispoof() -> AntiSpoof:
    """The anti-spoofing networks of this process; they load at the first use."""
    return AntiSpoof(models_dir=settings.MODELS_DIR, threads=settings.ENGINE_THREADS)


def warm_up() -> None:
    """Load the active model's networks, so that the first person need not wait for them."""
    engine_for(EmbeddingModel.objects.current()).load()
