"""manage.py calibrate and check_promise: what they keep, show and refuse."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from pytest_django import Settings

from people.models import (
    EmbeddingModel,
    FaceEmbedding,
    FaceImage,
    FaceImageState,
    Gallery,
    Person,
)
from people.vectors import Vector
from recognition import thresholds
from recognition.evaluation.photo_sets import Embedder
from recognition.models import Acceptance
from tests.recognition.calibration.crowds import vectors


def run(*arguments: str, command: str = "calibrate") -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command(command, *arguments, "--json", stdout=out, stderr=StringIO())
    except SystemExit as stop:
        return int(str(stop.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Callable[..., str]:
    """folder(people, photos): a tree whose photos have the vectors of a synthetic crowd."""
    known: dict[str, Vector] = {}

    def vectors_of(_self: Embedder, photo: Path, uses: Any) -> Vector:
        found: Vector = known[photo.parent.name][int(photo.stem)]
        return found

    monkeypatch.setattr(Embedder, "vectors_of", vectors_of)

    def make(people: int, photos: int, seed: int = 0) -> str:
        root = tmp_path / f"set-{seed}-{people}"
        for name, rows in vectors(people, photos, seed=seed).items():
            known[name] = rows
            (root / name).mkdir(parents=True)
            for number in range(photos):
                (root / name / f"{number}.jpg").write_text(f"{name} {number}")
        return str(root)

    return make


def enrol_crowd(model: EmbeddingModel, people: int, photos: int, gallery: Gallery) -> None:
    for name, rows in vectors(people, photos, seed=9).items():
        person = Person.objects.create(full_name=name)
        person.galleries.add(gallery)
        for number, row in enumerate(rows):
            image = FaceImage.objects.create(
                person=person, width=9, height=9, sha256=f"{name}-{number}",
                source="command", state=FaceImageState.READY,
            )  # fmt: skip
            FaceEmbedding.objects.create(image=image, model=model, vector=row[0])


def test_the_curve_is_kept_with_where_it_comes_from(folder: Callable[..., str]) -> None:
    code, said = run("--folder", folder(150, 4))
    assert code == 0
    model = EmbeddingModel.objects.current()
    assert said["kept"] is True
    assert model.calibration == said["calibration"]
    calibration = thresholds.calibration_of(model)
    assert [s["frames"] for s in calibration.sets] == [1, 3]
    assert {s["template_photos"] for s in calibration.sets} == {"1 to 5"}
    first = calibration.sets[0]
    assert (first["people"], first["photos"]) == (150, 600)
    assert first["comparisons"] == 600 * 149
    assert calibration.measured_on
    assert calibration.code
    assert "resamples of people" in calibration.method
    assert model.calibration["curve"][0][0] == pytest.approx(1e-2)
    assert not calibration.is_own


def test_a_dry_run_changes_nothing(folder: Callable[..., str]) -> None:
    before = EmbeddingModel.objects.current().calibration
    code, said = run("--folder", folder(150, 2), "--dry-run", "--fpir", "0.02")
    assert (code, said["kept"]) == (0, False)
    assert EmbeddingModel.objects.current().calibration == before
    assert not Acceptance.objects.exists()


def test_the_gallery_is_a_set_of_its_own_people(model: EmbeddingModel) -> None:
    office = Gallery.objects.create(name="Office")
    enrol_crowd(model, 40, 3, office)
    code, said = run("--gallery", "office", "--fmr", "1e-3", "--fpir", "0.05")
    assert code == 0, said
    model.refresh_from_db()
    assert model.calibration["calibrated"] is True
    assert model.calibration["source"] == "the gallery Office"
    assert Acceptance.objects.get().verify_fmr == pytest.approx(1e-3)


def test_of_folder_and_gallery_the_stricter_counts(
    model: EmbeddingModel, folder: Callable[..., str]
) -> None:
    enrol_crowd(model, 40, 3, Gallery.objects.create(name="Office"))
    path = folder(200, 2)
    options = ("--fmr", "1e-3", "--fpir", "0.05", "--dry-run")
    both, one, other = (
        run(*where, *options)[1]["calibration"]["curve"]
        for where in (("--folder", path, "--gallery"), ("--folder", path), ("--gallery",))
    )
    assert np.all(
        np.array(both)[:, 1] <= np.minimum(np.array(one)[:, 1], np.array(other)[:, 1]) + 1e-3
    )


@pytest.mark.parametrize(
    ("people", "photos", "sentence"),
    [(12, 3, "at least 30 are needed"), (35, 1, "too small to state")],
)
def test_too_few_people_are_refused_and_nothing_is_kept(
    folder: Callable[..., str], people: int, photos: int, sentence: str
) -> None:
    before = EmbeddingModel.objects.current().calibration
    code, said = run("--folder", folder(people, photos), "--fmr", "1e-6")
    assert code == 2
    assert said["error"]["code"] == "sample_too_small"
    assert sentence in said["error"]["message"]
    assert EmbeddingModel.objects.current().calibration == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "no_set"),
        (("--folder", "nowhere/at/all"), "folder_missing"),
        (("--gallery", "Nowhere"), "gallery_unknown"),
        (("--gallery", "--fmr", "0.5"), "rate_out_of_range"),
    ],
)
@pytest.mark.usefixtures("db")
def test_a_bad_question_is_a_sentence(arguments: tuple[str, ...], code: str) -> None:
    status, said = run(*arguments)
    assert (status, said["error"]["code"]) == (2, code)


@pytest.mark.usefixtures("db")
def test_what_the_environment_fixes_is_not_changed_here(settings: Settings) -> None:
    settings.RECOGNIZE_FPIR = 0.02
    status, said = run("--gallery", "--fpir", "0.05")
    assert (status, said["error"]["code"]) == (2, "set_by_environment")


def test_the_table_is_for_people(folder: Callable[..., str]) -> None:
    out = StringIO()
    call_command("calibrate", "--folder", folder(150, 3), "--dry-run", stdout=out)
    text = out.getvalue()
    assert "comparisons between different people" in text
    assert "verify (1:1)" in text
    assert "1,000 people" in text
    assert "Nothing was changed" in text


def test_a_promise_that_holds_is_exit_code_zero(folder: Callable[..., str]) -> None:
    arguments = ("--sizes", "20", "80", "--splits", "3", "--hold-out", "0.5")
    code, said = run(folder(600, 2), *arguments, command="check_promise")
    assert code == 0, said
    assert [one["people"] for one in said["checks"]] == [20, 80]
    for one in said["checks"]:
        assert one["low"] <= one["measured"] <= one["high"]


def test_people_of_another_kind_break_the_promise(
    folder: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fitted on people who are all unlike, and met by people who are all alike."""
    from tests.recognition.calibration import crowds

    others = folder(200, 2, 1)
    monkeypatch.setattr(crowds, "SPREAD", crowds.SPREAD * (np.arange(128) < 25))
    path = folder(300, 2, 2)
    arguments = ("--others", others, "--hold-out", "0", "--sizes", "100", "--splits", "2")
    code, said = run(path, *arguments, command="check_promise")
    assert code == 1
    assert said["checks"][0]["measured"] > said["checks"][0]["high"]


def test_a_check_without_people_to_fit_on_is_refused(folder: Callable[..., str]) -> None:
    code, said = run(folder(40, 1), "--hold-out", "0", command="check_promise")
    assert (code, said["error"]["code"]) == (2, "no_set")
    code, said = run(folder(50, 1), command="check_promise")
    assert (code, said["error"]["code"]) == (2, "too_few")
