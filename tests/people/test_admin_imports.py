"""Bulk import by upload: the form, the progress, the report."""

import io
import zipfile

import pytest
from django.test import Client
from django.urls import reverse

from people.imports import work_off
from people.models import ImportRun
from recognition.enrolment import embed_images
from tests.faces import FakeEngine, photo_of, photo_without_face
from tests.pages import upload

ADD = reverse("admin:people_importrun_add")


def at(view: str, run: ImportRun) -> str:
    return reverse(f"admin:people_importrun_{view}", args=[run.pk])


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in files.items():
            file.writestr(name.replace("__", "/") + ".png", data)
    return out.getvalue()


@pytest.fixture
def run(hr: Client, fake_engine: FakeEngine) -> ImportRun:
    data = archive(
        Ann__1=photo_of(10), Ann__2=photo_of(12), Bob__1=photo_without_face(), Bob__2=b"no"
    )
    response = hr.post(ADD, {"archive": upload(data, "staff.zip")})
    run = ImportRun.objects.get()
    assert response.headers["Location"] == at("change", run)
    return run


def test_an_upload_starts_an_import(hr: Client, run: ImportRun) -> None:
    assert (run.name, run.total, run.state) == ("staff.zip", 4, "running")
    assert run.started_by is not None
    html = hr.get(at("change", run)).content.decode()
    assert "0 of 4 files worked off" in html
    assert 'hx-trigger="every 1s"' in html


def test_the_report_says_what_became_of_each_photo(hr: Client, run: ImportRun) -> None:
    work_off(run_id=run.pk)
    assert "hx-trigger" in hr.get(at("progress", run)).content.decode()  # faces are still sought
    embed_images(list(run.images.values_list("pk", flat=True)))
    html = hr.get(at("progress", run)).content.decode()
    assert "hx-trigger" not in html
    assert "No face found." in html
    assert "Bob/2.png" in html
    assert 'value="100"' in html


def test_the_report_comes_as_csv(hr: Client, run: ImportRun) -> None:
    work_off(run_id=run.pk)
    embed_images(list(run.images.values_list("pk", flat=True)))
    response = hr.get(at("csv", run))
    assert response.headers["Content-Type"].startswith("text/csv")
    lines = response.content.decode().splitlines()
    assert lines[0] == "what,person or file,state,code,reason"
    assert sum(",ready," in line for line in lines) == 2
    assert sum(",refused," in line for line in lines) == 1


def test_a_name_is_no_formula_in_the_csv(hr: Client, run: ImportRun) -> None:
    run.refused = [{"name": "=1+1/x.png", "code": "c", "reason": "r"}]
    run.save()
    assert "'=1+1/x.png" in hr.get(at("csv", run)).content.decode()


def test_a_file_that_is_no_archive_is_a_fault_of_the_form(hr: Client) -> None:
    response = hr.post(ADD, {"archive": upload(b"not a zip", "x.zip")})
    assert "not a ZIP archive" in response.content.decode()
    assert not ImportRun.objects.exists()


def test_an_auditor_cannot_import(auditor: Client, run: ImportRun) -> None:
    assert auditor.get(ADD).status_code == 403
    assert auditor.get(at("change", run)).status_code == 403
    assert auditor.get(at("csv", run)).status_code == 403


def test_a_finished_import_is_not_changed_or_deleted(root: Client, run: ImportRun) -> None:
    delete = reverse("admin:people_importrun_delete", args=[run.pk])
    assert root.post(delete, {"post": "yes"}).status_code == 403
