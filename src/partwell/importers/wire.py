# SPDX-License-Identifier: AGPL-3.0-or-later
"""Importers' values as JSON and back, for the pipe between a parser's process and ours.

The parser's side is not trusted: what comes back is checked for type, and a file's
path must lie where the parser was allowed to read or write.
"""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

from partwell.importers.base import (
    SECRET_NAMES,
    FileRef,
    ImportedItem,
    ImportRefused,
    LeftOut,
    Notice,
    Options,
    Read,
    Secret,
    Understood,
    safe_name,
)
from partwell.importers.limits import Limits
from partwell.importers.mapping import ColumnMapping
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity

_NOT_TRUSTED = ImportRefused(
    "answer_invalid",
    "The program that reads such files gave an answer that makes no sense.",
    "",
    "The file is damaged, or made to do harm.",
)


def to_wire(read: Read) -> dict[str, Any]:
    """One value as plain JSON types, secrets revealed: for the pipe only."""
    if isinstance(read, LeftOut):
        return {"t": "left", "v": [read.line, read.reason_code, read.sentence]}
    if isinstance(read, Notice):
        return {"t": "notice", "v": [read.line, read.code, read.sentence]}
    if isinstance(read, Understood):
        return {"t": "understood", "v": [read.code, read.sentence, read.facts]}
    file = read.file
    return {
        "t": "item", "title": read.title, "category": read.category, "kind": read.kind, "owner": read.owner,
        "custodian": read.custodian, "sensitivity": read.sensitivity, "details": read.details,
        "secrets": {name: secret.reveal() for name, secret in read.secrets.items()},
        "file": None if file is None else [
            file.name, file.media_type, file.size, str(file.path) if file.path else None,
            base64.b64encode(file.data).decode() if file.data is not None else None,
        ],
        "external_id": read.external_id, "line": read.source_line, "fingerprint": read.fingerprint,
    }  # fmt: skip


def from_wire(answer: dict[str, Any], *, allowed: tuple[Path | None, ...]) -> Read:
    """The value of one line. ImportRefused where it is none, or names a file outside ``allowed`` (resolved paths)."""
    try:
        kind = answer["t"]
        if kind == "left":
            line, code, sentence = answer["v"]
            return LeftOut(_line(line), str(code), str(sentence))
        if kind == "notice":
            line, code, sentence = answer["v"]
            return Notice(_line(line), str(code), str(sentence))
        if kind == "understood":
            code, sentence, facts = answer["v"]
            return Understood(str(code), str(sentence), _texts(facts))
        secrets = {name: Secret(value) for name, value in _texts(answer["secrets"]).items()}
        if not set(secrets) <= set(SECRET_NAMES):
            raise _NOT_TRUSTED
        return ImportedItem(
            title=str(answer["title"]), category=Category(answer["category"]), kind=ItemKind(answer["kind"]),
            owner=Owner(answer["owner"]), custodian=Custodian(answer["custodian"]),
            sensitivity=Sensitivity(answer["sensitivity"]), details=_texts(answer["details"]), secrets=secrets,
            file=_file(answer["file"], allowed), external_id=str(answer["external_id"]),
            source_line=_line(answer["line"]), fingerprint=str(answer["fingerprint"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise _NOT_TRUSTED from error


def _line(value: object) -> int | str:
    return value if isinstance(value, int) else str(value)


def _texts(values: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _file(parts: Any, allowed: tuple[Path | None, ...]) -> FileRef | None:
    if parts is None:
        return None
    name, media_type, size, path, data = parts
    found = None
    if path is not None:
        found = Path(path)
        real = found.resolve()
        if not any(base is not None and real.is_relative_to(base) for base in allowed) or not real.is_file():
            raise _NOT_TRUSTED
        size = real.stat().st_size
    raw = base64.b64decode(data, validate=True) if data is not None else None
    return FileRef(
        safe_name(str(name)), str(media_type), len(raw) if raw is not None else int(size), found, raw
    )


def options_to_wire(options: Options) -> dict[str, Any]:
    """Options as plain JSON types, the password revealed: for the pipe only."""
    return {
        "client_names": list(options.client_names), "encoding": options.encoding, "delimiter": options.delimiter,
        "sheet": options.sheet, "mapping": options.mapping.to_json() if options.mapping else None,
        "password": options.password.reveal() if options.password is not None else None,
        "key_file": str(options.key_file.resolve()) if options.key_file else None,
        "spool": str(options.spool.resolve()) if options.spool else None, "limits": asdict(options.limits),
    }  # fmt: skip


def options_from_wire(data: dict[str, Any]) -> Options:
    """The other end of ``options_to_wire``."""
    return Options(
        client_names=tuple(data["client_names"]), encoding=data["encoding"], delimiter=data["delimiter"],
        sheet=data["sheet"], mapping=ColumnMapping.from_json(data["mapping"]) if data["mapping"] else None,
        password=Secret(data["password"]) if data["password"] is not None else None,
        key_file=Path(data["key_file"]) if data["key_file"] else None,
        spool=Path(data["spool"]) if data["spool"] else None, limits=Limits(**data["limits"]),
    )  # fmt: skip
