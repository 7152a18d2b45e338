"""A camera of Chromium's that shows photos instead: a file it plays over and over.

The photos are of one person at several angles, cut out so that the face fills the oval, and each
is shown for some seconds, so that whoever drives the page has time to take the picture.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from people.images import decode
from recognition.engine import Engine

SIZE = 640, 480
FRAMES_A_SECOND = 30  # as Chromium plays a file of JPEGs
FACE = 0.42  # of the picture's height


# The grey of a corner says which of the film's photos is shown: white is the first, number 0.
DARKER = 60
SHOWN = f"""() => {{
    const canvas = Object.assign(document.createElement("canvas"), {{ width: 64, height: 48 }});
    const context = canvas.getContext("2d");
    context.drawImage(document.querySelector("video"), 0, 0, 64, 48);
    return Math.round((255 - context.getImageData(1, 1, 1, 1).data[0]) / {DARKER});
}}"""


def film(photos: Sequence[Path], to: Path, *, engine: Engine, seconds: float) -> Path:
    """Writes JPEG after JPEG, which is what MJPEG is. photos: at most five; seconds: of each."""
    with to.open("wb") as out:
        for number, photo in enumerate(photos):
            seen = _as_seen(photo, engine, corner=255 - number * DARKER)
            out.write(seen * round(seconds * FRAMES_A_SECOND))
    return to


def _as_seen(photo: Path, engine: Engine, corner: int) -> bytes:
    """The photo as a camera in front of that face would have it. corner: its grey."""
    pixels = decode(photo.read_bytes()).pixels
    box = engine.faces(pixels)[0].box  # the largest
    height = box.side / FACE
    width = height * SIZE[0] / SIZE[1]
    x, y = box.centre
    area = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    # What lies beyond the photo is grey.
    whole = Image.new("RGB", SIZE, (128, 128, 128))
    seen = Image.fromarray(pixels).transform(
        SIZE, Image.Transform.EXTENT, area, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)
    )
    whole.paste(seen)
    whole.paste((corner, corner, corner), (0, 0, 32, 32))
    out = io.BytesIO()
    whole.save(out, "JPEG", quality=88)
    return out.getvalue()


# How one person of the demo photos looks straight, and turns to both sides of the picture.
STRAIGHT, PICTURE_RIGHT, PICTURE_LEFT = (
    "train/Ben_Affleck/Ben_Affleck_02.jpg",
    "train/Ben_Affleck/Ben_Affleck_07.jpg",
    "train/Ben_Affleck/Ben_Affleck_09.jpg",
)
