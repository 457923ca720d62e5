# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words behind bytes that name a character set: what programs mean by its name, and as much as can be read of what is broken.

One wrong byte must not make every accent of a mail unreadable. Names mean what mail programs send under them (the
Encoding Standard's labels, and Japanese mail with the signs of NEC), not what the registry says. Never raises for any bytes.
"""

import codecs
import contextlib
import re

# Codecs that are no character sets, and one whose time grows with the square of the length.
_NOT_TEXT = frozenset({"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined"})
# What a codec of Python is called -> what programs send under its name.
_MEANT = {
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "shift_jis": "cp932", "gb2312": "gb18030",
    "gbk": "gb18030", "hz": "hz", "euc_kr": "cp949", "big5": "big5hkscs", "euc_jp": "euc_jis_2004",
}  # fmt: skip
# Names that Python does not know.
_OTHERS = {
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "x-sjis": "cp932", "x-gbk": "gb18030", "x-euc-jp": "euc_jp",
    "cp-850": "cp850", "unicode-1-1-utf-7": "utf-7", "windows-31j": "cp932", "x-windows-949": "cp949", "x-mac-roman": "mac_roman",
    "x-big5": "big5hkscs", "dos-850": "cp850", "iso-2022-jp-ms": "iso2022_jp",
}  # fmt: skip
_META = re.compile(rb'(?i)<meta\b[^>]{0,200}charset[ \t]*=[ \t]*["\']?([\w-]{1,40})')
_ESCAPE = re.compile(rb"\x1b(\$\([DOPQ]|\$[@B]|\([BJIH])")
# What cp932 makes of single bytes that are no signs.
_NO_SIGNS = dict.fromkeys(range(0xF8F0, 0xF8F4), "\ufffd")
_PAIR = re.compile(rb"[\x21-\x7e]{2}")


def decode(data: bytes, charset: str | None) -> str:
    """The text of ``data``. ``charset``: its name as the mail has it, None or nonsense where it has none."""
    name = _codec(charset)
    if name in (None, "ascii") and b"\x1b$" in data:
        return _japanese(data)
    text = _strictly(data, name)
    if text is None and (name or "").startswith("iso2022_jp"):
        text = _japanese(data)
    if text is None:
        text = _strictly(data, "utf-8")
    for one in (name, "utf-8"):
        if text is None and one is not None:
            text = _mostly(data, one)
    if text is None:
        text = _strictly(data, "cp1252") or data.decode("latin-1")
    return text.removeprefix("\ufeff")


def charset_in_html(data: bytes) -> str | None:
    """What the ``<meta>`` of an HTML page says of its character set, for one whose header does not."""
    found = _META.search(data[:4096])
    return found[1].decode("ascii", "replace") if found else None


def _codec(charset: str | None) -> str | None:
    """The name of Python's codec, None where there is none that makes text."""
    plain = (charset or "").strip().strip("'\"").casefold()
    plain = _OTHERS.get(plain, plain)
    with contextlib.suppress(LookupError, ValueError, UnicodeError):
        found = codecs.lookup(plain).name
        found = _MEANT.get(found, found)
        return None if found.replace("-", "_") in _NOT_TEXT else found
    return None


def _strictly(data: bytes, name: str | None) -> str | None:
    if name is not None:
        with contextlib.suppress(LookupError, ValueError):
            return data.decode(name)
    return None


def _mostly(data: bytes, name: str) -> str | None:
    """The text with a sign for each byte that is wrong, where more of what is not ASCII was right than wrong."""
    with contextlib.suppress(LookupError, ValueError):
        text = data.decode(name, "replace")
        wrong = text.count("\ufffd")
        right = sum(1 for sign in text if sign > "\x7f") - wrong
        return text if right > wrong else None
    return None


def _japanese(data: bytes) -> str:
    """ISO-2022-JP as Windows programs write it: with the signs of NEC and IBM and half-width kana, and whatever is broken passed over."""
    pieces, at, mode = [], 0, b"(B"
    for found in [*_ESCAPE.finditer(data), None]:
        piece = data[at : found.start() if found else len(data)]
        if mode in (b"$B", b"$@"):
            pieces.append(_PAIR.sub(_shifted, piece).decode("cp932", "replace").translate(_NO_SIGNS))
        elif mode == b"(I":
            pieces.append(
                bytes(one | 0x80 if 0x21 <= one <= 0x5F else one for one in piece).decode("cp932", "replace")
            )
        else:
            pieces.append(piece.decode("utf-8", "replace"))
        if found:
            at, mode = found.end(), found[1]
    return "".join(pieces)


def _shifted(pair: "re.Match[bytes]") -> bytes:
    """A sign of JIS X 0208 as Shift_JIS spells it."""
    row, cell = pair[0]
    first = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    second = cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E
    return bytes((first, second))
