# SPDX-License-Identifier: AGPL-3.0-or-later
"""The values that every importer speaks, and nothing else.

An importer is a module with ``KIND``, ``LABEL``, ``UNDERSTANDS``,
``DOES_NOT_UNDERSTAND``, ``sniff(path, head) -> float`` (0 no, 1 surely) and
``read(source, *, options) -> Iterator[Read]``, streaming in bounded memory.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from partwell.importers.limits import Limits
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity

if TYPE_CHECKING:
    from partwell.importers.mapping import ColumnMapping

SECRET_NAMES = ("password", "otp", "notes", "key")
"""What ``ImportedItem.secrets`` may be called (R16)."""


class Secret:
    """A string that shows itself to nobody who does not ask (R16).

    ``repr``, ``str`` and formatting give dots; ``reveal()`` is the only way out. It is
    compared by value so that tests can, and cannot be pickled by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Call it as late as possible."""
        return self._value

    def __repr__(self) -> str:
        return "•••"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "•••"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> Any:
        raise TypeError("A secret is not pickled; reveal it where it is sealed.")


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that belongs to an item: ``path`` on disk, or ``data`` where it is small.

    ``name`` is a plain file name (no folders), ``size`` in bytes. A path below
    ``Options.spool`` was written by the importer and is the caller's to move or delete.
    """

    name: str
    media_type: str
    size: int
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)

    def read_bytes(self) -> bytes:
        """The file's bytes. OSError where the path has gone."""
        if self.data is not None:
            return self.data
        if self.path is None:
            raise ValueError(f"The file “{self.name}” has neither bytes nor a path.")
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """One item of the estate as a source names it (R3).

    ``details`` are plain values, never secrets; ``secrets`` are keyed by SECRET_NAMES.
    ``source_line`` is a line number (1 = the header) or a path inside the source.
    ``fingerprint`` is ``fingerprint_of(…)``: the same thing met again gives the same one.
    """

    title: str
    category: Category
    kind: ItemKind
    owner: Owner = Owner.UNKNOWN
    custodian: Custodian = Custodian.UNKNOWN
    sensitivity: Sensitivity = Sensitivity.NORMAL
    details: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    file: FileRef | None = None
    external_id: str = ""
    source_line: int | str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was read and not taken: where, a code for programs, a sentence for people.

    The sentence never holds another client's name or data, nor a secret.
    """

    line: int | str
    reason_code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was taken and deserves a look (a formula cell, a padded row)."""

    line: int | str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What the importer made of the source as a whole; shown at the top of the preview.

    ``code`` for programs (``encoding``, ``columns``, ``count`` …), ``facts`` plain values.
    """

    code: str
    sentence: str
    facts: dict[str, str] = field(default_factory=dict)


Read = ImportedItem | LeftOut | Notice | Understood


@dataclass(frozen=True, slots=True)
class Options:
    """What people chose before the reading.

    ``client_names``: how the client may be called in the source; empty means the source
    holds one client only. ``encoding``/``delimiter``/``sheet``: empty means guess.
    ``spool``: a folder into which extracted files may be written; None means that large
    files inside an archive cannot be taken.
    """

    client_names: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    mapping: "ColumnMapping | None" = None
    password: Secret | None = None
    key_file: Path | None = None
    spool: Path | None = None
    limits: Limits = field(default_factory=Limits)


class ImportRefused(Exception):
    """A file that is not taken at all.

    ``code`` for programs, ``sentence`` what is wrong, ``where`` in which file or place,
    ``remedy`` what a person can do. Never holds a secret or another client's data.
    """

    def __init__(self, code: str, sentence: str, where: str = "", remedy: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.sentence} {self.remedy}".strip()


class Importer(Protocol):
    """What ``detect`` expects of an importer module."""

    KIND: str
    LABEL: str
    UNDERSTANDS: tuple[str, ...]
    DOES_NOT_UNDERSTAND: tuple[str, ...]

    def sniff(self, path: Path, head: bytes) -> float: ...

    def read(self, source: Path, *, options: Options) -> Iterator[Read]: ...


_SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    """One spelling for comparing: NFKC, folded case, single spaces, trimmed."""
    if text.isascii():  # the same, four times as fast, for nearly every cell
        return " ".join(text.split()).lower()
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def fingerprint_of(kind: str, *identity: str) -> str:
    """sha256 in hex of an item's normalised identity; never put a secret in it (R16).

    ``kind`` is the item kind or any name of the identity's space; parts are length-prefixed,
    so that ("a", "bc") and ("ab", "c") differ.
    """
    digest = hashlib.sha256()
    for part in (kind, *identity):
        raw = normalise(part).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def names_match(found: str, client_names: Iterable[str]) -> bool:
    """Whether a source's organisation is this client: exact after ``normalise``, never a part of it."""
    wanted = normalise(found)
    return bool(wanted) and any(wanted == normalise(name) for name in client_names)


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(value: object, limit: int = 4000) -> str:
    """A cell as a detail: no control characters, trimmed, at most ``limit`` characters."""
    text = "" if value is None else str(value)
    text = (text if text.isprintable() else _CONTROLS.sub("", text)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def kept(details: Mapping[str, object]) -> dict[str, str]:
    """Details without the empty ones, each cleaned."""
    cleaned = ((name, clean(value)) for name, value in details.items())
    return {name: value for name, value in cleaned if value}


def safe_name(name: str, fallback: str = "file") -> str:
    """A plain file name: the last part of a path of any system, without controls or dots in front."""
    last = re.split(r"[/\\]", name)[-1]
    last = "".join(ch for ch in last if unicodedata.category(ch)[0] != "C").strip().lstrip(".")
    return last[-180:] or fallback
