"""Untrusted bytes → checked RGB pixels. The only user of Pillow.

Nothing is decoded before its format is known and its size is within bounds, and no plugin runs
that is not on the list. What is kept is re-encoded, so no metadata (place, device, thumbnail)
and nothing hidden behind the picture survives.
"""

import hashlib
import io
import re
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from people.errors import Refusal

Pixels = NDArray[np.uint8]

MAX_BYTES = 25 * 1024 * 1024  # a 50-megapixel phone photo has about 15 MB
# Millions of pixels, so that decoding never takes 200 MB. Measured, in bytes a pixel: PNG 5, HEIC
# 7, AVIF 10, WebP 15, and with transparency 10, 10, 14, 17. A plain JPEG is decoded at a fraction
# of its size; one with several scans, as progressive ones have, keeps the coefficients of the
# whole picture, 6 bytes a pixel.
MAX_MEGAPIXELS = {"JPEG": 110, "PNG": 30, "HEIF": 25, "AVIF": 16, "WEBP": 10}
MAX_MEGAPIXELS_TRANSPARENT = {"PNG": 16, "HEIF": 16, "AVIF": 12, "WEBP": 10}
MAX_MEGAPIXELS_SCANS = 25
# Encoders write about ten. Each costs another pass over the picture and next to no bytes: a file
# of 100 kB could keep a processor busy for minutes.
MAX_SCANS = 64
MIN_SIDE = 40  # px; smaller pictures cannot hold a usable face
MAX_SIDE = 2000  # px; what is kept. A face needs 160
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")
FORMATS_IN_WORDS = "JPEG, PNG, WebP, HEIC or AVIF"

# Each may take 200 MB for a moment, and a web server has eight threads; the others wait.
DECODES_AT_ONCE = 2
_turn = threading.BoundedSemaphore(DECODES_AT_ONCE)

register_heif_opener(thumbnails=False)
# Our own limits below replace Pillow's, which only warn at the size where memory hurts.
Image.MAX_IMAGE_PIXELS = max(MAX_MEGAPIXELS.values()) * 1_000_000


class BadPhoto(Refusal):
    """Bytes that are no usable picture. Codes: photo_empty, photo_too_many_bytes,
    photo_wrong_type, photo_too_many_pixels, photo_too_small, photo_damaged."""


@dataclass(frozen=True, slots=True)
class Photo:
    """pixels: (h, w, 3) uint8 RGB, upright, longer side at most MAX_SIDE. sha256: of the bytes."""

    pixels: Pixels
    sha256: str

    def jpeg(self) -> bytes:
        """Encoded for keeping: no metadata, colour not subsampled."""
        out = io.BytesIO()
        Image.fromarray(self.pixels).save(out, "JPEG", quality=95, subsampling=0)
        return out.getvalue()


def read_bytes(file: IO[bytes]) -> bytes:
    """At most MAX_BYTES of an open file. Raises BadPhoto when there is more."""
    data = file.read(MAX_BYTES + 1)
    _check_bytes(data)
    return data


def decode(data: bytes) -> Photo:
    """Check and decode one picture, upright, 8-bit RGB, shrunk to MAX_SIDE.

    Of an animation the first frame is taken. Raises BadPhoto.
    """
    _check_bytes(data)
    try:
        with _turn, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but readable files; errors still raise
            pixels = _decode(data)
    except UnidentifiedImageError as error:
        raise BadPhoto(
            f"This is not a picture that can be read. Use {FORMATS_IN_WORDS}.",
            code="photo_wrong_type",
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(max(MAX_MEGAPIXELS.values())) from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError,
            OverflowError, RuntimeError) as error:  # fmt: skip
        # Pillow's decoders raise any of these on bytes that are cut off or altered.
        raise BadPhoto(
            "The picture is damaged or incomplete. Take or export it again.", code="photo_damaged"
        ) from error
    return Photo(pixels=pixels, sha256=hashlib.sha256(data).hexdigest())


