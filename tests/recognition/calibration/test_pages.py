"""The page of the calibration and the part of a person's page about photos."""

import json

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from people.models import EmbeddingModel, Person
from people.vectors import Vector
from recognition.acceptance import accepted
from recognition.calibration import person_health, shown
from recognition.calibration.measuring import PhotoSet, combine, measure
from recognition.calibration.stored import shipped
from recognition.models import Acceptance
from recognition.thresholds import for_recognize, for_verify
from tests.fixtures import Enrol
from tests.recognition.calibration.crowds import vectors

URL = reverse("calibration:limits")
LIMITS = {"verify_one_in": "1000", "recognize_one_in": "50", "warn_percent": "10"}


@pytest.fixture
def measured(model: EmbeddingModel) -> EmbeddingModel:
    """The active model with a calibration of a synthetic crowd."""
    caches["process"].clear()
    photos = PhotoSet("the crowd", dict(vectors(150, 8, within=1.0)))
    found = measure(photos, template_photos=5, frames=3)
    calibration = combine([found], source="the crowd", is_own=False, measured_on="2026-11-25")
    model.calibration = json.loads(json.dumps(calibration.as_json()))
    model.recognize_threshold = model.verify_threshold = 1.3
    model.save()
    return model


@pytest.mark.usefixtures("measured")
def test_the_promise_is_said_in_plain_words(root: Client, enrol: Enrol) -> None:
    enrol("Ann", 10)
    html = root.get(URL).content.decode()
    assert "stranger" in html
    assert "staff would have to try again" in html
    assert "If there were more" in html
    assert "Measured on a public set (the crowd), 2026-11-25" in html
    assert html.count("<svg") == 2
    assert "manage.py calibrate --gallery" in html


@pytest.mark.usefixtures("measured")
def test_another_limit_is_shown_and_not_kept(root: Client) -> None:
    html = root.get(URL, {"recognize_one_in": "1000"}).content.decode()
    assert "They are not kept yet." in html
    assert "1 stranger in 1,000 would be let in" in html
    assert not Acceptance.objects.exists()


@pytest.mark.usefixtures("measured")
def test_htmx_gets_the_preview_alone(root: Client) -> None:
    html = root.get(URL, LIMITS, headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith('<div id="calibration-preview"')


@pytest.mark.usefixtures("measured")
def test_limits_are_kept_and_on_record(root: Client) -> None:
    assert root.post(URL, LIMITS).status_code == 302
    kept = Acceptance.objects.get()
    assert (kept.verify_fmr, kept.recognize_fpir) == (1e-3, 0.02)
    assert LogEntry.objects.filter(change_message="Changed what is accepted.").exists()
    assert "They are not kept yet." not in root.get(URL).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"verify_one_in": "5"},
        {"recognize_one_in": "0"},
        {"recognize_one_in": "many"},
        {"warn_percent": "101"},
        {"verify_one_in": ""},
        {"verify_one_in": "9" * 40},
    ],
)
@pytest.mark.usefixtures("measured")
def test_a_limit_that_is_none_is_a_fault_of_the_form(root: Client, wrong: dict[str, str]) -> None:
    response = root.post(URL, LIMITS | wrong)
    assert response.status_code == 422
    assert "face-error" in response.content.decode()
    assert root.get(URL, LIMITS | wrong).status_code == 200
    assert not Acceptance.objects.exists()


@pytest.mark.usefixtures("measured")
def test_who_may_look_may_not_change(hr: Client, log_in: object) -> None:
    assert hr.get(URL).status_code == 403
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_embeddingmodel"))
    client = Client()
    client.force_login(viewer)
    page = client.get(URL)
    assert page.status_code == 200
    assert "Keep these limits" not in page.content.decode()
    assert client.post(URL, LIMITS).status_code == 403
    assert not Acceptance.objects.exists()


def test_a_model_without_calibration_has_a_page_that_says_so(
    root: Client, model: EmbeddingModel
) -> None:
    EmbeddingModel.objects.update(calibration={})
    html = root.get(URL).content.decode()
    assert "Nobody is verified or recognized until there is one" in html
    assert html.count("No promise") == 2


@pytest.mark.usefixtures("model")
def test_a_calibration_of_an_earlier_version_is_shown(root: Client) -> None:
    assert "Round angles" in root.get(URL).content.decode()


@pytest.mark.usefixtures("measured")
def test_what_the_environment_fixes_is_said(root: Client, settings: Settings) -> None:
    settings.VERIFY_FMR = 1e-3
    assert "VERIFY_FMR" in root.get(URL).content.decode()


def test_the_model_leads_to_its_calibration(root: Client, model: EmbeddingModel) -> None:
    page = root.get(reverse("admin:people_embeddingmodel_change", args=[model.pk]))
    assert URL in page.content.decode()


def codes(person: Person) -> set[str]:
    return {one.code for one in person_health.of(person, EmbeddingModel.objects.current()).findings}


