"""Migrations of data can be taken again."""

from importlib import import_module

import pytest
from django.apps import apps

from people.models import EmbeddingModel
from recognition.calibration import stored
from recognition.models import Acceptance


@pytest.mark.django_db
def test_the_first_model_is_added_once() -> None:
    migration = import_module("recognition.migrations.0003_first_model")
    before = EmbeddingModel.objects.get()
    migration.add(apps, None)
    assert EmbeddingModel.objects.get() == before


shipped = import_module("recognition.migrations.0009_shipped_calibration")


def as_before(**changed: object) -> EmbeddingModel:
    """The first model with the curve it once was shipped with."""
    old = {"curve": shipped.OLD}
    EmbeddingModel.objects.update(**{"calibration": old, "verify_threshold": 0.96, **changed})
    return EmbeddingModel.objects.get()


@pytest.mark.django_db
def test_the_shipped_calibration_takes_the_place_of_the_old_curve() -> None:
    as_before()
    Acceptance.objects.all().delete()
    shipped.bring(apps, None)
    assert stored.read(EmbeddingModel.objects.get().calibration) is not None
    assert not Acceptance.objects.exists()  # so verify is at the default, stricter than before


@pytest.mark.django_db
def test_who_had_loosened_verify_keeps_the_rate() -> None:
    as_before(verify_threshold=1.10)
    Acceptance.objects.all().delete()
    shipped.bring(apps, None)
    assert Acceptance.objects.get().verify_fmr == pytest.approx(1e-2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "own", [{"curve": [[1e-2, 1.0], [1e-3, 0.9]]}, {"curve": shipped.OLD, "calibrated": "2026"}]
)
def test_a_calibration_of_one_s_own_stays(own: dict[str, object]) -> None:
    before = as_before(calibration=own)
    shipped.bring(apps, None)
    assert EmbeddingModel.objects.get().calibration == before.calibration


@pytest.mark.parametrize(
    ("distance", "rate"), [(1.10, 1e-2), (0.96, 1e-3), (1.03, 10**-2.5), (2.0, 1e-2)]
)
def test_a_distance_is_read_as_the_old_curve_was(distance: float, rate: float) -> None:
    assert shipped._rate_at(distance) == pytest.approx(rate)
