"""A camera of Chromium's that shows photos instead, a file it plays over and over; or none at all.

The photos are of one person at several angles, cut out so that the face fills the oval, and each
is shown for some seconds, so that whoever drives the page has time to take the picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page

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


def film(photos: Sequence[str], to: Path, *, seconds: float, shake: int = 0) -> Path:
    """Writes JPEG after JPEG, which is what MJPEG is.

    photos: of the demo photos, at most five. seconds: of each. shake: pixels that each picture is
    moved by, at most, as when a hand holds the photo; 0 shows the very same one all the time.
    """
    engine, chance = Engine(models_dir=settings.MODELS_DIR), Random(1)  # noqa: S311
    with to.open("wb") as out:
        for number, photo in enumerate(photos):
            file = settings.MODELS_DIR / "demo" / photo
            show = _before(file, engine, corner=255 - number * DARKER)
            count = round(seconds * FRAMES_A_SECOND)
            if shake:
                for _ in range(count):
                    out.write(show(chance.randint(-shake, shake), chance.randint(-shake, shake)))
            else:
                out.write(show(0, 0) * count)
    return to


def _before(photo: Path, engine: Engine, corner: int) -> Callable[[int, int], bytes]:
    """The photo as a camera in front of that face has it, moved by so many pixels. corner: its
    grey."""
    pixels = decode(photo.read_bytes()).pixels
    box = engine.faces(pixels)[0].box  # the largest
    scale = box.side / FACE / SIZE[1]
    x, y = box.centre

    def show(right: int, down: int) -> bytes:
        left, top = x - (SIZE[0] / 2 + right) * scale, y - (SIZE[1] / 2 + down) * scale
        area = (left, top, left + SIZE[0] * scale, top + SIZE[1] * scale)
        # What lies beyond the photo is grey.
        seen = Image.fromarray(pixels).transform(
            SIZE, Image.Transform.EXTENT, area, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)
        )
        seen.paste((corner, corner, corner), (0, 0, 32, 32))
        out = io.BytesIO()
        seen.save(out, "JPEG", quality=88)
        return out.getvalue()

    return show


def bad_film(to: Path, *, seconds: float) -> Path:
    """Nobody, somebody far away, two people, somebody in the dark: each for so many seconds."""
    engine = Engine(models_dir=settings.MODELS_DIR)
    photo = settings.MODELS_DIR / "demo" / STRAIGHT
    somebody = Image.open(io.BytesIO(_before(photo, engine, corner=128)(0, 0)))
    width, height = SIZE
    nobody, far, two = (Image.new("RGB", SIZE, (128, 128, 128)) for _ in range(3))
    far.paste(somebody.resize((width // 3, height // 3)), (width // 3, height // 3))
    for left in (0, width // 2):
        two.paste(somebody.crop((width // 4, 0, width * 3 // 4, height)), (left, 0))
    dark = somebody.point(lambda value: value // 8)
    with to.open("wb") as out:
        for picture in (nobody, far, two, dark):
            frame = io.BytesIO()
            picture.save(frame, "JPEG", quality=88)
            out.write(frame.getvalue() * round(seconds * FRAMES_A_SECOND))
    return to


# How one person of the demo photos looks straight, and turns to both sides of the picture.
STRAIGHT, PICTURE_RIGHT, PICTURE_LEFT = (
    "train/Ben_Affleck/Ben_Affleck_02.jpg",
    "train/Ben_Affleck/Ben_Affleck_07.jpg",
    "train/Ben_Affleck/Ben_Affleck_09.jpg",
)
# Beside this one, in which he looks at the camera as well, the straight one looks up.
LOWER = "val/Ben_Affleck/Ben_Affleck_05.jpg"
# As when it is unplugged while a page shows it.
LOSE = "document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
ELSEWHERE = "face.test"  # a host that browsers do not trust without https
# Until somebody sets window.cameraIsFree, as while another program has the camera.
_IN_USE = """
const open = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = function (asked) {
    if (window.cameraIsFree) return open.call(this, asked);
    return Promise.reject(new DOMException("Could not start video source", "NotReadableError"));
};
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page gets no camera. said: part of what it has to say then. script: runs before it."""

    said: str
    flags: tuple[str, ...] = ()
    host: str = "localhost"
    script: str = ""

    def page(self, launch: Callable[..., Browser], **options: Any) -> Page:
        page = launch(*self.flags).new_page(**options)
        if self.script:
            page.add_init_script(self.script)
        return page

    def address(self, site: str) -> str:
        return site.replace("localhost", self.host)


_FAKE = "--use-fake-device-for-media-stream"
# Without this one the browser asks, and nobody is there to allow it.
_ALLOWED = "--use-fake-ui-for-media-stream"
REFUSALS = {
    "none": Refusal("No camera was found"),
    "blocked": Refusal("blocked", flags=(_FAKE,)),
    "insecure": Refusal("https", (f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",), ELSEWHERE),
    "in-use": Refusal("Another program is using the camera", (_FAKE, _ALLOWED), script=_IN_USE),
}


def with_film(launch: Callable[..., Browser], film: Path) -> Browser:
    return launch(_FAKE, _ALLOWED, f"--use-file-for-fake-video-capture={film}")
