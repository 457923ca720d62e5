# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures: what they tell in secret goes, what is blackened is gone, what is hostile is refused."""

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from partwell.importers import images
from partwell.importers.base import ImportRefused
from partwell.importers.images import Rectangle
from tests.inputs import inputs


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (60, 40), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").convert(mode).save(out, kind, **more)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010F] = "SecretCamera"
    made[0x0112] = 6  # to be turned by 90 degrees
    made.get_ifd(0x8825)[2] = (48.0, 8.0, 15.0)
    return made


@pytest.mark.parametrize(
    ("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_cleaning_strips_and_turns(kind: str, media: str) -> None:
    data = picture(kind, exif=exif())
    assert b"SecretCamera" in data
    for made in (images.clean_image(data), images.guarded("clean", data)):
        assert (made.media_type, made.width, made.height) == (media, 40, 60)
        assert b"SecretCamera" not in made.data
        assert not opened(made.data).getexif()


def test_comments_and_trailing_bytes_go() -> None:
    info = PngInfo()
    info.add_text("Comment", "hidden words")
    data = picture("PNG", pnginfo=info) + b"appended secret"
    made = images.clean_image(data).data
    assert b"hidden" not in made
    assert b"appended" not in made
    assert opened(made).info == {}


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "L"),
        ("PNG", "LA"),
        ("PNG", "1"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGBA"),
    ],
)
def test_redaction_is_in_the_pixels(kind: str, mode: str) -> None:
    data = picture(kind, mode)
    made = opened(images.redact(data, [Rectangle(10.4, 5, 9.2, 10), Rectangle(-5, -5, 7, 7)]))
    assert made.format == "PNG"
    assert made.n_frames == 1  # type: ignore[attr-defined]
    pixels = made.convert("RGBA").load()
    assert pixels is not None
    for x in range(60):
        for y in range(40):
            inside = (10 <= x < 20 and 5 <= y < 15) or (x < 2 and y < 2)
            assert (pixels[x, y] == (0, 0, 0, 255)) is inside, (x, y)


def test_two_secrets_give_the_same_redaction() -> None:
    """Nothing of what was under the rectangle can be left where both give the same bytes."""
    made = []
    for colour in ("red", "blue"):
        image = Image.new("RGB", (60, 40), "white")
        image.paste(colour, (10, 10, 30, 30))
        out = io.BytesIO()
        image.save(out, "PNG", exif=exif())
        made.append(images.redact(out.getvalue(), [Rectangle(0, 0, 60, 60)]))
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "rectangles",
    [
        [],
        [Rectangle(100, 100, 5, 5)],
        [Rectangle(0, 0, 0, 5)],
        [Rectangle(0, 0, -5, 5)],
        [Rectangle(0, float("nan"), 5, 5)],
        [Rectangle(0, 0, float("inf"), 5)],
        [Rectangle(1, 1, 1, 1)] * 501,
    ],
)
def test_a_redaction_that_would_cover_nothing_is_refused(rectangles: list[Rectangle]) -> None:
    with pytest.raises(ImportRefused):
        images.redact(picture("PNG"), rectangles)


def huge(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (huge(60_000, 60_000), "image_pixels"),
        (huge(30_000, 10), "image_pixels"),
        (huge(8_000, 8_000), "image_pixels"),
        (huge(100, 100), "image_broken"),
        (b"", "image_broken"),
        (b"GIF89a" + bytes(50), "image_broken"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image_broken"),
        (picture("PNG")[:60], "image_broken"),
        (picture("TIFF"), "image_broken"),
        (bytes(images.MAX_SIZE + 1), "image_too_large"),
    ],
)
def test_hostile_pictures_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        images.clean_image(data)
    assert caught.value.code == code
    assert caught.value.remedy
    with pytest.raises(ImportRefused) as caught:
        images.guarded("clean", data)
    assert caught.value.code == code


def test_guarded_redaction_and_thumbnail() -> None:
    data = picture("JPEG", size=(800, 400))
    made = images.guarded("redact", data, rectangles=[Rectangle(0, 0, 10, 10)])
    assert (made.media_type, made.width, made.height) == ("image/png", 800, 400)
    assert opened(made.data).getpixel((5, 5)) == (0, 0, 0)
    small = images.guarded("thumbnail", data, side=100)
    assert (small.width, small.height) == (100, 50)


def test_real_screenshots() -> None:
    for path in sorted(inputs("documents/screenshots").iterdir()):
        made = images.clean_image(path.read_bytes())
        with Image.open(path) as before:
            assert (made.width, made.height) == before.size
            assert made.media_type == f"image/{(before.format or '').lower()}"
        assert max(opened(images.thumbnail(path.read_bytes())).size) <= 320
