"""Fixtures about people and faces; `conftest.py` registers them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from pytest_django import Settings

from people.models import EmbeddingModel, FaceImage, FaceImageSource, Gallery, Person
from people.services import enrol_photo
from people.storage import MARKER, PrivateStorage
from recognition.enrolment import embed_images
from tests.faces import FakeEngine, photo_of

Enrol = Callable[..., Person]


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hashing that is slow on purpose would be most of the time of the tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    """What a process has counted is of the test before."""
    caches["process"].clear()


@pytest.fixture(autouse=True)
def photos_dir(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Path]:
    """Photos of a test live and go with it; rows without a file may be made before the first."""
    folder = settings.PHOTOS_DIR = tmp_path.with_name(f"{tmp_path.name}-photos")
    options = {**settings.STORAGES["photos"]["OPTIONS"], "location": settings.PHOTOS_DIR}
    field = FaceImage._meta.get_field("file")
    monkeypatch.setattr(field, "storage", PrivateStorage(**options))
    folder.mkdir(mode=0o700)
    (folder / MARKER).touch()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    for module in (
        "recognition.enrolment",
        "recognition.services",
        "recognition.runtime",
        "recognition.liveness.checking",
    ):
        monkeypatch.setattr(f"{module}.engine_for", lambda _model: engine)
    return engine


@pytest.fixture
def model(db: None) -> EmbeddingModel:
    """The active model, with thresholds at round angles: 45°, 60° and 90°.

    Its calibration is so lenient that these bounds are what counts, up to 10,000 people.
    """
    model = EmbeddingModel.objects.current()
    model.recognize_threshold = 0.765
    model.verify_threshold = 1.0
    model.outlier_threshold = 1.414
    model.calibration = {"source": "Round angles", "curve": [[1e-2, 1.4], [1e-4, 1.2], [1e-6, 0.8]]}
    model.save()
    return model


@pytest.fixture
def enrol(fake_engine: FakeEngine, model: EmbeddingModel) -> Enrol:
    """enrol("Ann", 10, 12, gallery=...): a person whose photos at these angles are settled."""

    def enrol(name: str, *angles: float, gallery: Gallery | None = None) -> Person:
        person = Person.objects.create(full_name=name)
        if gallery is not None:
            person.galleries.add(gallery)
        for number, angle in enumerate(angles):
            stored = enrol_photo(
                person=person,
                data=photo_of(angle, variant=number),
                source=FaceImageSource.ADMIN,
            )
            assert stored.image is not None
            embed_images([stored.image.pk])
        return person

    return enrol


@pytest.fixture
def chief(enrol: Enrol) -> Person:
    """Somebody whose account has admin rights."""
    person = enrol("Chief", 10)
    person.user = User.objects.create_user("chief", is_staff=True)
    person.save()
    return person
