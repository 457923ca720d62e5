# SPDX-License-Identifier: AGPL-3.0-or-later
"""File names as text that a database, JSON and a page can hold, and back without loss.

A file system takes bytes. What is no UTF-8 in them becomes ``\\xhh``; a backslash is doubled, so that both can be told apart.
"""

import re

_ESCAPED = re.compile(r"\\(?:\\|x([0-9a-f]{2}))")


def encode(name: str) -> str:
    """A name as Python has it (PEP 383) as clean text."""
    if name.isascii() and "\\" not in name:
        return name
    out = name.replace("\\", "\\\\")
    return "".join(f"\\x{ord(char) - 0xDC00:02x}" if 0xDC80 <= ord(char) <= 0xDCFF else char for char in out)


def decode(text: str) -> str:
    """The name as Python has it; what was not made by :func:`encode` comes out as some name, never as an error."""
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return "\\"
        value = int(match[1], 16)
        # below 0x80 nothing is ever escaped: a slash must not come in this way
        return chr(0xDC00 + value) if value >= 0x80 else match[0]

    return _ESCAPED.sub(one, text)
