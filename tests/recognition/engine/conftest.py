"""The real networks on the demo photos that `fetch_models` brings. Absent, tests are skipped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from people.images import decode
from recognition.engine import DEFAULT_RECIPE, Engine, Pixels, weights
from recognition.engine.quantize import quantize
from recognition.engine.recipe import YUNET


@pytest.fixture(scope="session")
def models_dir() -> Path:
    folder: Path = settings.MODELS_DIR
    report = weights.check(folder)
    if not report.complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    return folder


@pytest.fixture(scope="session")
def engine(models_dir: Path) -> Engine:
    return Engine(models_dir=models_dir, threads=1)


@pytest.fixture(scope="session")
def yunet(with_yunet: Path) -> Engine:
    return Engine(models_dir=with_yunet, recipe=replace(DEFAULT_RECIPE, detector=YUNET))


@pytest.fixture(scope="session", params=["engine", "yunet"])
def any_detector(request: pytest.FixtureRequest) -> Engine:
    """What holds for one detector holds for the other."""
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def eight_bits_file(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FaceNet at eight bits, made once for all tests."""
    made = tmp_path_factory.mktemp("eight") / weights.FACENET_INT8
    made.write_bytes(quantize(models_dir / weights.FACENET))
    return made


@pytest.fixture(scope="session")
def demo_photos(models_dir: Path) -> list[Pixels]:
    """One clear photo of each demo person."""
    people = sorted((models_dir / "demo" / "val").iterdir())
    if not people:
        pytest.skip("there are no demo photos: run manage.py fetch_models")
    return [decode(sorted(person.glob("*"))[2].read_bytes()).pixels for person in people]


@pytest.fixture(scope="session")
def portrait(demo_photos: list[Pixels]) -> Pixels:
    return demo_photos[0]


@pytest.fixture(scope="session")
def lfw_people(shared_data: Callable[[str], Path]) -> list[Pixels]:
    """The first photo of every sixth person, 250×250."""
    people = sorted(folder for folder in shared_data("lfw_people").iterdir() if folder.is_dir())
    return [decode(sorted(folder.glob("*.jpg"))[0].read_bytes()).pixels for folder in people[::6]]


def beside(*photos: Pixels) -> Pixels:
    """Photos side by side on black."""
    height = max(photo.shape[0] for photo in photos)
    padded = [np.pad(photo, ((0, height - photo.shape[0]), (0, 0), (0, 0))) for photo in photos]
    return np.concatenate(padded, axis=1)


def shrunk(photo: Pixels, times: int) -> Pixels:
    """Smaller by a whole factor, each pixel the mean of a square."""
    height, width = (side // times * times for side in photo.shape[:2])
    blocks = photo[:height, :width].reshape(height // times, times, width // times, times, 3)
    return np.asarray(blocks.mean(axis=(1, 3)), np.uint8)


def blurred(photo: Pixels, sigma: float) -> Pixels:
    """A Gaussian blur of this standard deviation, in pixels."""
    reach = int(3 * sigma)
    weights_ = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel = weights_ / weights_.sum()
    result = photo.astype(np.float32)
    for axis in (0, 1):
        result = np.apply_along_axis(
            lambda line: np.convolve(np.pad(line, reach, "edge"), kernel, "valid"), axis, result
        )
    return result.astype(np.uint8)
