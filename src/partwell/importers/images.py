# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of strangers and of staff: checked, stripped of what they tell in secret, redacted in the pixels (R4).

``clean_image``, ``redact`` and ``thumbnail`` decode in this process; ``guarded`` runs any of
them in a child process with the sandbox's bounds, and is what request handlers use.
"""

import io
import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from partwell.importers.base import ImportRefused
from partwell.importers.limits import MIB, Limits

MAX_SIZE = 25 * MIB
MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000
_FORMATS = ("PNG", "JPEG", "WEBP")
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_TIME = 30.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """In pixels of the upright picture, from its upper left corner; fractions cover the whole pixel."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was decoded and encoded anew: no EXIF, place, comment or colour profile is left."""

    media_type: str
    width: int
    height: int
    data: bytes = field(repr=False)


def _refused(code: str, sentence: str, remedy: str) -> ImportRefused:
    return ImportRefused(code, sentence, remedy=remedy)


def _open(data: bytes) -> tuple[Image.Image, str]:
    """The first frame, upright, in a plain mode, and the format by its content."""
    if len(data) > MAX_SIZE:
        raise _refused(
            "image_too_large", f"The picture is larger than {MAX_SIZE // MIB} MiB.", "Make it smaller."
        )
    broken = _refused(
        "image_broken",
        "The picture is damaged, or it is no PNG, JPEG or WebP.",
        "Save it as PNG or JPEG and try again.",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as probe:
                width, height = probe.size
                if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                    raise _refused(
                        "image_pixels",
                        f"The picture has {width} × {height} pixels; at most "
                        f"{MAX_PIXELS // 1_000_000} million are taken.",
                        "Make it smaller.",
                    )
                probe.verify()
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                kind = image.format or ""
                image.load()
                upright = ImageOps.exif_transpose(image)
                has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
                return upright.convert("RGBA" if has_alpha else "RGB"), kind
    except ImportRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused("image_pixels", "The picture has far too many pixels.", "Make it smaller.") from None
    except MemoryError:
        raise _refused(
            "image_pixels", "The picture needs more memory than is given to it.", "Make it smaller."
        ) from None
    except Exception:  # noqa: BLE001  # Pillow's decoders raise SyntaxError, struct.error, ValueError and more
        raise broken from None


def _encode(image: Image.Image, kind: str) -> bytes:
    bare = Image.new(image.mode, image.size)  # a new image has no info that could be saved along
    bare.paste(image)
    out = io.BytesIO()
    if kind == "JPEG":
        bare.convert("RGB").save(out, "JPEG", quality=90, optimize=True)
    elif kind == "WEBP":
        bare.save(out, "WEBP", quality=90)
    else:
        bare.save(out, "PNG", optimize=False)
    return out.getvalue()


def clean_image(data: bytes) -> Picture:
    """The same picture upright and encoded anew, in its own format. ImportRefused where it is none or too large."""
    image, kind = _open(data)
    return Picture(_MEDIA[kind], image.width, image.height, _encode(image, kind))


def redact(data: bytes, rectangles: Iterable[Rectangle]) -> bytes:
    """A PNG in which the rectangles are black pixels, not an overlay: what was under them is gone (R4).

    ImportRefused where a rectangle covers nothing of the picture: silence would look like redaction.
    """
    image, _ = _open(data)
    fill = (0, 0, 0, 255) if image.mode == "RGBA" else (0, 0, 0)
    draw = ImageDraw.Draw(image)
    chosen = list(rectangles)
    if not chosen or len(chosen) > 500:
        raise _refused(
            "redaction_empty", "Nothing is marked to be made black.", "Draw at least one rectangle."
        )
    for one in chosen:
        numbers = (one.x, one.y, one.width, one.height)
        if not all(map(math.isfinite, numbers)) or one.width <= 0 or one.height <= 0:
            raise _refused("redaction_outside", "A marked rectangle has no area.", "Draw it again.")
        left, top = max(0, math.floor(one.x)), max(0, math.floor(one.y))
        right = min(image.width, math.ceil(one.x + one.width)) - 1
        bottom = min(image.height, math.ceil(one.y + one.height)) - 1
        if right < left or bottom < top:
            raise _refused(
                "redaction_outside", "A marked rectangle lies outside the picture.", "Draw it again."
            )
        draw.rectangle((left, top, right, bottom), fill=fill)
    return _encode(image, "PNG")


def thumbnail(data: bytes, side: int = 320) -> bytes:
    """A PNG whose longer side is at most ``side`` pixels."""
    image, _ = _open(data)
    image.thumbnail((side, side))
    return _encode(image, "PNG")


def _confine() -> None:
    from partwell.importers.base import Options
    from partwell.importers.sandbox import _confine as confine

    confine(Options(limits=Limits(cpu_seconds=int(_TIME))))


_START = "import sys; sys.path.insert(0, sys.argv[1]); from partwell.importers.images import child_main; child_main()"


def guarded(operation: str, data: bytes, *, rectangles: Sequence[Rectangle] = (), side: int = 320) -> Picture:
    """``clean``, ``redact`` or ``thumbnail`` in a child process with bounds on memory and time.

    A crash, a hang or an overrun of the decoder is an ImportRefused and harms nobody else.
    """
    if len(data) > MAX_SIZE:
        raise _refused(
            "image_too_large", f"The picture is larger than {MAX_SIZE // MIB} MiB.", "Make it smaller."
        )
    request = {
        "do": operation,
        "side": side,
        "rectangles": [[r.x, r.y, r.width, r.height] for r in rectangles],
    }
    died = _refused(
        "image_broken", "The picture could not be read safely.", "Save it as PNG or JPEG and try again."
    )
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-c", _START, str(Path(__file__).resolve().parents[2])],
            input=json.dumps(request).encode() + b"\n" + data,
            capture_output=True,
            timeout=_TIME,
            env={"PATH": os.defpath},
            cwd=Path(os.sep),
            check=False,
        )
        head, _, body = done.stdout.partition(b"\n")
        answer = json.loads(head)
    except (subprocess.TimeoutExpired, ValueError):
        raise died from None
    if "refused" in answer:
        raise ImportRefused(*map(str, answer["refused"]))
    return Picture(str(answer["type"]), int(answer["width"]), int(answer["height"]), body)


def child_main() -> None:
    """The child of ``guarded``: one request line and the bytes in, one answer line and the bytes out."""
    Image.init()  # loads the decoders before the process is confined
    request = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read(MAX_SIZE + 1)
    _confine()
    try:
        if request["do"] == "clean":
            picture = clean_image(data)
        else:
            made = (
                redact(data, [Rectangle(*one) for one in request["rectangles"]])
                if request["do"] == "redact"
                else thumbnail(data, int(request["side"]))
            )
            with Image.open(io.BytesIO(made)) as image:
                picture = Picture("image/png", image.width, image.height, made)
        answer: dict[str, object] = {
            "type": picture.media_type,
            "width": picture.width,
            "height": picture.height,
        }
        body = picture.data
    except ImportRefused as refusal:
        answer, body = {"refused": [refusal.code, refusal.sentence, refusal.where, refusal.remedy]}, b""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)
    sys.stdout.buffer.flush()
