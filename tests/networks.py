"""Fixtures: the networks that a system may do without. `conftest.py` registers them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from pytest_django import Settings

from recognition.engine import weights
from recognition.engine.fetch import fetch_option


@pytest.fixture(scope="session")
def with_dlib() -> Path:
    """The models folder, dlib's network in it. REQUIRE_DLIB=1 fetches it once, for good."""
    folder: Path = site_settings.MODELS_DIR
    if not weights.check(folder).complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    if "REQUIRE_DLIB" in os.environ:
        fetch_option(folder, "dlib")
    elif not weights.check_option(folder, "dlib").complete:
        pytest.skip("dlib's network is not there: run manage.py fetch_models --dlib")
    return folder


@pytest.fixture(scope="session")
def with_yunet(
    shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A models folder with YuNet in it, and the networks that are in the other one."""
    there: Path = site_settings.MODELS_DIR
    if not weights.check(there).complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    folder = tmp_path_factory.mktemp("networks")
    for file in [*weights.NETWORKS.values(), weights.DETECTOR, weights.FACE_MESH]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).symlink_to(there / file)
    own = weights.check_option(there, "yunet").complete
    fetch_option(folder, "yunet", source=there / weights.WEIGHTS if own else shared_data("models"))
    return folder


@pytest.fixture
def mesh_alone(settings: Settings, tmp_path: Path) -> Path:
    """The models folder in use: the mesh of a face and no other network."""
    mesh = settings.MODELS_DIR / weights.FACE_MESH
    if not mesh.exists():
        pytest.skip("the networks are not there: run manage.py fetch_models")
    folder = tmp_path / "mesh"
    folder.mkdir()
    (folder / weights.FACE_MESH).symlink_to(mesh)
    settings.MODELS_DIR = folder
    return folder
