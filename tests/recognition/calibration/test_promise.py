"""A promise holds, or says why it does not."""

from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from people.errors import Refusal
from people.images import decode
from people.models import EmbeddingModel, Gallery, Person
from recognition import health, services
from recognition.calibration import curve as curves
from recognition.calibration.promise import (
    in_words,
    promise_among,
    promise_for,
    promise_to_verify,
)
from recognition.devices import add_device
from recognition.models import Acceptance, Attempt, AttemptSource
from tests.faces import photo_of
from tests.fixtures import Enrol

CURVE = [[1e-2, 1.1], [1e-3, 1.0], [1e-4, 0.9], [1e-6, 0.7]]  # reaches 10⁻⁸


@pytest.fixture
def calibrated(model: EmbeddingModel) -> EmbeddingModel:
    caches["process"].clear()
    model.calibration = {"curve": CURVE}
    model.save()
    return model


def test_it_holds_for_as_many_people_as_the_calibration_reaches(
    calibrated: EmbeddingModel,
) -> None:
    promise = promise_among(calibrated, 1_000)
    assert promise.holds
    assert promise.reason == ""
    assert promise.stated <= promise.accepted == 0.01
    assert promise.room == pytest.approx(10**4, rel=0.01)  # the strictest point is 10⁻⁶
    promise.require()


def test_a_gallery_that_has_outgrown_it_is_refused_with_the_reason(
    calibrated: EmbeddingModel,
) -> None:
    promise = promise_among(calibrated, 10**6)
    assert not promise.holds
    assert promise.code == "gallery_outgrown"
    assert "1,000,000 people" in promise.reason
    with pytest.raises(Refusal, match="Calibrate on more people"):
        promise.require()


def test_accepting_more_errors_makes_room(calibrated: EmbeddingModel) -> None:
    assert not promise_among(calibrated, 50_000).holds
    Acceptance.objects.create(pk=1, recognize_fpir=0.1)
    assert promise_among(calibrated, 50_000).holds


def test_a_threshold_by_hand_that_is_too_lax_breaks_it(
    calibrated: EmbeddingModel, settings: Settings
) -> None:
    calibrated.recognize_threshold = calibrated.verify_threshold
    settings.RECOGNIZE_THRESHOLD = settings.VERIFY_THRESHOLD = 0.95
    for promise in (promise_among(calibrated, 1_000), promise_to_verify(calibrated)):
        assert not promise.holds
        assert promise.code == "threshold_by_hand"
        assert promise.stated > promise.accepted
    settings.RECOGNIZE_THRESHOLD = 0.5
    assert promise_among(calibrated, 1_000).holds


def test_without_calibration_there_is_none(model: EmbeddingModel) -> None:
    model.calibration = {}
    for promise in (promise_for(model), promise_to_verify(model)):
        assert not promise.holds
        assert promise.code == "not_calibrated"


def test_a_sample_that_is_too_small_cannot_state_it(model: EmbeddingModel) -> None:
    points = [
        {"fmr": 1e-2, "distance": 1.1, "low": 8e-3, "high": 2e-2, "measured": True},
        {"fmr": 1e-3, "distance": 1.0, "low": 1e-4, "high": 9e-3, "measured": True},
        {"fmr": 1e-4, "distance": 0.9, "low": 1e-6, "high": 5e-3, "measured": False},
    ]
    model.calibration = {"single": {"points": points, "floor": 1e-6}}
    promise = promise_to_verify(model)
    assert not promise.holds
    assert promise.code == "sample_too_small"


def test_the_people_of_the_gallery_count(calibrated: EmbeddingModel, enrol: Enrol) -> None:
    calibrated.calibration = {"curve": CURVE}
    calibrated.save()
    north = Gallery.objects.create(name="North")
    for number in range(3):
        enrol(f"P{number}", 60 * number, gallery=north if number else None)
    caches["process"].clear()
    assert promise_for(calibrated).people == 3
    assert promise_for(calibrated, [north]).people == 2


