# SPDX-License-Identifier: AGPL-3.0-or-later
"""Guesses a text file's encoding from all of its bytes, and says what else it may be.

Polish Excel CSV is cp1250 and decodes without an error as cp1252, so a guess is shown
with its alternatives and people choose. A single-byte guess is made by asking which
encoding turns the high bytes into the letters of *one* language.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from partwell.importers.base import ImportRefused

CHUNK = 1 << 20
OFFERED = ("utf-8", "cp1250", "cp1252", "latin-1", "mac_roman", "utf-16")

_LETTERS = {
    "cp1252": (
        "äöüÄÖÜß",
        "éèêàçùôîâûëïœÉÈÀÇ",
        "ñáéíóúüÑÁÉÍÓÚ¿¡",
        "æøåäöÆØÅÄÖé",
        "ãõçáéíóúâêôàÃÕÇ",
        "àèéìòùÀÈ",
        "áéëïóöèê",
    ),
    "cp1250": (
        "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",
        "áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽľĺŕäôĽ",
        "áéíóöőúüűÁÉÍÓÖŐÚÜŰ",
        "čćđšžČĆĐŠŽ",
        "ăâîşţĂÂÎŞŢ",
    ),
}
_LETTERS["latin-1"] = _LETTERS["cp1252"]
_LETTERS["mac_roman"] = _LETTERS["cp1252"]
_PUNCTUATION = "’‘“”„–—…€£§°®©™«»´·•\u00a0\u00ad"
_ASCII = bytes(range(128))
_CONTROLS = bytes([*range(1, 9), *range(14, 26), *range(27, 32), 127])
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """``encoding`` as Python names it; ``certain`` where nothing else can be meant."""

    encoding: str
    alternatives: tuple[str, ...]
    certain: bool
    why: str


def guess_encoding(opener: Callable[[], BinaryIO], where: str = "") -> EncodingGuess:
    """Reads the whole stream once, in chunks. ``opener`` gives it from its beginning.

    Raises ImportRefused where the bytes are no text at all (mostly NUL bytes).
    """
    counts = [0] * 128
    nul_even = nul_odd = size = cr = lf = controls = 0
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    with opener() as stream:
        chunk = stream.read(CHUNK)
        for bom, name in _BOMS:
            if chunk.startswith(bom):
                return EncodingGuess(name, (), True, "the file begins with a byte order mark")
        while chunk:
            nul_even += chunk[size % 2 :: 2].count(0)
            nul_odd += chunk[(size + 1) % 2 :: 2].count(0)
            cr, lf, size = cr + chunk.count(b"\r"), lf + chunk.count(b"\n"), size + len(chunk)
            controls += len(chunk) - len(chunk.translate(None, _CONTROLS))
            for byte in chunk.translate(None, _ASCII):
                counts[byte - 128] += 1
            if is_utf8:
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
            chunk = stream.read(CHUNK)
    if is_utf8:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    half = max(size // 2, 1)
    if nul_odd > 0.3 * half and nul_even < 0.05 * half:
        return EncodingGuess("utf-16-le", ("utf-16-be",), False, "every second byte is empty")
    if nul_even > 0.3 * half and nul_odd < 0.05 * half:
        return EncodingGuess("utf-16-be", ("utf-16-le",), False, "every second byte is empty")
    if nul_even + nul_odd > max(16, size // 20):
        raise ImportRefused(
            "not_text",
            "This is not a text file: it is full of empty bytes.",
            where,
            "Export it again as CSV, or choose another kind.",
        )
    # A stray one is a slip of the tool that wrote the table; one in fifty bytes is a picture or a program.
    if controls > max(4, size // 50):
        raise ImportRefused(
            "not_text",
            "This is not a text file: it is full of bytes that stand for no letter.",
            where,
            "Export it again as CSV, or choose another kind.",
        )
    if not any(counts):
        return EncodingGuess("utf-8", (), True, "the file holds plain ASCII only")
    if is_utf8:
        return EncodingGuess("utf-8", ("cp1252", "cp1250"), True, "every byte is valid UTF-8")
    return _single_byte(counts, old_mac=cr > 0 and lf == 0)


def _single_byte(counts: list[int], *, old_mac: bool) -> EncodingGuess:
    total = sum(counts)
    order = ["cp1252", "cp1250", "mac_roman", "latin-1"]
    if old_mac:  # lines ended by CR alone come from a Mac's Excel
        order = ["mac_roman", "cp1252", "cp1250", "latin-1"]
    scores: dict[str, float] = {}
    for name in order:
        try:
            chars = {bytes([n + 128]).decode(name): count for n, count in enumerate(counts) if count}
        except UnicodeDecodeError:
            continue
        best = max(sum(chars.get(ch, 0) for ch in set(letters)) for letters in _LETTERS[name])
        marks = sum(chars.get(ch, 0) for ch in _PUNCTUATION)
        scores[name] = (best + marks) / total
    ranked = sorted(scores, key=lambda name: (-round(scores[name], 3), order.index(name)))
    why = f"{scores[ranked[0]]:.0%} of its special letters make sense so"
    return EncodingGuess(ranked[0], tuple(ranked[1:]), False, why)
