"""manage.py finetune: what it registers, what it refuses, and what becomes of a registered head."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from people.models import EmbeddingModel, FaceEmbedding, FaceImage, Gallery, Person, Template
from people.vectors import Vector
from recognition import heads
from recognition.evaluation.photo_sets import Embedder
from recognition.finetuning.training import Epoch, Trained
from recognition.management.commands import finetune
from recognition.models import ProjectionHead
from recognition.reembedding import switching
from tests.recognition.finetuning.synthetic import people_of
from tests.recognition.reembedding.conftest import build

DIMENSIONS = 128
Folder = Callable[..., str]
TrainsTo = Callable[..., None]

# Keeps everything but the last direction, where the disturbance is; and the other way round.
WITHOUT_NUISANCE = np.diag(np.r_[np.ones(DIMENSIONS - 1), 0.01]).astype(np.float32)
NUISANCE_ALONE = np.diag(np.r_[np.full(DIMENSIONS - 1, 0.01), 1.0]).astype(np.float32)


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command("finetune", *arguments, "--json", stdout=out, stderr=StringIO())
    except SystemExit as stop:
        return int(str(stop.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """folder(people): a tree Name/photo.jpg whose vectors are disturbed in the last direction."""
    known: dict[str, Vector] = {}

    def vectors_of(_self: Embedder, photo: Path, _uses: Any) -> Vector:
        found: Vector = known[photo.parent.name][int(photo.stem)]
        return found

    monkeypatch.setattr(Embedder, "vectors_of", vectors_of)

    def make(count: int = 200, photos: int = 3) -> str:
        people = people_of(count, photos, nuisance=1.0, noise=0.05, dimensions=DIMENSIONS)
        for name, rows in people.items():
            known[name] = rows
            (tmp_path / "faces" / name).mkdir(parents=True)
            for number in range(photos):
                path = tmp_path / "faces" / name / f"{number}.jpg"
                path.write_bytes(f"{name} {number}".encode())
        return str(tmp_path / "faces")

    return make


@pytest.fixture
def trains_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TrainsTo:
    """trains_to(weights): what the training ends with, where how it gets there is beside the
    point."""

    def end_with(weights: Vector, best: int = 1) -> None:
        trained = Trained(weights, best, 0.5, (Epoch(1, 0.3, 9, 0.4),))
        monkeypatch.setattr(finetune, "train", lambda *_a, **_k: trained)

    return end_with


@pytest.fixture
def plot(tmp_path: Path) -> tuple[str, str]:
    return ("--plot", str(tmp_path / "training.png"))


def registered() -> EmbeddingModel:
    return EmbeddingModel.objects.exclude(state="active").get()


def test_a_better_head_becomes_a_model_that_answers_nothing_yet(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(WITHOUT_NUISANCE)
    code, said = run("--folder", folder(), "--seed", "7", *plot)
    assert code == 0, said
    new, head = registered(), ProjectionHead.objects.get()
    assert (str(new), new.state, new.calibration) == (said["registered"], "building", {})
    assert new.recipe["head"] == {"base": model.pk, "sha256": head.sha256}
    assert np.array_equal(heads.head_of(new.recipe).weights, WITHOUT_NUISANCE)
    assert EmbeddingModel.objects.current() == model
    facts = head.facts
    assert (facts["plan"]["seed"], facts["source"], facts["forced"]) == (7, "faces", False)
    assert facts["people"] == {
        "training": 128, "stopping": 32, "held_out": 40, "without_pair": 0,
    }  # fmt: skip
    assert {row["name"] for row in facts["figures"]} >= {"accuracy", "EER", "TMR at FMR 1e-03"}
    assert Path(plot[1]).read_bytes().startswith(b"\x89PNG")


def test_a_worse_head_is_not_registered(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(NUISANCE_ALONE)
    code, said = run("--folder", folder(), *plot)
    assert (code, said["registered"]) == (1, None)
    assert "EER of the people held out is worse" in said["objections"]
    assert not ProjectionHead.objects.exists()
    assert EmbeddingModel.objects.get() == model


def test_by_force_it_is_and_that_is_on_record(
    folder: Folder,
    trains_to: TrainsTo,
    model: EmbeddingModel,
    plot: tuple[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    trains_to(NUISANCE_ALONE)
    with caplog.at_level(logging.WARNING):
        code, _said = run("--folder", folder(), "--force", *plot)
    assert code == 0
    facts = ProjectionHead.objects.get().facts
    assert facts["forced"] is True
    assert facts["objections"]
    assert f"Model {registered().pk} registered by force" in caplog.text


def test_what_taught_nothing_is_not_registered(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(np.eye(DIMENSIONS, dtype=np.float32), best=0)
    code, said = run("--folder", folder(), *plot)
    assert (code, said["registered"]) == (1, None)
    assert "nothing was learnt" in said["objections"][0]


def test_a_dry_run_registers_nothing(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(WITHOUT_NUISANCE)
    code, said = run("--folder", folder(), "--dry-run", *plot)
    assert (code, said["registered"], said["objections"]) == (0, None, [])
    assert not ProjectionHead.objects.exists()


def test_the_same_head_is_not_registered_twice(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(WITHOUT_NUISANCE)
    path = folder()
    run("--folder", path, *plot)
    code, said = run("--folder", path, *plot)
    assert (code, said["error"]["code"]) == (2, "recipe_exists")
    assert EmbeddingModel.objects.count() == 2


def test_a_head_on_a_head_is_one_head_on_the_base(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    turn = np.roll(np.eye(DIMENSIONS, dtype=np.float32), 1, axis=0)
    under = heads.store(turn, facts={})
    EmbeddingModel.objects.create(
        name="turned", recipe=heads.recipe_of(base=model, head=under), dimensions=DIMENSIONS,
        recognize_threshold=0.5, verify_threshold=1, outlier_threshold=1.2,
    )  # fmt: skip
    trains_to(WITHOUT_NUISANCE)
    code, said = run("--folder", folder(), "--model", "turned", "--name", "both", *plot)
    assert code == 0, said
    both = EmbeddingModel.objects.get(name="both")
    assert both.recipe["head"]["base"] == model.pk
    assert heads.head_of(both.recipe).weights == pytest.approx(WITHOUT_NUISANCE @ turn)


def test_too_few_people_are_told_how_many_more_before_a_photo_is_embedded(
    folder: Folder, model: EmbeddingModel, monkeypatch: pytest.MonkeyPatch, plot: tuple[str, str]
) -> None:
    monkeypatch.setattr(finetune, "embed_people", Mock(side_effect=AssertionError))
    code, said = run("--folder", folder(60), *plot)
    assert (code, said["error"]["code"]) == (2, "too_few_people")
    assert "138 more people" in said["error"]["message"]


def test_people_whose_photos_turn_out_unusable_do_not_count(
    folder: Folder, model: EmbeddingModel, monkeypatch: pytest.MonkeyPatch, plot: tuple[str, str]
) -> None:
    monkeypatch.setattr(finetune, "embed_people", lambda *_a: {})
    code, said = run("--folder", folder(), *plot)
    assert (code, said["error"]["code"]) == (2, "too_few_people")
    assert "second photos of the 200 others" in said["error"]["message"]


def test_a_photo_that_cannot_be_read_is_named(
    folder: Folder, model: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: Embedder, photo: Path, _uses: Any) -> Vector:
        raise OSError(5, "Input/output error", str(photo))

    path = folder()
    monkeypatch.setattr(Embedder, "vectors_of", broken)
    code, said = run("--folder", path)
    assert (code, said["error"]["code"]) == (2, "file_unreadable")
    assert "P0/0.jpg cannot be read" in said["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--folder", "nowhere/at/all"), "folder_missing"),
        (("--people", "Nowhere"), "gallery_unknown"),
        (("--people",), "too_few_people"),
        (("--people", "--model", "nothing"), "model_unknown"),
        (("--people", "--plot", "picture.txt"), "plot_format"),
        (("--people", "--plot", "nowhere/at/all.png"), "folder_missing"),
    ],
)
@pytest.mark.usefixtures("model")
def test_a_bad_question_is_a_sentence(arguments: tuple[str, ...], code: str) -> None:
    status, said = run(*arguments)
    assert (status, said["error"]["code"]) == (2, code)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--margin", "0"), ("--margin", "nan"), ("--holdout", "0.9"), ("--epochs", "0"),
     ("--seed", "-1"), ("--folder", "here")],
)  # fmt: skip
def test_a_number_out_of_range_is_refused_at_once(arguments: tuple[str, ...]) -> None:
    source = () if not arguments else ("--people",)
    with pytest.raises(CommandError):
        call_command("finetune", *source, *arguments)


def test_a_retired_model_is_no_base(model: EmbeddingModel) -> None:
    EmbeddingModel.objects.create(
        name="old", recipe=model.recipe, dimensions=DIMENSIONS, state="retired",
        recognize_threshold=0.5, verify_threshold=1, outlier_threshold=1.2,
    )  # fmt: skip
    status, said = run("--people", "--model", "old")
    assert (status, said["error"]["code"]) == (2, "retired")


def enrol_everybody(model: EmbeddingModel, people: dict[str, Vector]) -> None:
    """With vectors, and without files: whoever looked for a photo would find none."""
    office = Gallery.objects.create(name="Office")
    persons = Person.objects.bulk_create(Person(full_name=name) for name in people)
    office.people.set(persons)
    images = FaceImage.objects.bulk_create(
        FaceImage(person=person, width=9, height=9, sha256=f"{person.pk}-{number}",
                  source="command", state="ready")
        for person, own in zip(persons, people.values(), strict=True) for number in range(len(own))
    )  # fmt: skip
    rows = np.concatenate([own[:, 0] for own in people.values()])
    FaceEmbedding.objects.bulk_create(
        FaceEmbedding(image=image, model=model, vector=row)
        for image, row in zip(images, rows, strict=True)
    )
    Template.objects.bulk_create(
        Template(person=person, model=model, vector=own[0, 0], photos=1)
        for person, own in zip(persons, people.values(), strict=True)
    )


def test_from_enrolled_people_to_vectors_without_a_photo(
    model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    """Trained in earnest, built from the stored vectors, and not activated uncalibrated."""
    people = people_of(200, 2, nuisance=1.5, noise=0.05, dimensions=DIMENSIONS)
    enrol_everybody(model, people)
    code, said = run("--people", "Office", "--epochs", "15", *plot)
    assert code == 0, said
    assert said["best_epoch"] > 0
    new = build(registered())
    head = heads.head_of(new.recipe)
    old, now = (
        np.stack(list(FaceEmbedding.objects.of(one).order_by("image_id").values_list(
            "vector", flat=True)))
        for one in (model, new)
    )  # fmt: skip
    assert now == pytest.approx(head.apply(old), abs=1e-5)
    assert not np.allclose(now, old, atol=1e-3)
    with pytest.raises(switching.CannotActivate) as refused:
        switching.activate(model=new)
    assert refused.value.code == "uncalibrated"


def test_an_altered_head_answers_nobody(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(WITHOUT_NUISANCE)
    run("--folder", folder(), *plot)
    heads._load.cache_clear()
    ProjectionHead.objects.update(weights=bytes(4 * DIMENSIONS**2))
    with pytest.raises(heads.HeadMissing):
        heads.head_of(registered().recipe)


def test_the_table_is_for_people(
    folder: Folder, trains_to: TrainsTo, model: EmbeddingModel, plot: tuple[str, str]
) -> None:
    trains_to(WITHOUT_NUISANCE)
    out = StringIO()
    call_command("finetune", "--folder", folder(), *plot, stdout=out)
    text = out.getvalue()
    assert "128 people (384 photos) teach, 32 (96) say when to stop, 40 (120) judge" in text
    assert "TMR at FMR 1e-03" in text
    assert "manage.py calibrate --model" in text
