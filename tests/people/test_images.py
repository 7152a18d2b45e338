"""Odd, damaged and hostile pictures: a clear answer, and memory within bounds."""

import io
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from people import images
from people.images import MAX_SIDE, BadPhoto, decode

# What each file of the set must come to: its size as kept, or why it is refused.
ODD = {
    "decompression_bomb.gif": "photo_wrong_type",
    "hopper.gif": "photo_wrong_type",
    "hopper.webp": (128, 128),
    "hopper_orientation_3.webp": (128, 128),
    "hopper_orientation_6.jpg": (128, 128),
    "i_trns.png": (64, 64),
    "iss634.webp": (245, 245),
    "pil_sample_cmyk.jpg": (100, 100),
    "png_decompression_dos.png": "photo_damaged",
    "transparency.avif": (64, 64),
    "truncated.heic": "photo_too_small",
    "truncated_image.png": "photo_damaged",
    "truncated_jpeg.jpg": "photo_damaged",
}
_MEASURE = """
import resource, sys
from pathlib import Path
from people.images import BadPhoto, decode
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
data = Path(sys.argv[1]).read_bytes()
before = peak()
try:
    said = str(decode(data).pixels.shape[:2])
except BadPhoto as error:
    said = error.code
print(peak() - before, said, sep=";")
"""


def memory_and_answer(path: Path) -> tuple[int, str]:
    """MB beyond what the process had before, and the answer; in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    memory, said = done.stdout.strip().split(";")
    return int(memory), said


def answer(data: bytes) -> tuple[int, ...] | str:
    try:
        return decode(data).pixels.shape[:2]
    except BadPhoto as error:
        return error.code


def test_every_odd_image_gets_the_answer_it_deserves(shared_data: Callable[[str], Path]) -> None:
    found = {path.name: answer(path.read_bytes()) for path in shared_data("odd_images").iterdir()}
    assert found == ODD


def striped(width: int, height: int, mode: str) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    shades = np.linspace(0, 255, width).astype(np.uint8)
    row = np.repeat(shades[:, None], bands, axis=1)
    return Image.frombytes(mode, (width, height), np.tile(row, (height, 1, 1)).tobytes())


def png_of_16_bits(width: int, height: int) -> bytes:
    """RGB; Pillow cannot write it. Every row equals the first."""
    row = np.linspace(0, 65535, width).astype(">u2").repeat(3).tobytes()
    packed = zlib.compress(b"\2" + row + (b"\2" + bytes(len(row))) * (height - 1), 1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )  # fmt: skip


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def scan_by_scan(width: int, height: int) -> bytes:
    """A baseline JPEG whose three components come one after the other."""
    grey = saved(Image.new("L", (width, height), 128), "JPEG")
    frame, scan = grey.index(b"\xff\xc0"), grey.index(b"\xff\xda")
    tables, coded = grey[frame + 13 : scan], grey[scan + 10 : -2]
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    colour = struct.pack(">HHBHHB", 0xFFC0, 17, 8, height, width, 3) + components
    scans = (b"\xff\xda\0\x08\x01" + bytes([number, 0, 0, 63, 0]) + coded for number in (1, 2, 3))
    return grey[:frame] + colour + tables + b"".join(scans) + b"\xff\xd9"


def repeated_scans(width: int, height: int, times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    jpeg = saved(Image.new("L", (width, height), 128), "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + scan * times + jpeg[-2:]


LARGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "36 million pixels with transparency": (
        lambda: saved(striped(6000, 6000, "RGBA"), "PNG", compress_level=1),
        "photo_too_many_pixels",
    ),
    "16 million pixels with transparency": (
        lambda: saved(striped(4000, 4000, "RGBA"), "PNG", compress_level=1),
        f"({MAX_SIDE}, {MAX_SIDE})",
    ),
    "100 million pixels of JPEG": (
        lambda: saved(striped(10000, 10000, "RGB"), "JPEG"),
        f"({MAX_SIDE}, {MAX_SIDE})",
    ),
    "a very wide JPEG": (lambda: saved(striped(65000, 1650, "RGB"), "JPEG"), f"(51, {MAX_SIDE})"),
    "100 million pixels of progressive JPEG": (
        lambda: saved(striped(10000, 10000, "RGB"), "JPEG", progressive=True),
        "photo_too_many_pixels",
    ),
    "25 million pixels of progressive JPEG": (
        lambda: saved(striped(5000, 5000, "RGB"), "JPEG", progressive=True, subsampling=0),
        f"({MAX_SIDE}, {MAX_SIDE})",
    ),
    "100 million pixels of JPEG, one colour after the other": (
        lambda: scan_by_scan(10000, 10000),
        "photo_too_many_pixels",
    ),
    "24 million pixels of JPEG, one colour after the other": (
        lambda: scan_by_scan(6000, 4000),
        f"(1333, {MAX_SIDE})",
    ),
    "30 million pixels of 16 bits": (lambda: png_of_16_bits(6000, 5000), f"(1667, {MAX_SIDE})"),
    "10 million pixels of WebP": (
        lambda: saved(striped(4000, 2500, "RGBA"), "WEBP", method=0),
        f"(1250, {MAX_SIDE})",
    ),
}


@pytest.mark.parametrize("what", LARGE)
def test_large_pictures_take_less_than_200_mb(tmp_path: Path, what: str) -> None:
    make, expected = LARGE[what]
    path = tmp_path / "large"
    path.write_bytes(make())
    memory, said = memory_and_answer(path)
    assert said == expected
    assert memory < 200


def test_few_pictures_are_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0

    def slow(_data: bytes) -> images.Pixels:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.02)
        inside -= 1
        return np.zeros((40, 40, 3), np.uint8)

    monkeypatch.setattr(images, "_decode", slow)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(decode, [b"x"] * 16))
    assert most == images.DECODES_AT_ONCE


def test_a_jpeg_of_endless_scans_is_refused_at_once() -> None:
    assert answer(repeated_scans(400, 300, 10)) == (300, 400)
    began = time.monotonic()
    assert answer(repeated_scans(5000, 5000, 500)) == "photo_damaged"
    assert time.monotonic() - began < 2


def test_of_a_phones_jpeg_with_a_depth_map_the_photo_is_taken() -> None:
    photo, depth = Image.new("RGB", (400, 300), "red"), Image.new("RGB", (100, 80))
    pixels = decode(saved(photo, "MPO", save_all=True, append_images=[depth])).pixels
    assert pixels.shape == (300, 400, 3)
    assert pixels[0, 0, 0] > 200


def test_16_bit_colour_keeps_its_shades() -> None:
    pixels = decode(png_of_16_bits(256, 64)).pixels
    assert pixels.shape == (64, 256, 3)
    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_any_cut_of_a_picture_gets_an_answer() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        data = saved(striped(64, 64, "RGB"), kind)
        for end in range(0, len(data), 7):
            answer(data[:end])
