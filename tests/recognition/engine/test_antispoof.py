"""The anti-spoofing networks: fetched as they were pinned, or not at all, and of use."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from people.images import decode
from recognition.engine import Box, Engine, WeightsMissing, WeightsUnavailable, weights
from recognition.engine.antispoof import AntiSpoof
from recognition.engine.fetch import fetch_option


@pytest.fixture
def fetched(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    fetch_option(tmp_path, "pad", source=shared_data("models"))
    return tmp_path


def test_they_are_taken_from_a_folder_and_verified(fetched: Path) -> None:
    assert weights.check_option(fetched, "pad").complete
    assert {path.name for path in (fetched / weights.WEIGHTS).iterdir()} == {
        file.name for file in weights.PAD
    }


def test_other_bytes_are_not_taken(tmp_path: Path) -> None:
    for file in weights.PAD:
        (tmp_path / file.name).write_bytes(b"something else")
    with pytest.raises(WeightsUnavailable, match="pinned"):
        fetch_option(tmp_path / "models", "pad", source=tmp_path)
    assert not weights.has_pad(tmp_path / "models")


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="cannot be read"):
        fetch_option(tmp_path / "models", "pad", source=tmp_path)


def test_an_altered_network_is_not_used(fetched: Path) -> None:
    (fetched / weights.PAD_WIDE).chmod(0o600)
    (fetched / weights.PAD_WIDE).write_bytes(b"altered")
    photo = np.zeros((100, 100, 3), np.uint8)
    with pytest.raises(WeightsMissing):
        AntiSpoof(models_dir=fetched).score(photo, Box(20, 20, 50, 50))


def test_faces_score_higher_than_pictures_of_faces(
    fetched: Path, engine: Engine, shared_data: Callable[[str], Path]
) -> None:
    antispoof = AntiSpoof(models_dir=fetched)
    scores = {}
    for kind in ("live", "spoof"):
        photos = [
            decode(path.read_bytes()).pixels
            for path in sorted((shared_data("spoof") / kind).iterdir())[:6]
        ]
        scores[kind] = [antispoof.score(photo, engine.faces(photo)[0].box) for photo in photos]
    assert np.median(scores["live"]) > 0.65 > np.median(scores["spoof"])
