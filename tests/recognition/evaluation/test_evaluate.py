"""manage.py evaluate: what it measures, prints, refuses and writes."""

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import ProgrammingError
from psycopg.errors import UndefinedTable

from people.models import EmbeddingModel, FaceImage, FaceImageState, Gallery
from recognition.evaluation.pair_sets import Photo, every_pair, from_folder
from recognition.reembedding.catalogue import add_model
from tests.faces import distance_of, photo_of_two
from tests.fixtures import Enrol
from tests.recognition.evaluation.conftest import AngleEngine, draw

pytestmark = pytest.mark.usefixtures("angles", "model")

NAMES = [f"P{number}" for number in range(9)]


def run(*args: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command("evaluate", *map(str, args), stdout=out, stderr=err, no_color=True)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue(), err.getvalue()


def measured(*args: object) -> dict[str, Any]:
    code, out, err = run(*args, "--json")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out)
    return found


def refused(*args: object) -> tuple[str, str]:
    """Code and sentence."""
    code, out, _err = run(*args, "--json")
    assert code == 2
    error = json.loads(out)["error"]
    return error["code"], error["message"]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Three folds of three pairs of each kind, of P0 to P8."""
    lines = ["3\t3"]
    for fold in (NAMES[0:3], NAMES[3:6], NAMES[6:9]):
        lines += [f"{name}\t1\t2" for name in fold]
        lines += [f"{fold[a]}\t1\t{fold[b]}\t2" for a, b in ((0, 1), (1, 2), (0, 2))]
    return written(tmp_path / "pairs.txt", *lines)


def written(file: Path, *lines: str) -> Path:
    file.write_text("\n".join(lines) + "\n")
    return file


def test_pairs_in_folds_are_measured_as_lfw_prescribes(pairs: Path, images: Path) -> None:
    found = measured("--pairs", pairs, "--images", images)
    assert (found["accuracy"], found["accuracy_stderr"]) == (1, 0)
    assert (found["auc"], found["eer"]) == (1, 0)
    assert (found["pairs"], found["genuine"], found["impostor"]) == (18, 9, 9)
    assert found["failed_to_enroll"] == 0
    assert found["model"] == "facenet128 v1"
    # Pairs of one person are 1° apart, of two 19° and more.
    assert distance_of(1) < found["threshold"] < distance_of(19)
    assert [fold["accuracy"] for fold in found["folds"]] == [1, 1, 1]
    assert "folds of the file" in found["accuracy_protocol"]


def test_every_rate_has_a_key_and_one_without_support_says_why(pairs: Path, images: Path) -> None:
    rates = measured("--pairs", pairs, "--images", images)["tmr_at_fmr"]
    assert list(rates) == ["0.01", "0.001", "0.0001", "0.00001"]
    assert rates["0.01"]["value"] is None
    assert "9 impostor comparisons cannot show" in rates["0.01"]["reason"]


def test_a_supported_rate_has_threshold_and_interval(images: Path) -> None:
    rate = measured("--folder", images)["tmr_at_fmr"]["0.01"]
    # Of 387 impostor pairs three may match.
    assert rate["false_matches"] <= 3
    assert rate["low"] <= rate["value"] <= rate["high"]
    assert rate["indicative"]
    assert rate["threshold"] < distance_of(18)


def test_the_threshold_comes_from_the_pairs_for_training(tmp_path: Path, images: Path) -> None:
    test = written(tmp_path / "test.txt", "1", "P0\t1\t2", "P0\t1\tP1\t1")
    train = written(tmp_path / "train.txt", "1", "P2\t1\t3", "P2\t1\tP5\t1")
    found = measured("--pairs", test, "--images", images, "--train", train)
    halfway = (distance_of(2) + distance_of(54)) / 2
    assert found["threshold"] == pytest.approx(halfway, abs=1e-3)
    # 18° is nearer than halfway: one of the two pairs is called wrong, and told by its line.
    assert found["accuracy"] == 0.5
    assert [(one["kind"], one["line"]) for one in found["worst"]] == [("false_match", 3)]
    assert "2 pairs for training" in found["accuracy_protocol"]


def test_without_folds_they_are_drawn_and_it_is_said(tmp_path: Path, images: Path) -> None:
    lines = [f"{name}\t1\t{number}" for name in NAMES for number in (2, 3)]
    lines += [f"{a}\t1\t{b}\t1" for a, b in pairwise(NAMES)]
    found = measured("--pairs", written(tmp_path / "own.txt", *lines), "--images", images)
    assert len(found["folds"]) == 8
    assert "8 folds drawn at random" in found["accuracy_protocol"]


def test_a_given_threshold_is_used(pairs: Path, images: Path) -> None:
    found = measured("--pairs", pairs, "--images", images, "--threshold", "1.9")
    assert (found["threshold"], found["accuracy"]) == (1.9, 0.5)


def test_a_pair_without_a_face_counts_as_different_and_is_reported(
    tmp_path: Path, images: Path
) -> None:
    lines = ["Zoe\t1\t3", "P0\t1\t2", "P1\t1\t2", "Zoe\t3\tP0\t1", "P0\t1\tP2\t1", "P1\t1\tP3\t1"]
    file = written(tmp_path / "own.txt", *lines)
    found = measured("--pairs", file, "--images", images, "--threshold", "0.1")
    assert found["failed_to_enroll"] == 1
    assert found["not_compared"] == 2
    assert found["not_compared_treated_as"] == "different"
    assert found["failed_to_enroll_photos"] == [
        {"photo": "Zoe/Zoe_0003.png", "reason": "no_face", "compared": False}
    ]
    assert found["accuracy"] == pytest.approx(5 / 6)


def test_a_damaged_photo_is_a_failure_to_enrol(tmp_path: Path, pairs: Path, images: Path) -> None:
    (images / "P0/P0_0001.png").write_bytes(b"no picture")
    found = measured("--pairs", pairs, "--images", images)
    assert found["failed_to_enroll_photos"] == [
        {"photo": "P0/P0_0001.png", "reason": "photo_wrong_type", "compared": False}
    ]


def test_no_error_among_few_pairs_promises_little(pairs: Path, images: Path) -> None:
    found = measured("--pairs", pairs, "--images", images)
    assert (found["eer"], found["eer_low"], found["auc"], found["auc_high"]) == (0, 0, 1, 1)
    nine = 1 - 0.05 ** (1 / 9)  # people, none of whom was seen to fail
    assert found["eer_high"] == pytest.approx(nine)
    assert found["auc_low"] == pytest.approx((1 - nine) ** 2)
    _code, out, _err = run("--pairs", pairs, "--images", images)
    assert "0.0 % (0.0–28.3)" in out


def test_one_to_many_that_is_left_out_says_why(images: Path, pairs: Path, tmp_path: Path) -> None:
    sentence = "1:N is left out: 10 people are too few. At least 20 are needed"
    page = tmp_path / "report.html"
    found = measured("--folder", images, "--report", page)
    assert found["identification"] == []
    assert sentence in found["notes"][0]
    assert sentence in page.read_text()
    assert sentence in run("--folder", images)[1]
    of_file = measured("--pairs", pairs, "--images", images)
    assert "as --folder and --gallery have them" in of_file["notes"][0]


def test_what_enrolment_would_refuse_is_a_failure_by_its_reason(images: Path) -> None:
    (images / "P5/P5_0001.png").write_bytes(photo_of_two())  # 90°, as P5 is
    found = measured("--folder", images)
    assert found["failed_to_enroll"] == 2
    assert found["failed_to_enroll_of"] == 30
    assert found["failed_to_enroll_by_reason"] == {"many_faces": 1, "no_face": 1}
    # A bystander is no reason not to compare: only the photo without a face is left out.
    assert found["not_compared"] == 29
    assert measured("--folder", images) == found  # from the cache
    _code, out, _err = run("--folder", images)
    assert "Failure to enrol: 2 of 30 photos (1 many_faces, 1 no_face)." in out
    assert "29 pairs count as “different”" in out


def test_rejected_photos_of_a_gallery_are_failures_to_enrol(enrol: Enrol, tmp_path: Path) -> None:
    office = Gallery.objects.create(name="Office")
    for index in range(3):
        enrol(f"Person {index}", 60 * index, 60 * index + 2, gallery=office)
    FaceImage.objects.filter(pk=FaceImage.objects.earliest("pk").pk).update(
        state=FaceImageState.REJECTED, reason_code="many_faces"
    )
    found = measured("--gallery", "Office")
    assert (found["photos"], found["failed_to_enroll"], found["failed_to_enroll_of"]) == (5, 1, 6)
    assert found["failed_to_enroll_by_reason"] == {"many_faces": 1}
    page = tmp_path / "report.html"
    _code, out, _err = run("--gallery", "Office", "--report", page)
    assert "Failure to enrol: 1 of 6 photos (1 many_faces)." in out
    assert "Failure to enrol: 1 of 6 photos (1 many_faces)." in page.read_text()
    assert "are in no pair" in page.read_text()


def test_a_person_who_cannot_be_found_in_a_photo_is_missed_in_one_to_many(images: Path) -> None:
    for number in range(10, 22):
        for photo in (1, 2):
            draw(images, f"Q{number}", photo, None)
    (found,) = measured("--folder", images)["identification"]
    assert found["mated_probes"] > 20
    assert found["in_use"]["fnir_at_rank"]["10"]["value"] > 0.3


def test_nothing_but_walls_is_refused(tmp_path: Path) -> None:
    for name in "AB":
        for number in (1, 2):
            draw(tmp_path / "walls", name, number, None)
    assert refused("--folder", tmp_path / "walls")[0] == "no_faces"


def test_the_second_photo_is_a_probe_only_at_the_door(pairs: Path, images: Path) -> None:
    alike = measured("--pairs", pairs, "--images", images)
    door = measured("--pairs", pairs, "--images", images, "--door")
    assert (alike["second_photo_as"], door["second_photo_as"]) == ("enrolled", "probe")
    # The fake engine turns enrolled faces by 5°: 1° apart becomes 4°.
    assert door["eer_threshold"] != pytest.approx(alike["eer_threshold"], abs=0.01)


def test_a_second_look_embeds_nothing(pairs: Path, images: Path, angles: AngleEngine) -> None:
    first = measured("--pairs", pairs, "--images", images)
    embedded = angles.embedded
    assert measured("--pairs", pairs, "--images", images) == first
    assert angles.embedded == embedded


def test_no_cache_keeps_nothing(pairs: Path, images: Path, tmp_path: Path) -> None:
    measured("--pairs", pairs, "--images", images, "--no-cache")
    assert not (tmp_path / "var").exists()


def test_a_folder_is_compared_with_itself_and_searched(images: Path) -> None:
    for number in range(10, 40):
        draw(images, f"Q{number}", 1, (number - 10) * 6)
    found = measured("--folder", images)
    assert found["photos"] == 60
    assert found["pairs"] == 60 * 59 // 2
    assert found["genuine"] == 30
    sizes = [one["gallery_size"] for one in found["identification"]]
    assert sizes == [10, 20]
    for one in found["identification"]:
        fnir = one["in_use"]["fnir_at_rank"]
        assert fnir["1"]["value"] >= fnir["5"]["value"] >= fnir["10"]["value"]
        assert one["in_use"]["fpir"]["low"] <= one["in_use"]["fpir"]["value"]


def test_a_sample_of_a_folder_is_the_same_for_the_same_seed(images: Path) -> None:
    one, same, other = (from_folder(images, max_pairs=50, seed=seed) for seed in (1, 1, 2))
    assert len(one) == 50
    assert one.drawn == 30 * 29 // 2
    assert int(one.same.sum()) == 25
    assert (one.first == same.first).all()
    assert (one.second == same.second).all()
    assert not (one.first == other.first).all()


def test_a_sample_holds_no_pair_twice_and_no_photo_with_itself(images: Path) -> None:
    sample = from_folder(images, max_pairs=200, seed=0)
    assert len({*zip(sample.first.tolist(), sample.second.tolist(), strict=True)}) == 200
    assert (sample.first != sample.second).all()


def test_people_with_one_photo_each_cannot_be_compared(tmp_path: Path) -> None:
    draw(tmp_path / "one", "A", 1, 10)
    draw(tmp_path / "one", "B", 1, 40)
    assert refused("--folder", tmp_path / "one")[0] == "too_few"
    assert refused("--folder", tmp_path / "none")[0] == "folder_missing"


def test_enrolled_people_are_measured_by_their_vectors(enrol: Enrol, angles: AngleEngine) -> None:
    office = Gallery.objects.create(name="Office")
    for index in range(3):
        enrol(f"Person {index}", 60 * index, 60 * index + 2, gallery=office)
    enrol("Elsewhere", 178, 180)
    before = angles.embedded
    found = measured("--gallery", "Office")
    assert (found["people"], found["photos"], found["pairs"]) == (3, 6, 15)
    assert found["genuine"] == 3
    assert found["eer"] == 0
    assert angles.embedded == before
    assert measured("--gallery")["people"] == 4


def test_who_is_inactive_is_not_measured(enrol: Enrol) -> None:
    for index in range(3):
        gone = enrol(f"Person {index}", 60 * index, 60 * index + 2)
    gone.is_active = False
    gone.save()
    assert measured("--gallery")["people"] == 2


def test_an_unknown_or_empty_gallery_is_refused() -> None:
    Gallery.objects.create(name="Empty")
    assert refused("--gallery", "Nowhere")[0] == "gallery_unknown"
    assert refused("--gallery", "Empty")[0] == "too_few"


def test_a_model_that_is_not_active_yet_can_be_measured(pairs: Path, images: Path) -> None:
    add_model(name="tighter", changes={"margin": -0.1})
    of_pairs = ("--pairs", pairs, "--images", images)
    assert measured(*of_pairs, "--model", "tighter")["model"] == "tighter v1"
    assert refused(*of_pairs, "--model", "nobody")[0] == "model_unknown"


def test_photos_in_files_need_no_database_that_is_set_up(
    pairs: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_queryset: object) -> EmbeddingModel:
        raise ProgrammingError from UndefinedTable()

    monkeypatch.setattr("people.querysets.EmbeddingModelQuerySet.current", missing)
    assert measured("--pairs", pairs, "--images", images)["model"] == "facenet128 v1"
    assert refused("--gallery")[0] == "database_not_set_up"


def test_the_pixel_baseline_stands_beside_it(pairs: Path, images: Path) -> None:
    found = measured("--pairs", pairs, "--images", images, "--baseline", "pixels")
    pixels = found["baselines"]["pixels"]
    assert set(pixels) >= {"accuracy", "auc", "eer", "threshold", "tmr_at_fmr", "not_compared"}
    assert 0 < pixels["threshold"] < 1


def test_groups_have_figures_of_their_own_and_a_gap(images: Path, tmp_path: Path) -> None:
    draw(images, "P8", 2, 100)  # far from their other photos, and near to P5's
    rows = [f"{name},{'even' if index % 2 == 0 else 'odd'}" for index, name in enumerate(NAMES)]
    labels = written(tmp_path / "groups.csv", "person,parity", *rows)
    (parity,) = measured("--folder", images, "--groups", labels, "--threshold", "0.1")["groups"]
    even, odd = parity["groups"]["even"], parity["groups"]["odd"]
    assert (even["people"], odd["people"], parity["unlabelled_people"]) == (5, 4, 1)
    assert even["fnmr"]["value"] == pytest.approx(2 / 15)
    assert odd["fnmr"]["value"] == 0
    assert parity["gap_fnmr"] == pytest.approx(2 / 15)
    assert even["fnmr"]["low"] <= even["fnmr"]["value"] <= even["fnmr"]["high"]


def test_photos_may_be_labelled_instead_of_people(images: Path, tmp_path: Path) -> None:
    rows = [f"{name}/{name}_000{n}.png,{'dim' if n < 3 else 'bright'}" for name in NAMES
            for n in (1, 2, 3)]  # fmt: skip
    labels = written(tmp_path / "groups.csv", "photo,light", *rows)
    (light,) = measured("--folder", images, "--groups", labels)["groups"]
    assert light["groups"]["dim"]["fnmr"]["comparisons"] == 9
    # Nine are too few to say anything.
    assert light["groups"]["dim"]["fnmr"]["value"] is None
    assert light["groups"]["bright"]["fnmr"]["comparisons"] == 0


@pytest.mark.parametrize(
    ("lines", "code", "part"),
    [
        (["name,sex", "P0,f"], "groups_malformed", "first line"),
        (["person", "P0"], "groups_malformed", "first line"),
        (["person,sex", "P0,f,1"], "groups_malformed", "line 2"),
        (["person,sex", "Nobody,f"], "groups_unknown", "“P0”"),
    ],
)
def test_bad_labels_are_refused(
    images: Path, tmp_path: Path, lines: list[str], code: str, part: str
) -> None:
    labels = written(tmp_path / "groups.csv", *lines)
    refusal = refused("--folder", images, "--groups", labels)
    assert refusal[0] == code
    assert part in refusal[1]


@pytest.mark.parametrize(
    "options",
    [
        ["--pairs", "p.txt"],
        ["--folder", "f", "--images", "i"],
        ["--folder", "f", "--train", "t"],
        ["--pairs", "p", "--images", "i", "--train", "t", "--threshold", "1"],
        ["--gallery", "--door"],
        ["--folder", "f", "--with-photos"],
    ],
)
def test_options_that_do_not_go_together_are_refused(options: list[str]) -> None:
    assert refused(*options)[0] == "options"


def test_a_missing_photo_is_refused_with_its_pair(pairs: Path, images: Path) -> None:
    (images / "P4/P4_0002.png").unlink()
    code, message = refused("--pairs", pairs, "--images", images)
    assert code == "photo_missing"
    assert "“P4 1” and “P4 2”" in message


def test_the_table_says_it_in_words(pairs: Path, images: Path) -> None:
    code, out, _err = run("--pairs", pairs, "--images", images)
    assert code == 0
    assert "18 pairs: 9 of one person, 9 of two; 18 photos of 9 people." in out
    assert "accuracy ± standard error  100.00 ± 0.00 %" in out
    assert "too few pairs" in out
    assert "Verify accepts below 1.000." in out
    assert "Failure to enrol: none of 18 photos." in out


def report_of(tmp_path: Path, images: Path, *options: str) -> str:
    """Of pairs that are all called wrong one way or the other."""
    file = written(tmp_path / "own.txt", "P0 1 2", "P1 1 2", "P0 1 P1 1", "P3 1 P4 1")
    page = tmp_path / "report.html"
    code, _out, err = run(
        "--pairs", file, "--images", images, "--threshold", "0.5", "--report", page, *options
    )
    assert (code, err) == (0, "")
    return page.read_text()


def test_a_report_shows_curves_and_no_person(tmp_path: Path, images: Path) -> None:
    page = report_of(tmp_path, images, "--baseline", "pixels")
    assert page.count("<svg") == 3
    assert "line 3: distance 0.313" in page
    assert "data:image" not in page
    for name in NAMES:
        assert f"{name}/" not in page
        assert f"{name}_0" not in page


def test_a_report_loads_nothing_and_runs_nothing(tmp_path: Path, images: Path) -> None:
    page = report_of(tmp_path, images)
    assert "<script" not in page
    assert "default-src 'none'" in page
    for outside in ('src="http', 'href="http', "url(http", "@import"):
        assert outside not in page


def test_a_report_with_photos_shows_who_was_mistaken(tmp_path: Path, images: Path) -> None:
    page = report_of(tmp_path, images, "--with-photos")
    assert page.count("data:image/jpeg;base64,") == 4
    assert "P0 (P0/P0_0001.png)" in page
    assert "Keep it as you keep the photos" in page


def test_a_report_is_read_by_its_owner_only(tmp_path: Path, images: Path) -> None:
    report_of(tmp_path, images)
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o600


def test_names_in_a_report_are_text(tmp_path: Path, images: Path) -> None:
    labels = written(tmp_path / "g.csv", "person,<b>x</b>", *(f"{name},<i>" for name in NAMES))
    page = report_of(tmp_path, images, "--groups", str(labels))
    assert "<b>x</b>" not in page
    assert "&lt;i&gt;" in page


def test_a_report_where_there_is_no_folder_is_refused_at_once(
    tmp_path: Path, pairs: Path, images: Path, angles: AngleEngine
) -> None:
    file = tmp_path / "none/report.html"
    assert refused("--pairs", pairs, "--images", images, "--report", file)[0] == "folder_missing"
    assert angles.embedded == 0


def test_a_large_folder_is_sampled_without_listing_every_pair() -> None:
    photos = [Photo(index // 2, str(index), bytes) for index in range(40_000)]
    sample = every_pair(["x"] * 20_000, photos, max_pairs=1000, seed=0)
    assert len(sample) == 1000
    assert sample.drawn == 40_000 * 39_999 // 2
