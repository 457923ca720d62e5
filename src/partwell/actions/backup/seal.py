# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first and the last member of an archive: what it is, and a note signed with the log's key over its manifest."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from partwell.actions.backup.archive import BackupBroken
from sealed import canonical, note

FORMAT = "partwell-backup/1"


@dataclass
class Facts:
    """What an archive says of itself. ``files``: of the vault, or keys; ``missing``: rows whose file is not in the vault."""

    kind: str
    made_at: datetime
    origin: str
    vkey: str
    database: str = ""
    entries: int = 0
    migrations: dict[str, str] = field(default_factory=dict)
    keep_days: int = 0
    files: int = 0
    missing: int = 0

    def header(self) -> bytes:
        """``backup.json``: canonical JSON."""
        value: dict[str, Any] = {
            "format": FORMAT,
            "kind": self.kind,
            "made_at": self.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "origin": self.origin,
            "vkey": self.vkey,
        }
        if self.keep_days:
            value["keep_days"] = self.keep_days
        if self.database:
            value |= {"database": self.database, "entries": self.entries, "migrations": self.migrations}
        return canonical.dumps(value)


def read_header(raw: bytes) -> dict[str, Any]:
    """The header's values; BackupBroken unless it is a header of this version."""
    try:
        value = canonical.loads_strict(raw)
    except canonical.CanonicalError:
        value = None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BackupBroken("This is no backup of Partwell, or one of a newer version.")
    for name, kind in (("kind", str), ("made_at", str), ("origin", str), ("vkey", str)):
        if not isinstance(value.get(name), kind):
            raise BackupBroken("The backup does not say what it is: its header is not whole.")
    return value


def seal_text(facts: Facts, manifest: str, members: int, size: int) -> str:
    """The seal's text: the format, then one line of canonical JSON."""
    value = {"bytes": size, "files": facts.files, "kind": facts.kind, "manifest": manifest, "members": members, "missing": facts.missing}  # fmt: skip
    return f"{FORMAT}\n{canonical.dumps(value).decode()}\n"


def check_seal(raw: bytes, vkey: str, manifest: str, members: int, size: int, kind: str) -> dict[str, Any]:
    """The seal's values; BackupBroken unless ``vkey`` signed it over exactly this manifest, number and size."""
    try:
        text = note.verify(raw, [vkey]).text
        head, _, line = text.partition("\n")
        value = canonical.loads_strict(line.rstrip("\n").encode())
    except (note.NoteError, canonical.CanonicalError):
        raise BackupBroken(
            "The seal was not signed with the log's key: this backup is not this installation's."
        ) from None
    if head != FORMAT or not isinstance(value, dict):
        raise BackupBroken("The seal is none of a backup.")
    found = (value.get("manifest"), value.get("members"), value.get("bytes"), value.get("kind"))
    if found != (manifest, members, size, kind):
        raise BackupBroken("The seal is of another manifest: parts of two backups were mixed.")
    return value
