"""Erasing somebody from the admin leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from people.models import FaceEmbedding, FaceImage, Person, Template
from tests.fixtures import Enrol

LIST = reverse("admin:people_person_changelist")
OnCommit = Callable[..., Any]


def erase_url(person: Person) -> str:
    return reverse("admin:people_person_delete", args=[person.pk])


@pytest.fixture
def ann(enrol: Enrol) -> Person:
    return enrol("Ann", 10, 12, 14)


def test_the_confirmation_says_what_will_go(hr: Client, ann: Person) -> None:
    html = hr.get(erase_url(ann)).content.decode()
    assert "Erase Ann?" in html
    assert "<b>3</b> photos" in html
    assert "<b>3</b> vectors" in html
    assert Person.objects.exists()


def test_erasing_removes_rows_vectors_and_files_and_says_so(
    hr: Client, ann: Person, photos_dir: Path, django_capture_on_commit_callbacks: OnCommit
) -> None:
    assert len(list(photos_dir.glob("*/*.jpg"))) == 3
    with django_capture_on_commit_callbacks(execute=True):
        response = hr.post(erase_url(ann), follow=True)
    html = response.content.decode()
    assert "Ann is erased. Removed: 3 photos with file, 3 vectors of them, 1 template." in html
    assert not any(model.objects.exists() for model in (Person, FaceImage, FaceEmbedding, Template))
    assert not list(photos_dir.glob("*/*.jpg"))


def test_the_history_forgets_the_name(hr: Client, ann: Person) -> None:
    hr.post(reverse("admin:people_person_change", args=[ann.pk]), {"full_name": "Ann Other"})
    assert LogEntry.objects.filter(object_repr="Ann Other").exists()
    hr.post(erase_url(ann))
    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {"Erased person"}


def test_several_people_are_erased_after_one_confirmation(
    hr: Client, ann: Person, enrol: Enrol, photos_dir: Path,
    django_capture_on_commit_callbacks: OnCommit,
) -> None:  # fmt: skip
    bob = enrol("Bob", 90)
    chosen = {"action": "erase_selected", "_selected_action": [ann.pk, bob.pk]}
    assert "Erase 2 people?" in hr.post(LIST, chosen).content.decode()
    assert Person.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        hr.post(LIST, chosen | {"confirmed": "1"})
    assert not Person.objects.exists()
    assert not list(photos_dir.glob("*/*.jpg"))


def test_the_usual_bulk_deletion_is_not_offered(root: Client, ann: Person) -> None:
    root.post(LIST, {"action": "delete_selected", "_selected_action": [ann.pk], "post": "yes"})
    assert Person.objects.exists()


def test_erasing_needs_its_own_permission(auditor: Client, ann: Person) -> None:
    assert auditor.get(erase_url(ann)).status_code == 403
    assert auditor.post(erase_url(ann)).status_code == 403
    assert Person.objects.exists()


def test_somebody_erased_meanwhile_is_said_to_be_gone(hr: Client, ann: Person) -> None:
    url = erase_url(ann)
    hr.post(url)
    assert hr.post(url).status_code == 404


def test_too_many_people_are_not_erased_at_once(
    hr: Client, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("people.admin.erasing.AT_ONCE", 0)
    chosen = {"action": "erase_selected", "_selected_action": [ann.pk], "confirmed": "1"}
    assert "Erase at most 0 people" in hr.post(LIST, chosen, follow=True).content.decode()
    assert Person.objects.exists()
