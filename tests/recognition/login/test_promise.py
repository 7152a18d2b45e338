"""Whether a face alone may log in follows from what was measured and how many are enrolled."""

import pytest
from pytest_django import Settings

from people.models import EmbeddingModel
from recognition import thresholds
from recognition.login import promise
from recognition.login.accounts import Mode
from recognition.login.promise import PromiseBroken

pytestmark = pytest.mark.django_db

CURVE = [(1e-6, 0.5), (1e-4, 0.8), (1e-2, 1.1)]


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, model: EmbeddingModel) -> dict[str, int]:
    model.calibration = {"curve": CURVE}
    model.save()
    enrolled = {"number": 10}
    monkeypatch.setattr(thresholds, "pool_size", lambda *_args: enrolled["number"])
    return enrolled


@pytest.mark.parametrize("number", [0, 1, 100, 10_000])
def test_it_holds_while_the_threshold_that_is_needed_was_measured(
    people: dict[str, int], number: int
) -> None:
    people["number"] = number
    promise.require(Mode.RECOGNIZE)


def test_beyond_what_was_measured_it_does_not_hold(people: dict[str, int]) -> None:
    people["number"] = 20_000  # needs a false match rate of 5e-7
    with pytest.raises(PromiseBroken, match="so many people"):
        promise.require(Mode.RECOGNIZE)


def test_a_threshold_set_by_hand_has_to_keep_it(people: dict[str, int], settings: Settings) -> None:
    settings.RECOGNIZE_THRESHOLD = 0.7
    promise.require(Mode.RECOGNIZE)
    people["number"] = 1000
    with pytest.raises(PromiseBroken):
        promise.require(Mode.RECOGNIZE)


def test_the_operators_limit_counts(people: dict[str, int], settings: Settings) -> None:
    settings.RECOGNIZE_FPIR = 1e-6
    with pytest.raises(PromiseBroken):
        promise.require(Mode.RECOGNIZE)


def test_without_a_curve_it_does_not_hold(people: dict[str, int], model: EmbeddingModel) -> None:
    model.calibration = {"curve": [[1e-6, 0.5]]}
    model.save()
    with pytest.raises(PromiseBroken, match="measured"):
        promise.require(Mode.RECOGNIZE)


@pytest.mark.parametrize("mode", [Mode.CLAIMED, Mode.SECOND_FACTOR])
def test_a_distance_that_makes_nothing_of_the_face_is_refused_beside_a_name_and_a_password(
    people: dict[str, int], settings: Settings, mode: Mode
) -> None:
    promise.require(mode)
    settings.VERIFY_THRESHOLD = 1.2
    EmbeddingModel.objects.filter(state="active").update(verify_threshold=1.3)
    with pytest.raises(PromiseBroken):
        promise.require(mode)