@pytest.mark.usefixtures("fake_engine")
def test_nobody_is_verified_or_recognized_without_calibration(
    model: EmbeddingModel, enrol: Enrol
) -> None:
    ann = enrol("Ann", 10)
    EmbeddingModel.objects.update(calibration={})
    probe = [decode(photo_of(10)).pixels]
    with pytest.raises(Refusal) as recognized:
        services.recognize(probe=probe, source="admin")  # type: ignore[arg-type]
    with pytest.raises(Refusal) as verified:
        services.verify(probe=probe, person=ann, source="admin")  # type: ignore[arg-type]
    assert recognized.value.code == verified.value.code == "not_calibrated"
    assert not Attempt.objects.exists()
    assert health.checks()["calibration"] == "missing"
    assert not health.is_ready({"calibration": "missing"})


# Vouches for two people at FPIR 1 %, and for no verification at FMR 10⁻⁴.
SHORT = [[1e-1, 1.2], [5e-3, 1.0]]


@pytest.fixture
def outgrown(
    calibrated: EmbeddingModel, fake_engine: None, enrol: Enrol
) -> dict[str, Person | Gallery]:
    """Three people; two of them in a gallery."""
    calibrated.calibration = {"curve": SHORT}
    calibrated.save()
    small = Gallery.objects.create(name="Small")
    ann = enrol("Ann", 10, gallery=small)
    enrol("Bob", 90, gallery=small)
    enrol("Cid", 170)
    caches["process"].clear()  # enrolling has counted people
    return {"ann": ann, "small": small}


def ask(face: float = 10, **how: Any) -> str:
    """The outcome, or the code of why not."""
    probe = [decode(photo_of(face)).pixels]
    try:
        return services.recognize(probe=probe, source=AttemptSource.ADMIN, **how).outcome
    except Refusal as refusal:
        return refusal.code


def test_without_the_promise_nobody_is_recognized(
    outgrown: dict[str, Any], settings: Settings
) -> None:
    assert ask() == "gallery_outgrown"
    assert not Attempt.objects.exists()
    assert ask(galleries=[outgrown["small"]]) == "match"
    settings.RECOGNIZE_BEYOND_PROMISE = True
    assert ask() == "match"
    settings.RECOGNIZE_BEYOND_PROMISE, settings.RECOGNIZE_THRESHOLD = False, 0.5
    assert ask() == "match"


def test_nor_every_face_of_a_photo(outgrown: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="3 people are searched") as refused:
        services.recognize_everybody(photo=decode(photo_of(10)).pixels, source=AttemptSource.API)
    assert refused.value.code == "gallery_outgrown"


@pytest.mark.parametrize("path", ["recognize/", "attendance/clock/"])
def test_a_device_is_refused_too(outgrown: dict[str, Any], path: str) -> None:
    outgrown["small"].people.add(*Person.objects.all())
    caches["process"].clear()
    device = add_device(name="Door", galleries=[outgrown["small"]])
    photo = SimpleUploadedFile("p.png", photo_of(10), "image/png")
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {device.key}")
    response = client.post(f"/api/v1/{path}", {"photo": photo})
    assert (response.status_code, response.json()["code"]) == (403, "gallery_outgrown")


def test_nobody_is_verified_at_a_rate_that_was_never_measured(outgrown: dict[str, Any]) -> None:
    def verify(source: AttemptSource) -> str:
        probe = [decode(photo_of(10)).pixels]
        return services.verify(probe=probe, person=outgrown["ann"], source=source).outcome

    with pytest.raises(Refusal) as refused:
        verify(AttemptSource.API)
    assert refused.value.code == "sample_too_small"
    assert verify(AttemptSource.LOGIN) == "match"  # which has asked by itself
    Acceptance.objects.create(pk=1, verify_fmr=1e-2)
    caches["process"].clear()
    assert verify(AttemptSource.API) == "match"


def test_a_site_without_calibration_says_so_first(root: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    EmbeddingModel.objects.update(calibration={})
    html = root.get("/admin/").content.decode()
    assert "No promise." in html
    assert "manage.py calibrate" in html


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.01, "1 in 100"), (0.031, "3 in 100"), (1e-4, "1 in 10,000"), (1.3e-4, "1 in 7,700")],
)
def test_rates_are_said_as_people_say_them(rate: float, words: str) -> None:
    assert in_words(rate) == words


def test_an_earlier_version_reads_what_is_stored_now(calibrated: EmbeddingModel) -> None:
    found = curves.read(CURVE)
    assert found is not None
    pairs = [[p.fmr, p.distance] for p in found.points]
    assert pairs == CURVE
