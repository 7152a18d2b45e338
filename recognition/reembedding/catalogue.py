"""Which embedding models there are, and how another one is added."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition.engine import DEFAULT_RECIPE, Recipe
from recognition.engine.recipe import (
    CENTERFACE,
    DLIB,
    EIGHT_BITS,
    FACENET,
    NETWORKS,
    YUNET,
)
from recognition.runtime import require_networks

# What may differ from the default recipe, and what each is, in plain words. Networks and detectors
# are those that `fetch_models` brings and verifies; the engine knows no others.
CHOICES: dict[str, dict[str, str]] = {
    "network": {
        FACENET: "FaceNet",
        EIGHT_BITS: "FaceNet at eight bits: faster, a little less exact",
        DLIB: "Dlib: another network (fetch_models --dlib)",
    },
    "detector": {
        CENTERFACE: "CenterFace",
        YUNET: "YuNet: smaller and faster (fetch_models --yunet)",
    },
    "align": {
        "landmarks": "Fitted by the five landmarks",
        "rotate": "Turned level by the eyes",
        "none": "As it is in the photo",
    },
    "flip": {"enrolment": "Of enrolled photos", "always": "Always", "never": "Never"},
    "preprocessing": {
        "standardize": "RGB, standardized (FaceNet)",
        "deepface": "As deepface feeds them (FaceNet)",
        "raw": "RGB as it is (Dlib)",
    },
}
MARGINS = (-0.5, 1.0)


class BadRecipe(Refusal):
    code = "bad_recipe"


def find_model(*, name: str) -> EmbeddingModel:
    """By name and version as shown (“facenet128 v2”), by the name alone if there is one version,
    or by key. Raises Refusal: model_unknown, model_ambiguous."""
    text = name.strip()
    models = EmbeddingModel.objects.all()
    if (versioned := re.fullmatch(r"(.+?)[ @]?v(\d+)", text)) is not None:
        found = models.filter(name__iexact=versioned[1], version=int(versioned[2]))
    elif text.isdecimal():
        found = models.filter(pk=int(text))
    else:
        found = models.filter(name__iexact=text)
    matches = list(found[:2])
    if not matches:
        known = ", ".join(str(model) for model in models)
        raise Refusal(f"There is no model “{name}”. There are: {known}.", code="model_unknown")
    if len(matches) > 1:
        raise Refusal(
            f"There are several versions of “{name}”. Say which, as in {matches[0]}.",
            code="model_ambiguous",
        )
    return matches[0]


def recipe_from(changes: dict[str, Any]) -> Recipe:
    """The default recipe with these changes, and with what they leave open as it suits the network.

    Raises BadRecipe.
    """
    for key, value in changes.items():
        if key not in ("margin", "dimensions", *CHOICES):
            raise BadRecipe(f"A recipe has no “{key}”. It has: margin, {', '.join(CHOICES)}.")
        if key in CHOICES and value not in tuple(CHOICES[key]):
            raise BadRecipe(f"“{key}” is one of {', '.join(CHOICES[key])}.")
    name = changes.get("network", DEFAULT_RECIPE.network)
    network = NETWORKS[name]
    suits = {"preprocessing": network.preprocessing[0], "dimensions": network.dimensions}
    if changes.get("preprocessing", suits["preprocessing"]) not in network.preprocessing:
        allowed = ", ".join(network.preprocessing)
        raise BadRecipe(f"“preprocessing” of {name} is one of {allowed}.")
    if changes.get("dimensions", network.dimensions) != network.dimensions:
        raise BadRecipe(f"“dimensions” of {name} can only be {network.dimensions}.")
    margin = changes.get("margin", DEFAULT_RECIPE.margin)
    if isinstance(margin, bool) or not isinstance(margin, int | float):
        raise BadRecipe("“margin” is a number, as in -0.1 for a tenth less.")
    if not MARGINS[0] <= margin <= MARGINS[1]:
        raise BadRecipe(f"“margin” is between {MARGINS[0]} and {MARGINS[1]}.")
    return replace(DEFAULT_RECIPE, **{**suits, **changes, "margin": float(margin)})


def find_or_add(*, name: str, changes: dict[str, Any]) -> EmbeddingModel:
    """The model of this name that is the default recipe with these changes, added if there is none.

    Raises as `add_model` does.
    """
    wanted = _what_it_does(asdict(recipe_from(changes)))
    for model in EmbeddingModel.objects.exclude(state="retired").filter(name__iexact=name.strip()):
        if _what_it_does(model.recipe) == wanted:
            return model
    return add_model(name=name, changes=changes)


def add_model(*, name: str, changes: dict[str, Any]) -> EmbeddingModel:
    """A new model: the default recipe with these changes.

    Raises BadRecipe, WeightsMissing, or Refusal: recipe_exists, bad_name, added_meanwhile.
    """
    return add_recipe(name=name, recipe=asdict(recipe_from(changes)))


def add_recipe(*, name: str, recipe: dict[str, Any]) -> EmbeddingModel:
    """A new model, its version the next of its name. It answers nothing until it is activated.

    Raises WeightsMissing, or Refusal: recipe_exists, bad_name, added_meanwhile.
    """
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise Refusal("Give the model a name of 1 to 100 characters.", code="bad_name")
    for model in EmbeddingModel.objects.exclude(state="retired"):
        if _what_it_does(model.recipe) == _what_it_does(recipe):
            raise Refusal(f"{model} makes the very same vectors.", code="recipe_exists")
    require_networks(recipe)
    latest = EmbeddingModel.objects.filter(name=name).aggregate(latest=Max("version"))["latest"]
    version = (latest or 0) + 1
    recipe = {**recipe, "name": name, "version": version}
    try:
        with transaction.atomic():
            return EmbeddingModel.objects.create(
                name=name,
                version=version,
                recipe=recipe,
                dimensions=recipe["dimensions"],
                **bounds_of(recipe),
            )
    except IntegrityError as error:
        raise Refusal(
            "Somebody added a model of this name at the same moment. Add it again.",
            code="added_meanwhile",
        ) from error


def _what_it_does(recipe: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in recipe.items() if key not in ("name", "version")}


def bounds_of(recipe: dict[str, Any]) -> dict[str, float]:
    """What nothing loosens. The distances that count follow from a calibration of its own; until
    there is one, nobody is near enough under the new model.

    The active model's, which the operator may have changed, if it has the same network; another
    network's distances say nothing about this one's, so it begins with its own.
    """
    active = EmbeddingModel.objects.current()
    bounds = NETWORKS[recipe["network"]].bounds
    if NETWORKS[active.recipe["network"]].bounds == bounds:
        return {
            "verify_threshold": active.verify_threshold,
            "recognize_threshold": active.recognize_threshold,
            "outlier_threshold": active.outlier_threshold,
        }
    return {
        "verify_threshold": bounds.verify,
        "recognize_threshold": bounds.recognize,
        "outlier_threshold": bounds.outlier,
    }
