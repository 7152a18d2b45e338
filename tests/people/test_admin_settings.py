"""Embedding models, accounts and galleries: who may change what."""

import pytest
from django.test import Client
from django.urls import reverse

from people.models import EmbeddingModel, Gallery
from recognition.devices import add_device
from recognition.models import Attempt
from tests.fixtures import Enrol

THRESHOLDS = {"recognize_threshold": "0.5", "verify_threshold": "0.6", "outlier_threshold": "1"}


def url(model: EmbeddingModel) -> str:
    return reverse("admin:people_embeddingmodel_change", args=[model.pk])


def test_hr_can_neither_see_nor_change_a_model(hr: Client, model: EmbeddingModel) -> None:
    assert hr.get(url(model)).status_code == 403
    assert hr.post(url(model), THRESHOLDS).status_code == 403
    model.refresh_from_db()
    assert model.verify_threshold == 1.0


@pytest.mark.parametrize(
    "page", ["people_embeddingmodel", "auth_user", "auth_group"]
)  # fmt: skip
def test_hr_has_no_settings(hr: Client, page: str) -> None:
    assert hr.get(reverse(f"admin:{page}_changelist")).status_code == 403
    assert reverse(f"admin:{page}_changelist") not in hr.get("/admin/").content.decode()


def test_thresholds_are_changed_by_those_who_may(root: Client, model: EmbeddingModel) -> None:
    assert root.post(url(model), THRESHOLDS).status_code == 302
    model.refresh_from_db()
    assert (model.recognize_threshold, model.verify_threshold) == (0.5, 0.6)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"recognize_threshold": "0.9"}, "1:N may not be looser than 1:1."),
        ({"recognize_threshold": "0"}, "A distance is larger than 0."),
        ({"outlier_threshold": "0.55"}, "This may not be below the 1:1 threshold."),
        ({"outlier_threshold": "3"}, "No two unit vectors are farther apart than 2."),
    ],
)
def test_thresholds_out_of_order_are_a_fault_of_the_form(
    root: Client, model: EmbeddingModel, fault: dict[str, str], sentence: str
) -> None:
    response = root.post(url(model), THRESHOLDS | fault)
    assert sentence in response.content.decode()
    model.refresh_from_db()
    assert model.verify_threshold == 1.0


def test_what_makes_vectors_cannot_be_edited(root: Client, model: EmbeddingModel) -> None:
    root.post(url(model), THRESHOLDS | {"name": "other", "dimensions": "3", "state": "retired"})
    model.refresh_from_db()
    assert (model.name, model.dimensions, model.state) == ("facenet128", 128, "active")


def test_nobody_deletes_a_model(root: Client, model: EmbeddingModel) -> None:
    delete = reverse("admin:people_embeddingmodel_delete", args=[model.pk])
    assert root.post(delete, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "page",
    ["people_gallery", "people_embeddingmodel", "people_importrun", "auth_user", "auth_group"],
)
def test_every_list_opens(root: Client, page: str) -> None:
    Gallery.objects.create(name="North")
    assert root.get(reverse(f"admin:{page}_changelist")).status_code == 200


def test_a_gallery_has_a_time_zone_that_exists(root: Client) -> None:
    add = reverse("admin:people_gallery_add")
    assert root.post(add, {"name": "North", "time_zone": "Europe/Berlin"}).status_code == 302
    refused = root.post(add, {"name": "South", "time_zone": "Middle/Earth"})
    assert "Use a time zone as in Europe/Berlin." in refused.content.decode()
    assert Gallery.objects.get().time_zone == "Europe/Berlin"


def test_devices_are_not_listed_as_users(root: Client) -> None:
    account = add_device(name="Front door", galleries=[]).device.account
    text = root.get(reverse("admin:auth_user_changelist")).content.decode()
    assert account.username not in text


def test_who_asked_is_shown_by_the_name_of_the_device(root: Client, enrol: Enrol) -> None:
    device = add_device(name="Front door", galleries=[]).device
    Attempt.objects.create(
        purpose="recognize",
        source="device",
        model=EmbeddingModel.objects.current(),
        outcome="unknown",
        threshold=0.8,
        frames=1,
        duration_ms=1,
        actor=device.account,
    )
    assert (
        "Front door" in root.get(reverse("admin:recognition_attempt_changelist")).content.decode()
    )
