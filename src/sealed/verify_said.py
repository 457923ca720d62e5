# SPDX-License-Identifier: Apache-2.0
"""The part of a check that concerns an exported correspondence: each file's entry says its SHA-256 (docs/formats/correspondence.md)."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import proof
from .findings import Report
from .source import Source

_NAMES = (
    "digest",
    "words_sha256",
    "sent_sha256",
)  # of the fields that hold it: frozen parts, words, the mail as it left
LIST = "data/correspondence/entries.txt"
_LINE = re.compile(r"([0-9a-f]{64}) (0|[1-9][0-9]{0,17}) (data/correspondence/[a-z0-9._/-]+)")


def check_said(
    source: Source,
    report: Report,
    read: Callable[[Source, Report, str], bytes | None],
    entries: dict[int, proof.Disclosed],
) -> None:
    """Compare every line of ``entries.txt`` with the file that it names and with what its entry discloses of it."""
    data = read(source, report, LIST) if LIST in source.digests else None
    if data is None:
        return
    lines = data.decode("latin-1").split("\n")
    if lines.pop():
        report.add("said-form", LIST, "The list's last line has no end.")
    held: dict[int, set[str]] = {}
    proved = 0
    for number, line in enumerate(lines, 1):
        where = f"{LIST}, line {number}"
        match = _LINE.fullmatch(line)
        if not match:
            report.add("said-form", where, "The line is not a SHA-256, an entry's number and a file's name.")
            continue
        digest, index, name = match[1], int(match[2]), match[3]
        if index not in held:
            told = entries[index].disclosures.values() if index in entries else ()
            held[index] = {
                content[name]
                for _, content in told
                for name in _NAMES
                if isinstance(content, dict) and isinstance(content.get(name), str)
            }
        if source.digests.get(name) != digest:
            report.add(
                "said-changed",
                name,
                "What was said is not what the list of entries names: one of them was changed.",
            )
        elif digest not in held[index]:
            report.add("said-unproved", where, f"Entry {index} does not say this SHA-256.")
        else:
            proved += 1
    report.facts["said_proved"] = proved
