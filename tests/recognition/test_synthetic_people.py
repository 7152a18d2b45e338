"""The made-up people of the benches: where they lie, and how they reach the database."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from people.models import EmbeddingModel, Gallery, Person, Template
from recognition import search
from recognition.evaluation import filling, footprint, population
from recognition.evaluation.filling import Maker
from recognition.evaluation.footprint import Footprint, Prices


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_templates_and_probes_have_unit_length(rng: np.random.Generator) -> None:
    typical = population.typical(rng)
    people = typical.people(50, rng)
    for vectors in (typical.templates(people, rng), typical.probes(people, rng)):
        assert vectors.shape == (50, 128)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_probe_is_nearer_to_its_person_than_to_a_stranger(rng: np.random.Generator) -> None:
    typical = population.typical(rng)
    people = typical.people(400, rng)
    templates, probes = typical.templates(people, rng), typical.probes(people, rng)
    distances = np.linalg.norm(probes[:, None] - templates[None], axis=2)
    assert (distances.argmin(axis=1) == np.arange(400)).mean() > 0.98
    own = np.median(np.diag(distances))
    assert 0.5 < own < 0.65  # as FaceNet's are, with three photos enrolled


def test_they_vary_along_about_fifty_directions(rng: np.random.Generator) -> None:
    assert 45 < population.typical(rng).effective_dimensions < 50


def test_a_population_is_found_again_from_its_photos(rng: np.random.Generator) -> None:
    typical = population.typical(rng)
    people = typical.people(1500, rng)
    photos = np.concatenate([typical.probes(people, rng) for _ in range(3)])
    found = population.fitted(photos, [f"P{number % 1500}" for number in range(len(photos))])
    was, is_ = population.spectrum(typical), population.spectrum(found)
    assert is_["who_directions"] == pytest.approx(was["who_directions"], abs=3)
    # Made unit length, everybody moves a little nearer to the centre.
    assert found.effective_dimensions == pytest.approx(typical.effective_dimensions, rel=0.1)
    for key in ("who", "today", "mean_length"):
        assert is_[key] == pytest.approx(was[key], rel=0.25)


def test_too_few_photos_say_so(rng: np.random.Generator) -> None:
    photos = population.typical(rng).people(40, rng)
    with pytest.raises(ValueError, match="256 people"):
        population.fitted(photos, [str(number % 20) for number in range(40)])


def test_filling_stores_what_was_made(db: None, rng: np.random.Generator) -> None:
    maker = Maker(population.typical(rng), seed=1)
    model = filling.a_model("made", 128)
    ids = filling.fill(model, maker, 30)
    stored = Template.objects.of(model).order_by("person_id").values_list("person_id", "vector")
    assert [pk for pk, _vector in stored] == ids
    assert np.stack([vector for _pk, vector in stored]) == pytest.approx(maker.so_far())
    gallery = Gallery.objects.create(name="Made")
    filling.add_to_gallery(gallery, ids[:4])
    assert set(gallery.people.values_list("pk", flat=True)) == set(ids[:4])


def test_costs_follow_from_bytes_and_prices() -> None:
    measured = Footprint(template=600, template_keys=100, person=150, person_keys=150, index=600)
    (cost,) = footprint.costs(measured, 1e-3, Prices(0.01, 0.1, 0.02), [10_000_000])
    assert (cost.index_gb, cost.searched_gb, cost.machine_gb) == (6, 16, 32)
    assert cost.disk_gb == 2 * (16 + 3 * 7)
    assert cost.photos_gb == 6000
    assert cost.build_hours == pytest.approx(2.78, abs=0.01)
    assert cost.month == pytest.approx(32 * 730 * 0.01 + 74 * 0.1 + 6000 * 0.02)


def test_bytes_are_of_the_people_alone_whatever_else_is_in_the_tables(
    db: None, rng: np.random.Generator
) -> None:
    typical = population.typical(rng)
    few, others = filling.a_model("few", 128), filling.a_model("others", 128)
    filling.fill(others, Maker(typical, seed=1), 500)
    filling.fill(few, Maker(typical, seed=2), 100)
    with transaction.atomic():
        measured = footprint.measure(few, 100, index_bytes=60_000)
    assert 520 < measured.template < 1100  # a page is 8,192 bytes
    assert measured.index == 600


@pytest.mark.parametrize("share", ["0", "1.5", "all"])
def test_a_gallery_of_no_such_share_is_a_mistake_of_the_call(share: str) -> None:
    with pytest.raises(CommandError, match="is no share"):
        call_command("bench_search", "--galleries", share)


def test_bench_search_draws_and_leaves_nothing(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "search.svg"
    call_command(
        *("bench_search", "--people", "40", "90", "--probes", "6", "--galleries", "0.5"),
        *("--costs", "0.01", "0.1", "0.02", "--plot", str(picture), "--json"),
    )
    found = json.loads(capsys.readouterr().out)
    assert [row["people"] for row in found["rows"]] == [40, 90]
    assert found["rows"][0]["recall_mated"] == 1
    part = found["rows"][1]["galleries"][0]
    assert (part["share"], part["people"], part["recall_mated"]) == (0.5, 45, 1)
    bytes_of = found["rows"][1]["footprint"]
    assert bytes_of["template"] > 128 * 4
    assert min(bytes_of.values()) > 0
    assert [cost["people"] for cost in found["costs"]] == list(footprint.SIZES)
    assert found["exact_limit"] == search.EXACT_LIMIT
    assert "<svg" in picture.read_text()
    assert not Person.objects.exists()
    assert not Gallery.objects.exists()
    assert EmbeddingModel.objects.count() == 1


def test_bench_index_measures_each_graph_and_leaves_nothing(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    graphs = ("half:8:40", "single:8:40")
    call_command("bench_index", "--people", "90", "--probes", "6", "--json", "--graphs", *graphs)
    found = json.loads(capsys.readouterr().out)
    assert [row["graph"]["kind"] for row in found["rows"]] == ["half", "single"]
    assert [row["recall_mated"] for row in found["rows"]] == [1, 1]
    assert found["rows"][0]["mb"] < found["rows"][1]["mb"]
    assert not Person.objects.exists()
    assert EmbeddingModel.objects.count() == 1


@pytest.mark.parametrize("graph", ["half", "half:20", "double:20:200", "half:20:30", "half:a:b"])
def test_what_is_no_graph_is_a_mistake_of_the_call(graph: str) -> None:
    with pytest.raises(CommandError, match="is no graph"):
        call_command("bench_index", "--graphs", graph)
