"""The larger the pool, the nearer a face has to be."""

import numpy as np
import pytest
from django.core.cache import caches
from pytest_django import Settings

from people.models import EmbeddingModel, Gallery
from recognition import engine, thresholds
from tests.fixtures import Enrol

CURVE = [[1e-2, 1.1], [1e-3, 1.0], [1e-4, 0.9], [1e-6, 0.7]]


@pytest.fixture
def model(db: None) -> EmbeddingModel:
    model = EmbeddingModel.objects.current()
    model.calibration = {"curve": CURVE}
    model.verify_threshold, model.recognize_threshold, model.outlier_threshold = 1.0, 0.9, 1.1
    model.save()
    return model


@pytest.mark.parametrize(
    ("fmr", "distance"),
    [(1e-3, 1.0), (1e-4, 0.9), (1e-5, 0.8), (0.5, 1.1), (1e-8, 0.5), (1e-20, 0.0)],
)
def test_the_curve_is_read_between_and_beyond_its_points(fmr: float, distance: float) -> None:
    assert thresholds.distance_at([(f, d) for f, d in CURVE], fmr) == pytest.approx(distance)


def test_a_larger_pool_needs_a_nearer_face(model: EmbeddingModel) -> None:
    distances = [thresholds.for_pool(model, people) for people in (1, 100, 1_000, 10_000, 10**6)]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] == model.recognize_threshold
    assert distances[3] == pytest.approx(0.7, abs=0.001)


def test_an_empty_pool_is_no_error(model: EmbeddingModel) -> None:
    assert thresholds.for_pool(model, 0) == model.recognize_threshold


def test_strangers_let_in_stay_as_rare_as_promised(model: EmbeddingModel) -> None:
    """Simulated: impostor distances that follow the curve, pools of three sizes."""
    rng = np.random.default_rng(0)
    log_fmr, distance = np.log([f for f, _d in CURVE]), np.array([d for _f, d in CURVE])
    for people in (200, 1_000, 5_000):
        threshold = thresholds.for_pool(model, people)
        # The nearest of N impostors: its FMR is the smallest of N uniform numbers.
        smallest = 1 - rng.uniform(size=20_000) ** (1 / people)
        nearest = np.interp(np.log(smallest), log_fmr[::-1], distance[::-1])
        assert (nearest < threshold).mean() == pytest.approx(0.01, abs=0.003)


def test_a_model_without_a_curve_keeps_its_threshold(model: EmbeddingModel) -> None:
    model.calibration = {}
    assert thresholds.for_pool(model, 10**6) == model.recognize_threshold


def test_the_people_of_the_gallery_are_counted(
    model: EmbeddingModel, enrol: Enrol, settings: Settings
) -> None:
    caches["process"].clear()
    settings.RECOGNIZE_FPIR = 1e-5  # so that few people count as many
    north = Gallery.objects.create(name="North")
    for number, angle in enumerate((0, 60, 120)):
        enrol(f"P{number}", angle, gallery=north if number else None)
    caches["process"].clear()
    model = EmbeddingModel.objects.current()
    model.calibration = {"curve": CURVE}
    assert thresholds.for_recognize(model) == thresholds.for_pool(model, 3)
    assert thresholds.for_recognize(model, [north]) == thresholds.for_pool(model, 2)
    caches["process"].clear()


def test_a_new_installation_starts_with_what_was_measured(db: None) -> None:
    model = EmbeddingModel.objects.current()
    assert engine.Recipe(**model.recipe) == engine.DEFAULT_RECIPE
    assert model.verify_threshold == engine.DEFAULT_VERIFY_THRESHOLD
    assert model.recognize_threshold == engine.DEFAULT_RECOGNIZE_THRESHOLD
    assert [tuple(point) for point in model.calibration["curve"]] == list(
        engine.DEFAULT_TEMPLATE_CURVE
    )
