"""A model of another network and detector: added, built, calibrated, activated, and back.

Real networks and faces, but where a file is missing or only a bound is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import load_command_class
from django.test import Client
from pytest_django import Settings

from people.errors import Refusal
from people.images import decode
from people.models import EmbeddingModel, FaceEmbedding, FaceImageSource, Person
from people.services import enrol_photo
from recognition import heads, health, services, thresholds
from recognition.engine import DEFAULT_RECIPE, weights
from recognition.engine.recipe import NETWORKS
from recognition.enrolment import embed_images
from recognition.models import AttemptSource
from recognition.reembedding import catalogue, runs, switching
from recognition.reembedding.switching import CannotActivate
from recognition.thresholds import NotCalibrated
from tests.recognition.reembedding.test_admin import ADD, RECIPE
from tests.recognition.reembedding.test_commands import run, run_json

OTHER = {"network": "dlib", "detector": "yunet"}
# As measured on Labeled Faces in the Wild, about.
CURVE = [[1e-2, 0.40], [1e-3, 0.35], [1e-4, 0.31], [1e-5, 0.27]]

pytestmark = pytest.mark.django_db


@pytest.fixture
def networks(with_dlib: Path, with_yunet: Path, settings: Settings) -> Path:
    settings.MODELS_DIR = with_yunet
    return with_dlib


@pytest.fixture
def no_optional(with_yunet: Path, settings: Settings, tmp_path: Path) -> None:
    """FaceNet and CenterFace are there, and nothing else."""
    (tmp_path / weights.WEIGHTS).mkdir(parents=True)
    for file in (weights.FACENET, weights.DETECTOR):
        (tmp_path / file).symlink_to(with_yunet / file)
    settings.MODELS_DIR = tmp_path


def photos_of(folder: Path, person: str, split: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted((folder / "demo" / split / person).glob("*"))]


def enrol(folder: Path, name: str) -> Person:
    person = Person.objects.create(full_name=name)
    for data in photos_of(folder, name, "train")[:3]:
        image = enrol_photo(person=person, data=data, source=FaceImageSource.ADMIN).image
        assert image is not None
        embed_images([image.pk])
    return person


def who(data: bytes) -> services.Result:
    return services.recognize(probe=[decode(data).pixels], source=AttemptSource.COMMAND)


def test_from_facenet_to_dlib_behind_yunet_and_back(networks: Path) -> None:
    names = ["Elton_John", "Jerry_Seinfeld", "Madonna"]
    people = {name: enrol(networks, name) for name in names}
    stranger = photos_of(networks, "Mindy_Kaling", "val")[0]
    code, added = run_json("add_model", "other", "--network", "dlib", "--detector", "yunet")
    assert (code, added["recipe"]["preprocessing"]) == (0, "raw")
    code, done = run_json("reembed", "other", "--here")
    assert (code, done["settled"], done["failed"], done["model_state"]) == (0, 9, 0, "ready")
    assert FaceEmbedding.objects.filter(model__name="other").count() == 9
    assert run_json("activate_model", "other")[1]["error"]["code"] == "uncalibrated"

    # By an override it answers nobody, whatever is near: its distances were never measured.
    assert run_json("activate_model", "other", "--override", "uncalibrated")[0] == 0
    with pytest.raises(NotCalibrated):
        who(photos_of(networks, "Madonna", "val")[0])
    EmbeddingModel.objects.filter(name="other").update(calibration={"curve": CURVE})

    for name, person in people.items():
        answer = who(photos_of(networks, name, "val")[0])
        assert (answer.model, answer.person and answer.person.pk) == ("other v1", person.pk)
    answer = who(stranger)
    assert (answer.outcome, answer.person) == ("unknown", None)
    # Nearer to somebody than FaceNet's bounds allow.
    assert answer.threshold < (answer.distance or 0) < 0.9
    enrol(networks, "Ben_Affleck")  # under both, while the other is ready

    code, back = run_json("rollback_model")
    assert (code, back["active"], back["missing_people"]) == (0, "facenet128 v1", 0)
    answer = who(photos_of(networks, "Ben_Affleck", "val")[0])
    assert (answer.model, answer.person and answer.person.name) == ("facenet128 v1", "Ben_Affleck")
    assert who(stranger).outcome == "unknown"


# --- Bounds ---------------------------------------------------------------------------------


def bounds(model: EmbeddingModel) -> tuple[float, float, float]:
    return model.verify_threshold, model.recognize_threshold, model.outlier_threshold


def own_bounds(network: str) -> tuple[float, float, float]:
    found = NETWORKS[network].bounds
    return found.verify, found.recognize, found.outlier


def test_another_network_begins_with_its_own_bounds_and_no_calibration(networks: Path) -> None:
    active = EmbeddingModel.objects.current()
    other = catalogue.add_model(name="other", changes={"network": "dlib"})
    assert bounds(other) == own_bounds("dlib")
    assert other.calibration == {}
    assert max(bounds(other)) < min(bounds(active)) / 1.5
    with pytest.raises(NotCalibrated):
        thresholds.for_verify(other)


def test_another_detector_keeps_the_bounds_that_the_operator_set(networks: Path) -> None:
    EmbeddingModel.objects.update(verify_threshold=0.9, recognize_threshold=0.8)
    other = catalogue.add_model(name="other", changes={"detector": "yunet"})
    assert bounds(other) == (0.9, 0.8, 1.1)


def test_facenet_beside_an_active_dlib_begins_with_its_own(networks: Path) -> None:
    dlib = catalogue.add_model(name="other", changes=OTHER)
    EmbeddingModel.objects.filter(state="active").update(state="ready")
    EmbeddingModel.objects.filter(pk=dlib.pk).update(state="active", verify_threshold=0.3,
                                                     recognize_threshold=0.3)  # fmt: skip
    assert bounds(catalogue.add_model(name="back", changes={"margin": 0.1})) == own_bounds(
        "facenet_weights"
    )
    assert catalogue.add_model(name="tight", changes={"network": "dlib"}).verify_threshold == 0.3


def test_a_head_on_dlib_has_dlibs_bounds(networks: Path) -> None:
    base = catalogue.add_model(name="other", changes=OTHER)
    head = heads.store(np.eye(128, dtype=np.float32), facts={})
    tuned = catalogue.add_recipe(name="tuned", recipe=heads.recipe_of(base=base, head=head))
    assert bounds(tuned) == own_bounds("dlib")


def test_a_distance_for_facenet_set_by_hand_does_not_open_the_door(
    networks: Path, settings: Settings
) -> None:
    other = catalogue.add_model(name="other", changes=OTHER)
    settings.VERIFY_THRESHOLD = settings.RECOGNIZE_THRESHOLD = 0.7
    assert thresholds.for_verify(other) == other.verify_threshold
    assert thresholds.for_recognize(other) == other.recognize_threshold


# --- Recipes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": "dlib", "preprocessing": "standardize"}, "one of raw"),
        ({"preprocessing": "raw"}, "one of standardize, deepface"),
        ({"network": "arcface"}, "one of facenet_weights, facenet_int8, dlib"),
        ({"detector": "retinaface"}, "one of centerface, yunet"),
        ({"network": "dlib", "dimensions": 512}, "can only be 128"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(catalogue.BadRecipe, match=said):
        catalogue.recipe_from(changes)


def test_a_recipe_takes_what_suits_its_network() -> None:
    assert asdict(catalogue.recipe_from(OTHER)) == {
        **asdict(DEFAULT_RECIPE), **OTHER, "preprocessing": "raw"
    }  # fmt: skip


def test_the_admins_form_adds_it_with_what_suits_the_network(root: Client, networks: Path) -> None:
    html = root.get(ADD).content.decode()
    assert "Dlib: another network" in html
    assert "YuNet: smaller and faster" in html
    root.post(ADD, {"name": "other", **RECIPE, **OTHER, "margin": "0", "preprocessing": ""})
    recipe = EmbeddingModel.objects.get(name="other").recipe
    assert recipe == {**asdict(catalogue.recipe_from(OTHER)), "name": "other"}


# --- Files that are missing -----------------------------------------------------------------


@pytest.mark.usefixtures("no_optional")
def test_the_admins_form_says_what_fetches_a_file_that_is_missing(root: Client) -> None:
    form = {"name": "other", **RECIPE, "network": "dlib", "preprocessing": ""}
    assert "manage.py fetch_models --dlib" in root.post(ADD, form).content.decode()
    assert EmbeddingModel.objects.count() == 1


@pytest.mark.usefixtures("no_optional")
@pytest.mark.parametrize("option", ["dlib", "yunet"])
def test_without_its_file_a_model_is_refused_with_the_command_that_fetches_it(option: str) -> None:
    key = "network" if option == "dlib" else "detector"
    for command in ("add_model", "reembed"):
        code, found = run_json(command, "other", f"--{key}", option)
        assert (code, found["error"]["code"]) == (2, "weights_missing")
        assert f"manage.py fetch_models --{option}" in found["error"]["message"]
    assert EmbeddingModel.objects.count() == 1


def test_a_model_whose_file_has_gone_is_not_built_activated_or_gone_back_to(
    networks: Path, settings: Settings, request: pytest.FixtureRequest
) -> None:
    other = catalogue.add_model(name="other", changes=OTHER)
    EmbeddingModel.objects.filter(pk=other.pk).update(state="ready", calibration={"curve": CURVE})
    other.refresh_from_db()
    switching.activate(model=other)
    switching.roll_back()
    request.getfixturevalue("no_optional")
    begin: Callable[[], object]
    for begin in (lambda: runs.start(model=other), switching.roll_back):
        with pytest.raises(Refusal, match="fetch_models --yunet") as refused:
            begin()
        assert refused.value.code == "weights_missing"
    other.refresh_from_db()
    with pytest.raises(CannotActivate, match="fetch_models --yunet"):
        switching.activate(model=other, overrides=sorted(switching.OVERRIDABLE))
    assert EmbeddingModel.objects.current().name == "facenet128"


def test_the_status_and_the_health_say_that_the_active_models_file_has_gone(
    networks: Path, request: pytest.FixtureRequest
) -> None:
    other = catalogue.add_model(name="other", changes=OTHER)
    EmbeddingModel.objects.filter(pk=other.pk).update(state="ready", calibration={"curve": CURVE})
    other.refresh_from_db()
    switching.activate(model=other)
    assert "Networks" not in run("status", "--wait", "0.1")[1]
    request.getfixturevalue("no_optional")
    code, said = run("status", "--wait", "0.1")
    assert code == 0
    assert "Networks   weights_missing: " in said
    assert "fetch_models --yunet" in said
    assert health.checks()["model"] == "weights_missing"


def test_help_names_networks_and_detectors_in_plain_words() -> None:
    text = load_command_class("recognition", "add_model").create_parser("", "add_model")
    said = " ".join(text.format_help().split())
    for words in ("FaceNet at eight bits", "Dlib: another network", "YuNet: smaller and faster"):
        assert words in said


def test_what_a_fetch_gives_is_said_as_json(networks: Path) -> None:
    code, said = run("fetch_models", "--check", "--dlib", "--yunet", "--json")
    assert (code, json.loads(said)["networks"]) == (0, 2)
