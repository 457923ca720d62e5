# SPDX-License-Identifier: Apache-2.0
"""File names that every system, shell and checksum tool takes alike (docs/formats/bundle.md)."""

from __future__ import annotations

import re
import unicodedata

MAX_SEGMENT = 80
MAX_PATH = 200
README = "README.txt"  # the one name with capitals: people look for it

_SEGMENT = re.compile(r"[a-z0-9_][a-z0-9._-]*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def name_fault(path: str) -> str | None:
    """What is wrong with a path inside a bundle, as a sentence; None if nothing is."""
    if path == README:
        return None
    if len(path) > MAX_PATH:
        return f"The name is longer than {MAX_PATH} characters."
    for segment in path.split("/"):
        if not _SEGMENT.fullmatch(segment):
            return (
                "A part of the name is empty or holds other characters than a-z, 0-9, dot, dash, underscore."
            )
        if len(segment) > MAX_SEGMENT:
            return f"A part of the name is longer than {MAX_SEGMENT} characters."
        if ".." in segment or segment.endswith("."):
            return "A part of the name ends in a dot or holds two in a row."
        if _RESERVED.fullmatch(segment):
            return "A part of the name is reserved on Windows."
    return None


def safe_name(original: str, taken: set[str]) -> str:
    """A single segment like ``original`` that keeps the rules and is not in ``taken``; adds it there.

    Accents are dropped, anything else that does not fit becomes a dash; the extension is kept.
    The original name belongs in the inventory.
    """
    flat = unicodedata.normalize("NFKD", original.replace("\u00df", "ss"))
    flat = "".join(c for c in flat if not unicodedata.combining(c)).lower()
    flat = re.sub(r"[^a-z0-9._]+", "-", flat)
    flat = re.sub(r"\.{2,}", ".", flat).strip(".-")
    stem, dot, extension = flat.rpartition(".")
    if not dot or not stem or len(extension) > 16:
        stem, extension = flat, ""
    stem = stem.rstrip(".-") or "file"
    if _RESERVED.fullmatch(stem) or _RESERVED.fullmatch(flat):
        stem = "file-" + stem
    suffix = "." + extension if extension else ""
    number = 1
    while True:
        ending = (f"-{number}" if number > 1 else "") + suffix
        candidate = stem[: MAX_SEGMENT - len(ending)].rstrip(".-") + ending
        if candidate not in taken and name_fault(candidate) is None:
            taken.add(candidate)
            return candidate
        # Jump when many share a name: 20,000 times config.txt must not cost 20,000 squared.
        number = number + 1 if number < 8 else max(number + 1, len(taken))
