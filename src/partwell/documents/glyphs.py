# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which characters the letters' fonts can draw, read from the fonts themselves.

PDF/A forbids a character without a glyph, and typst rightly refuses to write such a file. A client's
name in Japanese must not stop a letter, so a character that no font has is printed as its Unicode number,
``[U+65E5]``, and the letter says so at its end. An installation that needs more puts TTF or OTF files
into a folder and passes it as ``more``.
"""

import struct
from functools import lru_cache
from pathlib import Path

from partwell.documents.texts import DocumentError

FONTS = Path(__file__).parent / "fonts"

# drawn by nothing we ship, but with a neighbour that means the same
_STAND_INS = {
    0x2010: "-",
    0x2011: "-",
    0x202F: "\u00a0",
    0x2007: "\u00a0",
    0x2192: "->",
    0x2190: "<-",
    0x2264: "<=",
    0x2265: ">=",
}
# never drawn: line breaks, and joiners that only steer how neighbours meet
_INVISIBLE = {0x0A, 0x200B, 0x200C, 0x200D, 0xAD, 0x2060}


def _cmap(font: bytes) -> frozenset[int]:
    """The code points of one OpenType font (formats 4 and 12, which every current font has)."""
    tables = struct.unpack(">H", font[4:6])[0]
    for number in range(tables):
        tag, _sum, start, _length = struct.unpack(">4sLLL", font[12 + 16 * number : 28 + 16 * number])
        if tag == b"cmap":
            break
    else:
        raise ValueError("no cmap")
    found: set[int] = set()
    for number in range(struct.unpack(">H", font[start + 2 : start + 4])[0]):
        at = start + struct.unpack(">L", font[start + 8 + 8 * number : start + 12 + 8 * number])[0]
        kind = struct.unpack(">H", font[at : at + 2])[0]
        if kind == 12:
            groups = struct.unpack(">L", font[at + 12 : at + 16])[0]
            for low, high, glyph in struct.iter_unpack(">LLL", font[at + 16 : at + 16 + 12 * groups]):
                found.update(range(max(low, low + (glyph == 0)), min(high, 0x10FFFF) + 1))
        elif kind == 4:
            count = struct.unpack(">H", font[at + 6 : at + 8])[0] // 2
            ends = struct.unpack(f">{count}H", font[at + 14 : at + 14 + 2 * count])
            starts = struct.unpack(f">{count}H", font[at + 16 + 2 * count : at + 16 + 4 * count])
            for low, high in zip(starts, ends, strict=True):
                if low != 0xFFFF:
                    found.update(range(low, high + 1))
    return frozenset(found)


def _family(font: bytes) -> str:
    """The family name that typst knows the font by (name 16, else name 1)."""
    names: dict[int, str] = {}
    for number in range(struct.unpack(">H", font[4:6])[0]):
        tag, _sum, start, _length = struct.unpack(">4sLLL", font[12 + 16 * number : 28 + 16 * number])
        if tag == b"name":
            count, strings = struct.unpack(">HH", font[start + 2 : start + 6])
            for each in range(count):
                row = font[start + 6 + 12 * each : start + 18 + 12 * each]
                platform, _enc, _lang, name, length, offset = struct.unpack(">6H", row)
                raw = font[start + strings + offset : start + strings + offset + length]
                if platform in (0, 3) and name in (1, 16):
                    names.setdefault(name, raw.decode("utf-16-be", "replace"))
    return names.get(16) or names[1]


@lru_cache(maxsize=8)
def coverage(more: Path | None = None) -> tuple[frozenset[int], tuple[str, ...]]:
    """All code points that can be drawn, and the families found in ``more`` (a folder, or None).

    An unreadable font in ``more`` raises DocumentError with the file's name.
    """
    points: set[int] = set()
    families: dict[str, None] = {}
    for file in sorted(FONTS.glob("*.ttf")):
        points |= _cmap(file.read_bytes())
    for file in sorted(more.iterdir()) if more else ():
        if file.suffix.lower() in (".ttf", ".otf"):
            try:
                raw = file.read_bytes()
                points |= _cmap(raw)
                families[_family(raw)] = None
            except (ValueError, KeyError, IndexError, struct.error):
                raise DocumentError(
                    f"The font {file.name} cannot be read; use a TTF or OTF file, not a collection."
                ) from None
    return frozenset(points), tuple(families)


def printable(text: str, more: Path | None = None) -> tuple[str, bool]:
    """``text`` with what no font draws written as ``[U+XXXX]``, and whether that happened."""
    points, _families = coverage(more)
    if all(ord(char) in points or ord(char) == 0x0A for char in text):
        return text, False
    out, replaced = [], False
    for char in text:
        code = ord(char)
        if code in points or code in _INVISIBLE:
            out.append(char)
        elif code in _STAND_INS:
            out.append(_STAND_INS[code])
        else:
            out.append(f"[U+{code:04X}]")
            replaced = True
    return "".join(out), replaced