def thumbnail(jpeg: bytes, side: int) -> bytes:
    """A small JPEG of a photo kept by `Photo.jpeg`; side: the longer one, in px."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        image.thumbnail((side, side))
        image.save(out, "JPEG", quality=85)
    return out.getvalue()


def portrait(jpeg: bytes, side: int, box: Sequence[int]) -> bytes:
    """A small square JPEG of the face alone. box: x, y, width, height of the face, in px."""
    x, y, width, height = box
    out = io.BytesIO()
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        half = min(max(width, height) * 0.8, image.width / 2, image.height / 2)  # with its hair
        left = min(max(x + width / 2 - half, 0), image.width - 2 * half)
        top = min(max(y + height / 2 - half, 0), image.height - 2 * half)
        cut = image.crop((round(left), round(top), round(left + 2 * half), round(top + 2 * half)))
        cut.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0).save(
            out, "JPEG", quality=85
        )
    return out.getvalue()


def _check_bytes(data: bytes) -> None:
    if not data:
        raise BadPhoto("The file is empty. Choose a photo.", code="photo_empty")
    if len(data) > MAX_BYTES:
        raise BadPhoto(
            f"The file has more than {MAX_BYTES // 2**20} MB. Export the photo smaller.",
            code="photo_too_many_bytes",
        )


def _decode(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > (most := _max_megapixels(image, data)) * 1_000_000:
            raise _too_many_pixels(most)
        if min(width, height) < MIN_SIDE:
            raise BadPhoto(
                f"The picture is smaller than {MIN_SIDE} pixels. Use a larger one.",
                code="photo_too_small",
            )
        # JPEG only: decode at 1/2, 1/4 or 1/8, the smallest that still has this size.
        scale = min(1.0, MAX_SIDE / max(width, height))
        image.draft("RGB", (max(1, int(width * scale)), max(1, int(height * scale))))
        # Shrinking first keeps the memory of the steps below small.
        image.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=2.0)
        ImageOps.exif_transpose(image, in_place=True)
        return np.asarray(_to_rgb(image), dtype=np.uint8)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = _sixteen_to_eight_bit(image)
    if image.mode == "P" or image.has_transparency_data:
        # On white, as a viewer would show it; transparent pixels may hold any colour.
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")  # which would copy it


def _sixteen_to_eight_bit(image: Image.Image) -> Image.Image:
    """Pillow clips 16-bit grey at 255 when it converts; the high byte is what is meant."""
    values = np.asarray(image, dtype=np.float64)
    return Image.fromarray(np.clip(values / 257.0, 0, 255).astype(np.uint8))


def _max_megapixels(image: Image.Image, data: bytes) -> int:
    # Phones put a second picture behind a JPEG, as a depth map; Pillow calls that MPO.
    kind = "JPEG" if image.format == "MPO" else image.format or ""
    scans = _scans(data) if kind == "JPEG" else []
    if len(scans) > MAX_SCANS:
        raise ValueError("a JPEG of too many scans")
    if scans and (image.info.get("progressive") or scans[0] < len(image.getbands())):
        return MAX_MEGAPIXELS_SCANS
    limits = MAX_MEGAPIXELS_TRANSPARENT if image.has_transparency_data else MAX_MEGAPIXELS
    return limits[kind]


# A marker in a JPEG, but for stuffed bytes, restarts and starts: those have no length.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
_END, _SCAN = 0xD9, 0xDA


def _scans(jpeg: bytes) -> list[int]:
    """How many components each scan of the first picture holds. Source: ITU-T T.81, annex B."""
    scans: list[int] = []
    at = 0
    while (found := _MARKER.search(jpeg, at)) and len(scans) <= MAX_SCANS:
        at = found.end()
        marker = jpeg[at - 1]
        if marker == _END:
            break
        if marker == _SCAN:
            scans.extend(jpeg[at + 2 : at + 3])
        at += int.from_bytes(jpeg[at : at + 2], "big")
    return scans


def _too_many_pixels(most: int) -> BadPhoto:
    return BadPhoto(
        f"The picture has more than {most} million pixels. Export it smaller.",
        code="photo_too_many_pixels",
    )
