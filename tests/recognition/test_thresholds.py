"""The larger the pool, the nearer a face has to be."""

import numpy as np
import pytest
from django.core.cache import caches
from django.db import IntegrityError, transaction
from pytest_django import Settings

from people.models import EmbeddingModel, Gallery
from recognition import engine, thresholds
from recognition.calibration.promise import promise_among, promise_to_verify
from recognition.models import Acceptance
from tests.fixtures import Enrol

CURVE = [[1e-2, 1.1], [1e-3, 1.0], [1e-4, 0.9], [1e-6, 0.7]]


@pytest.fixture
def model(db: None) -> EmbeddingModel:
    model = EmbeddingModel.objects.current()
    model.calibration = {"curve": CURVE}
    model.verify_threshold, model.recognize_threshold, model.outlier_threshold = 1.0, 0.9, 1.1
    model.save()
    return model


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


@pytest.mark.parametrize(
    "calibration",
    [
        {},
        {"curve": []},
        {"curve": [[1e-3, 1.0]]},
        {"curve": "none"},
        {"curve": [[1e-3, 0.8], [1e-4, 0.9]]},  # looser for more people
        {"curve": [[1e-3, float("nan")], [1e-4, 0.9]]},
        {"single": {"points": [{"fmr": 1}], "floor": 1}},
    ],
)
def test_without_a_curve_to_trust_nobody_is_near_enough(
    model: EmbeddingModel, calibration: dict[str, object]
) -> None:
    model.calibration = calibration
    for ask in (thresholds.for_verify, thresholds.for_recognize):
        with pytest.raises(thresholds.NotCalibrated, match="has no calibration"):
            ask(model)


def test_without_a_curve_more_is_flagged_and_not_less(model: EmbeddingModel) -> None:
    model.calibration = {}
    assert thresholds.for_duplicates(model) == model.recognize_threshold


def test_a_distance_from_the_environment_needs_no_curve(
    model: EmbeddingModel, settings: Settings
) -> None:
    model.calibration = {}
    settings.VERIFY_THRESHOLD = settings.RECOGNIZE_THRESHOLD = 0.7
    assert thresholds.for_verify(model) == thresholds.for_recognize(model) == 0.7


def test_a_distance_from_the_environment_loosens_no_bound(
    model: EmbeddingModel, settings: Settings
) -> None:
    """It may have been meant for another network, under whose distances everybody is near."""
    settings.VERIFY_THRESHOLD = settings.RECOGNIZE_THRESHOLD = 1.3
    assert thresholds.for_verify(model) == promise_to_verify(model).threshold == 1.0
    assert thresholds.for_recognize(model) == promise_among(model, 100).threshold == 0.9


def test_verify_follows_the_accepted_rate_and_never_passes_its_bound(
    model: EmbeddingModel, settings: Settings
) -> None:
    assert thresholds.for_verify(model) == pytest.approx(0.9)  # 10⁻⁴ unless stated otherwise
    Acceptance.objects.create(pk=1, verify_fmr=1e-6)
    assert thresholds.for_verify(model) == pytest.approx(0.7)
    settings.VERIFY_FMR = 5e-3  # the environment decides
    assert thresholds.for_verify(model) == model.verify_threshold


def test_several_frames_are_held_to_the_stricter_of_both_curves(model: EmbeddingModel) -> None:
    several = [[1e-2, 1.0], [1e-4, 0.8], [1e-6, 0.75]]  # looser at the end only
    model.calibration = {"curve": CURVE, "several": several}
    for people in (20, 100, 1_000, 10_000):
        one, more = thresholds.for_pool(model, people), thresholds.for_pool(model, people, 3)
        assert more <= one
    assert thresholds.for_pool(model, 100, 3) == pytest.approx(0.8, abs=0.001)
    assert thresholds.for_pool(model, 10_000, 3) == pytest.approx(0.7, abs=0.001)


def test_there_is_one_set_of_accepted_rates(model: EmbeddingModel) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Acceptance.objects.create(pk=2)


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
    assert model.verify_threshold == engine.DEFAULT_RECIPE.bounds.verify
    assert model.recognize_threshold == engine.DEFAULT_RECIPE.bounds.recognize
    assert model.outlier_threshold == engine.DEFAULT_RECIPE.bounds.outlier
    calibration = thresholds.calibration_of(model)
    assert not calibration.is_own
    assert calibration.effects is not None
    assert {one["frames"] for one in calibration.sets} == {1, 3}
    assert promise_to_verify(model).holds
    assert promise_among(model, 1_000).holds
