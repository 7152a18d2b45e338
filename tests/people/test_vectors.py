import numpy as np
import pytest

from people.vectors import template_of, unit


def at(*degrees: float) -> np.ndarray:
    rad = np.radians(degrees)
    return np.stack([np.cos(rad), np.sin(rad)], axis=1).astype(np.float32)


def test_the_template_of_one_photo_is_its_embedding() -> None:
    assert template_of(at(30)) == pytest.approx(at(30)[0], abs=1e-6)


def test_the_template_of_two_photos_lies_between_them() -> None:
    assert template_of(at(0, 20)) == pytest.approx(at(10)[0], abs=1e-3)


def test_a_photo_that_does_not_belong_moves_the_template_little() -> None:
    photos = at(0, 2, 4, 6, 120)
    moved_mean = float(np.degrees(np.arctan2(*unit(photos.mean(axis=0))[::-1]))) - 3
    moved = float(np.degrees(np.arctan2(*template_of(photos)[::-1]))) - 3
    assert 0 <= moved < moved_mean / 3


def test_templates_have_unit_length() -> None:
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(7, 128)).astype(np.float32) + 1
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    assert np.linalg.norm(template_of(photos)) == pytest.approx(1, abs=1e-6)


def test_no_photos_make_no_template() -> None:
    with pytest.raises(ValueError, match="at least one"):
        template_of(np.zeros((0, 128), dtype=np.float32))
