"""The measurement of templates, on vectors whose answer is known."""

import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from people.vectors import Vector, unit
from recognition.engine import DEFAULT_RECIPE, Face, Pixels
from recognition.evaluation.photo_sets import Embedder, embed_people, photos_by_person
from recognition.evaluation.templates import Line, Question, evaluate
from tests.faces import FakeEngine, photo_of

FMR = 1e-2


def person(rng: np.random.Generator, photos: int, spread: float, uses: int = 2) -> Vector:
    """(photos, uses, 64): photos around one direction."""
    centre = rng.normal(size=64)
    rows = [unit((centre + spread * rng.normal(size=64)).astype(np.float32)) for _ in range(photos)]
    return np.repeat(np.stack(rows)[:, None], uses, axis=1)


def crowd(spread: float, people: int = 30) -> tuple[list[Vector], list[Vector]]:
    rng = np.random.default_rng(1)
    known = [person(rng, 10, spread) for _ in range(people)]
    return known, [person(rng, 3, spread, uses=1) for _ in range(100)]


def accepted(lines: Sequence[Line], photos: int, frames: int, method: str) -> float:
    (line,) = [
        one for one in lines if (one.photos, one.frames, one.method) == (photos, frames, method)
    ]
    assert line.rates[0] is not None
    return line.rates[0].accepted


def test_alike_photos_are_always_accepted() -> None:
    lines = evaluate(*crowd(0.1), Question(fmrs=[FMR], splits=2))
    assert {line.rates[0].accepted for line in lines if line.rates[0]} == {1.0}


def test_more_photos_and_more_frames_accept_more() -> None:
    lines = evaluate(*crowd(2.0), Question(fmrs=[FMR], splits=5))
    one = accepted(lines, 1, 1, "nearest photo")
    template = accepted(lines, 5, 1, "template")
    assert one < accepted(lines, 5, 1, "nearest photo") < template
    assert template < accepted(lines, 5, 3, "template")


def test_the_same_seed_gives_the_same_numbers() -> None:
    question = Question(fmrs=[FMR], splits=2, seed=7)
    first, second = (evaluate(*crowd(2.0), question) for _ in range(2))
    assert [line.as_json() for line in first] == [line.as_json() for line in second]


def test_comparisons_are_counted_for_one_split() -> None:
    lines = evaluate(*crowd(1.0), Question(photos=[5], frames=[1], fmrs=[FMR], splits=3))
    assert {line.genuine for line in lines} == {30 * 5}
    assert {line.impostor for line in lines} == {30 * 5 * 29 + 300 * 30}


def test_a_rate_that_the_impostors_cannot_show_is_not_given() -> None:
    lines = evaluate(*crowd(1.0), Question(photos=[5], frames=[1], fmrs=[1e-3, 1e-6], splits=2))
    for line in lines:
        common, rare = line.rates
        assert common is not None
        assert not common.indicative
        assert rare is None


def test_the_interval_holds_the_rate() -> None:
    (line, *_rest) = evaluate(*crowd(2.0), Question(fmrs=[FMR], splits=2))
    rate = line.rates[0]
    assert rate is not None
    assert 0 < rate.low < rate.accepted < rate.high < 1


def test_too_few_photos_are_refused() -> None:
    known, strangers = crowd(1.0, people=3)
    with pytest.raises(ValueError, match="8 photos"):
        evaluate([*known, known[0][:7]], strangers, Question())


class CountingEngine:
    """Two faces in each photo; the one at the centre is meant."""

    makes = DEFAULT_RECIPE.to_json()

    def __init__(self) -> None:
        self.looked = 0

    def faces(self, photo: Pixels) -> list[Face]:
        self.looked += 1
        central = FakeEngine().probe(photo).face
        aside = Face(
            box=type(central.box)(0, 0, 10, 10),
            landmarks=central.landmarks,
            confidence=1,
            crop=central.crop,
            quality=central.quality,
        )
        return [aside, central]

    def embed(self, faces: Sequence[Face], *, enrolled: bool = False) -> Vector:
        vector = np.zeros((len(faces), 128), dtype=np.float32)
        vector[:, int(enrolled)] = [1.0 if face.box.width > 10 else -1.0 for face in faces]
        return vector


def embedded(folder: Path, engine: CountingEngine, cache: Path | None) -> Vector:
    embedder = Embedder(engine, cache)  # type: ignore[arg-type]
    return embed_people(photos_by_person(folder), embedder, lambda: None)["Ann"]


def test_the_face_at_the_centre_counts_as_probe_and_as_enrolled(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann/1.png").write_bytes(photo_of(10))
    (tmp_path / "Ann/broken.png").write_bytes(b"x")
    vectors = embedded(tmp_path, CountingEngine(), None)
    assert vectors.shape == (1, 2, 128)
    assert vectors[0, 0, 0] == vectors[0, 1, 1] == 1.0


def test_vectors_are_kept_where_only_their_owner_can_go(tmp_path: Path) -> None:
    (tmp_path / "people/Ann").mkdir(parents=True)
    (tmp_path / "people/Ann/1.png").write_bytes(photo_of(10))
    engine, cache = CountingEngine(), tmp_path / "cache"
    first = embedded(tmp_path / "people", engine, cache)
    second = embedded(tmp_path / "people", engine, cache)
    assert engine.looked == 1
    assert np.array_equal(first, second)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
