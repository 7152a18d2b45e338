"""Embedding models in the admin: added, re-embedded, activated, and back; by those who may."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from people.models import EmbeddingModel
from recognition.models import ModelChange, ReembeddingRun
from recognition.reembedding import runs, switching
from tests.fixtures import Enrol
from tests.pages import LogIn
from tests.recognition.reembedding.conftest import OtherEngine, build, work_off

ADD = reverse("admin:people_embeddingmodel_add")
RECIPE = {
    "network": "facenet_weights",
    "detector": "centerface",
    "margin": "-0.1",
    "align": "landmarks",
    "flip": "enrolment",
    "preprocessing": "standardize",
}


def at(view: str, model: EmbeddingModel, *more: str) -> str:
    return reverse(f"admin:people_embeddingmodel_{view}", args=[model.pk, *more])


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def post(client: Client, url: str, **data: object) -> str:
    """The page one lands on."""
    response = client.post(url, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def _staff(enrol: Enrol) -> None:
    for angle in (0, 60, 120):
        enrol(f"P{angle}", angle)


pytestmark = pytest.mark.usefixtures("_staff")


def test_a_model_is_added(root: Client, model: EmbeddingModel) -> None:
    post(root, ADD, name="tighter", **RECIPE)
    added = EmbeddingModel.objects.get(name="tighter")
    assert (added.state, added.recipe["margin"], added.calibration) == ("building", -0.1, {})
    assert added.recognize_threshold <= model.recognize_threshold


def test_the_same_recipe_again_is_refused(root: Client, model: EmbeddingModel) -> None:
    html = post(root, ADD, name="same", **{**RECIPE, "margin": "0"})
    assert "makes the very same vectors" in html
    assert EmbeddingModel.objects.count() == 1


def test_a_run_is_started_watched_paused_resumed_and_cancelled(
    root: Client, other: EmbeddingModel
) -> None:
    post(root, at("start", other), may_miss="0", rate_limit="")
    run = ReembeddingRun.objects.get()
    assert run.started_by is not None
    html = text(root, at("progress", other))
    assert "0 of 3 photos" in html
    assert 'hx-trigger="every 1s"' in html
    assert "Paused" in post(root, at("do", other, "pause"))
    assert "Resume" in text(root, at("progress", other))
    post(root, at("do", other, "resume"))
    run.refresh_from_db()
    assert run.state == "running"
    assert "stay, and a later run goes on" in text(root, at("confirm", other, "cancel"))
    post(root, at("confirm", other, "cancel"), may_miss="0")
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_a_bad_rate_is_an_error_of_the_field(root: Client, other: EmbeddingModel) -> None:
    html = post(root, at("start", other), may_miss="0", rate_limit="-1")
    assert "Photos a second" in html
    assert not ReembeddingRun.objects.exists()


def test_a_finished_run_is_watched_no_more(root: Client, other: EmbeddingModel) -> None:
    build(other)
    html = text(root, at("progress", other))
    assert "3 of 3 photos" in html
    assert "hx-trigger" not in html
    assert "Activate …" in html


def test_failures_are_listed_with_the_person(
    root: Client, other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.blind_to = {60}
    build(other)
    html = text(root, at("change", other))
    assert "Photos without a vector: 1" in html
    assert "P60" in html
    assert "No face found" in html


def test_who_kept_a_model_from_being_activated_is_named(
    root: Client, other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.blind_to = {60}
    work_off(runs.start(model=other, activate_when_done=True))
    other_engine.blind_to = set()
    html = text(root, at("progress", other))
    assert "1 people would be left without a vector" in html
    assert "has no vector under other v1" in html


def test_activated_and_rolled_back(root: Client, other: EmbeddingModel) -> None:
    build(other)
    assert "Activate other v1?" in text(root, at("confirm", other, "activate"))
    assert "other v1 is active" in post(root, at("confirm", other, "activate"), may_miss="0")
    assert "Roll back to facenet128 v1" in text(root, at("change", other))
    post(root, at("confirm", other, "rollback"), may_miss="0")
    assert EmbeddingModel.objects.current().name == "facenet128"
    kinds = ModelChange.objects.values_list("kind", "by__username")
    assert list(kinds) == [("rolled_back", "root-staff"), ("activated", "root-staff")]


def test_what_is_in_the_way_is_said_before_and_after(root: Client, other: EmbeddingModel) -> None:
    build(other)
    EmbeddingModel.objects.filter(pk=other.pk).update(calibration={})
    assert "no calibration" in text(root, at("confirm", other, "activate"))
    assert "no calibration" in post(root, at("confirm", other, "activate"), may_miss="0")
    assert EmbeddingModel.objects.current().name == "facenet128"
    post(root, at("confirm", other, "activate"), may_miss="0", overrides=["uncalibrated"])
    assert ModelChange.objects.get().overrides == ["uncalibrated"]


def test_retired(root: Client, other: EmbeddingModel) -> None:
    assert "Retire other v1?" in text(root, at("confirm", other, "retire"))
    post(root, at("confirm", other, "retire"), may_miss="0")
    other.refresh_from_db()
    assert other.state == "retired"
    assert "given up" in text(root, at("change", other))


def test_looking_changes_nothing(root: Client, other: EmbeddingModel) -> None:
    for url in (at("start", other), at("do", other, "pause")):
        root.get(url)
    for what in ("cancel", "activate", "rollback", "retire"):
        root.get(at("confirm", other, what))
    assert not ReembeddingRun.objects.exists()
    assert not ModelChange.objects.exists()


def test_what_is_not_there_is_not_found(root: Client, other: EmbeddingModel) -> None:
    assert root.get(at("confirm", other, "explode")).status_code == 404
    assert root.post(at("do", other, "explode")).status_code == 404
    missing = reverse("admin:people_embeddingmodel_progress", args=[10**9])
    assert root.get(missing).status_code == 404


@pytest.mark.parametrize("name", ["HR", "Auditor"])
def test_nobody_else_gets_near_it(log_in: LogIn, name: str, other: EmbeddingModel) -> None:
    client = log_in(name)
    runs.start(model=other)
    for url in (ADD, at("start", other), at("do", other, "pause"), at("confirm", other, "cancel"),
                at("confirm", other, "activate"), at("progress", other)):  # fmt: skip
        assert client.post(url, {"may_miss": "0"}).status_code == 403
    assert ReembeddingRun.objects.get().state == "running"


def test_whoever_only_sets_thresholds_sees_and_switches_nothing(
    log_in: LogIn, other: EmbeddingModel
) -> None:
    client = log_in()
    user = User.objects.get()
    names = ["view_embeddingmodel", "change_embeddingmodel"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    build(other)
    html = text(client, at("change", other))
    assert "Every photo is embedded" in html
    assert "Activate …" not in html
    assert client.post(at("confirm", other, "activate"), {"may_miss": "0"}).status_code == 403


def test_thresholds_can_still_be_changed(root: Client, model: EmbeddingModel) -> None:
    change = reverse("admin:people_embeddingmodel_change", args=[model.pk])
    post(root, change, recognize_threshold="0.5", verify_threshold="0.9", outlier_threshold="1.2")
    model.refresh_from_db()
    assert model.recognize_threshold == 0.5


def test_the_log_of_changes_is_only_read(root: Client, other: EmbeddingModel) -> None:
    change = switching.activate(model=build(other))
    listed = reverse("admin:recognition_modelchange_changelist")
    assert "other v1" in text(root, listed)
    url = reverse("admin:recognition_modelchange_change", args=[change.pk])
    assert root.post(url, {"missing": "7"}).status_code == 403
