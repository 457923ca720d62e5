# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a file may be: every importer is asked, the surest first. People choose."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from partwell.importers.base import Importer, ImportRefused

HEAD = 64 * 1024
MODULES = {
    "snipeit": "snipeit", "itglue": "itglue", "hudu": "hudu", "glpi": "glpi", "nmap": "nmap",
    "keepass": "keepass", "bitwarden": "bitwarden", "mail": "mailfile", "xlsx": "xlsx_table", "csv": "csv_table",
    "archive": "archive", "documents": "documents",
}  # fmt: skip
"""Kind → module. Imported when first needed: some bring heavy libraries with them."""

INSIDE = {"inbound": "inbound_mail"}
"""Kinds that nobody chooses: mail that came in is taken apart in the same guarded process."""

NAMES = {
    "snipeit": "Snipe-IT", "itglue": "IT Glue", "hudu": "Hudu", "glpi": "GLPI", "nmap": "nmap",
    "keepass": "KeePass", "bitwarden": "Bitwarden", "mail": "mail", "xlsx": "an Excel workbook", "csv": "a CSV table",
    "archive": "a ZIP archive", "documents": "documents", "files": "several files",
}  # fmt: skip
"""Kind → its name as it stands in a sentence ("imported 26 items from …")."""


def name_of(kind: str) -> str:
    """How people call an import's source; an unknown kind is shown as it is."""
    return NAMES.get(kind, kind)


@dataclass(frozen=True, slots=True)
class Guess:
    """One possibility: the importer's kind, how sure (0 to 1), and a sentence."""

    kind: str
    confidence: float
    why: str


def importer(kind: str) -> Importer:
    """The importer module of a kind. ImportRefused where there is none."""
    name = MODULES.get(kind) or INSIDE.get(kind)
    if name is None:
        raise ImportRefused(
            "kind_unknown",
            f"Partwell has no importer called “{kind[:40]}”.",
            "",
            "Choose one of: " + ", ".join(MODULES) + ".",
        )
    return cast(Importer, importlib.import_module(f"partwell.importers.{name}"))


def importers() -> Iterator[Importer]:
    """All importers, the special before the general."""
    for kind in MODULES:
        yield importer(kind)


def detect(path: Path) -> list[Guess]:
    """What ``path`` (a file or a folder) may be, the surest first; empty where nothing fits.

    Reads the first 64 KiB only. OSError where it cannot be opened. A sniffer that fails
    on a hostile file counts as “no”.
    """
    head = b""
    if path.is_file():
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    guesses = []
    for module in importers():
        try:
            confidence = min(max(float(module.sniff(path, head)), 0.0), 1.0)
        except Exception:  # noqa: BLE001  # a sniffer reads a stranger's bytes; failing is an answer
            confidence = 0.0
        if confidence > 0.05:
            guesses.append(Guess(module.KIND, round(confidence, 2), f"It looks like: {module.LABEL}."))
    return sorted(guesses, key=lambda guess: -guess.confidence)