def test_different_photos_of_one_person_are_fine(enrol: Enrol) -> None:
    enrol("Bob", 150, 170)
    assert codes(enrol("Ann", 10, 40, 70)) == {"fine"}


def test_photos_too_alike_are_named(enrol: Enrol) -> None:
    ann = enrol("Ann", 10, 12, 60)
    health = person_health.of(ann, EmbeddingModel.objects.current())
    assert [one.code for one in health.findings] == ["alike"]
    assert "Photos 1 and 2 are almost the same" in health.findings[0].text


def test_one_photo_is_too_few(enrol: Enrol) -> None:
    assert codes(enrol("Ann", 10)) == {"one_photo"}


def test_a_photo_that_does_not_belong_is_named(enrol: Enrol) -> None:
    ann = enrol("Ann", 10, 40, 60)
    embedding = ann.images.order_by("pk")[2].embeddings.get()
    embedding.vector = unit_at(150)
    embedding.save()
    health = person_health.of(ann, EmbeddingModel.objects.current())
    assert "Photo 3 does not look like the others" in next(f.text for f in health.findings)


def test_people_too_near_each_other_are_named(enrol: Enrol) -> None:
    ann = enrol("Ann", 10, 40)
    enrol("Bob", 100, 140)
    template = Person.objects.get(full_name="Bob").templates.get()
    template.vector = unit_at(30)
    template.save()
    assert "too_near" in codes(ann)
    assert "fine" in codes(enrol("Eve", 150, 179))


@pytest.mark.usefixtures("measured")
def test_what_one_more_photo_would_bring_is_what_was_measured(
    enrol: Enrol, measured: EmbeddingModel
) -> None:
    # `enrol` comes after `measured` and keeps its calibration: the model is the same row.
    EmbeddingModel.objects.filter(pk=measured.pk).update(calibration=measured.calibration)
    health = person_health.of(enrol("Ann", 10, 40), EmbeddingModel.objects.current())
    assert "of 1,000 tries would fail" in health.one_more_photo
    assert "of 1,000" in health.one_more_frame
    assert health.measured_on == 150
    many = person_health.of(enrol("Bob", *range(100, 180, 16)), EmbeddingModel.objects.current())
    assert many.one_more_photo == "More than 5 photos were not measured."


def test_several_frames_are_judged_at_their_own_threshold(
    root: Client, enrol: Enrol, measured: EmbeddingModel
) -> None:
    """The product holds an averaged probe to a stricter curve than a single frame."""
    ann = enrol("Ann", 10, 40, 70)
    EmbeddingModel.objects.update(
        calibration=shipped(), verify_threshold=0.96, recognize_threshold=0.92
    )
    caches["process"].set(f"people:{measured.pk}:all", 1000)
    model = EmbeddingModel.objects.current()
    health = person_health.of(ann, model)
    # Three photos and two frames miss 24.1 of 1,000 below 0.704, and would miss 8.8 below 0.747.
    assert for_recognize(model) == pytest.approx(0.747, abs=1e-3)
    assert for_recognize(model, frames=2) == pytest.approx(0.704, abs=1e-3)
    assert health.one_more_frame == "24 instead of 94 of 1,000 tries would fail"
    page = shown.show(model, accepted())
    (three,) = [cell for cell in page.effects if cell.photos == 3]
    assert three.rates == ("3 of 100", "5 of 1,000", "none seen, at most 27 of 1,000")
    assert dict(page.effect_frames)[3] == pytest.approx(for_verify(model, 3))
    html = root.get(URL).content.decode()
    assert f"2 frames, below {for_verify(model, 2):.3f}" in html
    assert "none of 1,000" not in html


def test_nobody_seen_to_fail_is_told_as_what_the_sample_can_rule_out(
    enrol: Enrol, measured: EmbeddingModel, settings: Settings
) -> None:
    EmbeddingModel.objects.filter(pk=measured.pk).update(calibration=measured.calibration)
    settings.RECOGNIZE_THRESHOLD = 1.35
    health = person_health.of(enrol("Ann", 10, 40), EmbeddingModel.objects.current())
    # 150 people: three of them in 150 may still be missed.
    unseen = "none seen (at most 20)"
    assert health.one_more_photo == f"{unseen} instead of {unseen} of 1,000 tries would fail"


def test_the_part_of_the_page_is_for_those_who_see_people(
    hr: Client, auditor: Client, enrol: Enrol
) -> None:
    ann = enrol("Ann", 10)
    url = reverse("calibration:person", args=[ann.pk])
    part = hr.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Only one photo" in part
    assert "<html" not in part
    page = hr.get(url).content.decode()  # as where no script runs
    assert "Only one photo" in page
    assert "<html" in page
    assert url in hr.get(reverse("admin:people_person_change", args=[ann.pk])).content.decode()
    assert auditor.get(url).status_code == 403
    assert hr.get(reverse("calibration:person", args=[10**6])).status_code == 404


def unit_at(angle: float) -> Vector:
    vector = np.zeros(128, dtype=np.float32)
    vector[:2] = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return vector
