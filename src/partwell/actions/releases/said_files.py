# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of an exported correspondence: PDF volumes, every mail as .eml, recordings of calls, lists, and which entry proves which bytes.

Written lot by lot into the build's folder (0700, removed with it); docs/formats/correspondence.md says what each is.
"""

import csv
import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from html import escape
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from partwell.actions.correspondence.outgoing import message_of
from partwell.actions.keys import blob_store, open_unit
from partwell.actions.letters import make_letter
from partwell.actions.releases.bundle_recordings import Outdated
from partwell.actions.releases.said import Mail, Said, load, lots
from partwell.actions.releases.said_calls import row_of
from partwell.actions.releases.said_marks import Marks, marks_of, parties_of
from partwell.connectors.errors import ConnectorError
from partwell.documents.inventory_files import neutral
from partwell.documents.page_style import PAGE_STYLE
from partwell.documents.texts import moment_text
from partwell.records.vault.models import StoredFile
from partwell.rules.refusals import Refused
from sealed.bag import BundleFile

if TYPE_CHECKING:
    from partwell.actions.releases.bundle_scope import Contents

FOLDER = "correspondence"
COLUMNS = (
    "number",
    "kind",
    "at",
    "who",
    "to",
    "subject",
    "entry",
    "proof",
    "files",
    "state",
    "held",
    "came",
    "attached",
    "recordings",
)
_LEGACY = {"message": "messages.json", "call": "calls.json", "mail": "mails.json"}
_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">\
<title>{title}</title><style>{style}</style></head><body><main><h1>{title}</h1>
<p>{note}</p><table><thead><tr><th>No.</th><th>When</th><th>Who</th><th>To</th><th>What</th><th>Entry</th><th>Files</th></tr></thead><tbody>
"""


class _Writer:
    """Open files of one export; ``files`` collects what goes into the bundle."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.files = folder / FOLDER, list[BundleFile]()
        for name in ("messages", "mails"):
            (self.folder / name).mkdir(parents=True)
        self._stack, self._names = stack, list[str]()
        self._firsts: dict[str, bool] = {}

    def open(self, name: str) -> IO[str]:
        """A text file of the export that stays open to its end."""
        self._names.append(name)
        return self._stack.enter_context(
            (self.folder / name).open("w", encoding="utf-8", errors="replace", newline="")
        )

    def add(self, name: str, data: bytes) -> str:
        """A file that is whole; its path inside the export."""
        (self.folder / name).write_bytes(data)
        self.files.append(BundleFile.from_path(f"{FOLDER}/{name}", self.folder / name))
        return name

    def done(self) -> list[BundleFile]:
        """After the stack closed: the open files too."""
        return [
            *self.files,
            *(BundleFile.from_path(f"{FOLDER}/{name}", self.folder / name) for name in self._names),
        ]


class _List:
    """A JSON array, element by element."""

    def __init__(self, out: IO[str]) -> None:
        self._out, self._first = out, True
        out.write("[")

    def add(self, value: Any) -> None:
        self._out.write(("\n" if self._first else ",\n") + json.dumps(value, ensure_ascii=False))
        self._first = False

    def end(self) -> None:
        self._out.write("\n]\n")


def write_said(
    contents: "Contents", folder: Path, zone: str, tick: Callable[[int, int], object]
) -> list[BundleFile]:
    """Everything of ``contents.said``; ``tick`` is told after each thing and volume how many of how many are written. Memory holds one lot at a time."""
    order, party = contents.order, contents.order.party.value
    total, volumes = len(contents.said), sum(1 for _ in lots(contents.said))
    client = contents.client.legal_name or contents.client.name
    people = parties_of(order.client_id, contents.said, party, client, contents.name)
    with ExitStack() as stack:
        to = _Writer(folder, stack)
        table = csv.writer(to.open("index.csv"), quoting=csv.QUOTE_ALL)
        table.writerow(COLUMNS)
        index, proofs, page, text = (
            _List(to.open("index.json")),
            to.open("entries.txt"),
            to.open("index.html"),
            to.open("correspondence.txt"),
        )
        legacy = {kind: _List(to.open(name)) for kind, name in _LEGACY.items()}
        page.write(_HEAD.format(title=escape(f"What was said: {contents.client.legal_name or contents.client.name}"), style=PAGE_STYLE,
                                note=escape(f"{total:,} messages, calls and mails, oldest first. Times are in {zone}.")))  # fmt: skip
        number = 0
        for volume, lot in enumerate(lots(contents.said), 1):
            listed = load(lot, party, order.client_id, order.recipient_id, zone)
            marks = marks_of(listed, party, zone)
            rows = list[dict[str, Any]]()
            for said in listed:
                number += 1
                row = _write_one(to, said, number, proofs) | _marked(marks[said.key.id])
                contents.recordings += _recordings(to, said, row, proofs, zone)
                rows.append(row)
                index.add(row)
                table.writerow([neutral(_cell(row[name])) for name in COLUMNS])
                page.write(_html(row, zone, said))
                more = {"recordings": row["recordings"]} if said.key.kind == "call" else {}
                legacy[said.key.kind].add(said.facts | more)
                if said.key.kind != "mail":
                    text.write(f"{'-' * 72}\n{row['at']} · {said.who}: {said.title}\n\n{said.text}\n\n")
                tick(number, total)
            to.add(
                f"correspondence-{volume:03}.pdf",
                _volume(contents, people, listed, rows, volume, volumes, total, zone),
            )
            tick(number, total)
        page.write("</tbody></table></main></body></html>\n")
        for each in (index, *legacy.values()):
            each.end()
    return to.done()


def _marked(marks: Marks) -> dict[str, Any]:
    """The columns of the index that stand beside the words."""
    return {"held": marks.held, "came": marks.came, "attached": [{"name": name, "sha256": digest} for name, digest in marks.attached]}  # fmt: skip


def _cell(value: Any) -> str:
    return (
        "; ".join(
            str(one.get("words") or f"{one['name']} {one['sha256']}") if isinstance(one, dict) else str(one)
            for one in value
        )
        if isinstance(value, list)
        else ""
        if value is None
        else str(value)
    )


def _write_one(to: _Writer, said: Said, number: int, proofs: IO[str]) -> dict[str, Any]:
    """The files of one thing, its lines in entries.txt, and its row of the lists."""
    files, missing = list[str](), list[str]()
    paths: dict[str, str] = {}
    for place, mail in enumerate(said.mails, 1):
        name = f"mails/{number:06}-{place}.eml"
        try:
            digest = _eml(to, name, mail)
        except (ConnectorError, OSError, LookupError) as error:
            missing.append(f"{name}: it could not be put together again ({type(error).__name__})")
            continue
        files.append(name)
        if mail.envelope is None:
            paths["raw"] = name
        elif digest == mail.envelope.sent_sha256:
            paths[mail.envelope.id.hex] = name
        elif mail.envelope.sent_sha256:
            missing.append(f"{name}: it is not byte for byte what was handed to the server")
    place = 0
    for what, digest, entry, data in said.proofs:
        if what == "words":
            assert data is not None
            path = to.add(f"messages/{number:06}.txt", data)
        elif what == "mail":
            assert data is not None
            place += 1
            path = to.add(f"mails/{number:06}-{place}.json", data)
        elif what in paths:
            path = paths[what]
        else:
            continue
        files.append(path)
        proofs.write(f"{digest} {entry} data/{FOLDER}/{path}\n")
    return {"number": number, "kind": said.key.kind, "at": said.key.at.isoformat(), "who": said.who, "to": said.to, "subject": said.title,
            "entry": said.entry, "proof": f"proof/{said.entry}.tlog-proof" if said.entry is not None else None, "files": list(dict.fromkeys(files)),
            "state": [mail.state for mail in said.mails], "proved": [digest for _, digest, _, _ in said.proofs], "missing": missing,
            "mails": [{"message_id": mail.message_id, "state": mail.state, "at": mail.at.isoformat(), "subject": mail.subject,
                       "recipients": list(mail.recipients), "attachments": list(mail.attachments)} for mail in said.mails]}  # fmt: skip


def _recordings(to: _Writer, said: Said, row: dict[str, Any], proofs: IO[str], zone: str) -> list[UUID]:
    """The recordings of a call, streamed from the vault when the bundle is written: files, lines of entries.txt, the row's column.

    Gives the ids of those whose file is in the export.
    """
    row["recordings"], taken = [], list[UUID]()
    for place, one in enumerate(said.recordings, 1):
        path: str | None = None
        if one.state == "kept":
            path = one.path(row["number"], place)
            try:
                to.files.append(_stored(one.file, f"{FOLDER}/{path}"))
            except Refused:  # its key went after it was listed
                raise Outdated(str(one.id)) from None
            except (ConnectorError, OSError, LookupError) as error:
                row["missing"].append(f"{path}: it could not be read ({type(error).__name__})")
                path = None
        if path is not None:
            taken.append(one.id)
            row["files"].append(path)
            if one.proved and one.entry is not None:
                row["proved"].append(one.file.sha256)
                proofs.write(f"{one.file.sha256} {one.entry} data/{FOLDER}/{path}\n")
        row["recordings"].append(row_of(one, path, zone))
    return taken


def _eml(to: _Writer, name: str, mail: Mail) -> str:
    """Ours is built from what is frozen in it; one that came in is its raw bytes, streamed from the vault. Its SHA-256."""
    if mail.envelope is not None:
        data = message_of(mail.envelope)
        to.add(name, data)
        return hashlib.sha256(data).hexdigest()
    assert mail.raw is not None  # one of the two is set
    to.files.append(_stored(mail.raw, f"{FOLDER}/{name}"))
    return mail.raw.sha256


def _stored(file: StoredFile, name: str) -> BundleFile:
    unit = open_unit(file.unit)

    def opened() -> Any:
        return blob_store().open(file.blob_id, unit.key, unit.place("vault.StoredFile", file.id, "content"))

    return BundleFile(name, file.size, file.crc32, file.sha256, opened)


def _html(row: dict[str, Any], zone: str, said: Said) -> str:
    links = ", ".join(f'<a href="{escape(one)}">{escape(one.rpartition("/")[2])}</a>' for one in row["files"])
    entry = f'<a href="../../{row["proof"]}">{row["entry"]}</a>' if row["proof"] else ""
    beside = "".join(f"<br><small>{escape(one)}</small>" for one in (*row["held"], *row["came"]))
    beside += "".join(
        f"<br><small>{escape(one['name'])} <code>{one['sha256']}</code></small>" for one in row["attached"]
    )
    beside += "".join(f"<br><small>Recording: {escape(one['words'])}</small>" for one in row["recordings"])
    cells = (
        str(row["number"]),
        escape(moment_text(said.key.at, zone)),
        escape(said.who),
        escape("; ".join(said.to)),
        escape(said.title) + beside,
        entry,
        links,
    )
    return "<tr>" + "".join(f"<td>{one}</td>" for one in cells) + "</tr>\n"


_WAYS = {"accepted": "left; the server took it", "received": "came in", "failed": "could not be delivered", "stopped": "stopped before it left",
         "unknown": "left; nobody knows whether it arrived", "queued": "waits to leave"}  # fmt: skip


def _carried(mail: Mail, zone: str) -> str:
    """One mail in one line: what became of it, when, to whom, under which Message-ID."""
    line = f"{_WAYS.get(mail.state, mail.state)}, {moment_text(mail.at, zone)}"
    return line + (f", to {', '.join(mail.recipients)}" if mail.recipients else "") + (f", {mail.message_id}" if mail.message_id else "")  # fmt: skip


def _volume(
    contents: "Contents",
    people: list[str],
    listed: list[Said],
    rows: list[dict[str, Any]],
    volume: int,
    volumes: int,
    total: int,
    zone: str,
) -> bytes:
    """One signed PDF/A of a lot: its list, then every word."""
    first, last = listed[0].key.at, listed[-1].key.at
    items = [
        {"number": f"{row['number']:,}", "what": said.key.kind, "at": said.key.at, "who": said.who or None, "to": "; ".join(said.to) or None,
         "title": said.title or "Without a subject", "text": said.text, "entry": str(said.entry) if said.entry is not None else None,
         "digest": said.proofs[0][1] if said.proofs else None, "note": "; ".join(row["missing"]) or None,
         "mails": [_carried(mail, zone) for mail in said.mails], "held": row["held"], "came": row["came"], "proof": row["proof"],
         "attached": [f"{one['name']}, SHA-256 {one['sha256']}" for one in row["attached"]], "files": row["files"],
         "recordings": [one["words"] for one in row["recordings"]]}
        for said, row in zip(listed, rows, strict=True)
    ]  # fmt: skip
    client = contents.client.legal_name or contents.client.name
    data = {"client": client, "firm": contents.name if contents.name != client else None, "period": f"{moment_text(first, zone)} – {moment_text(last, zone)}",
            "count": f"{total:,}", "numbers": f"{rows[0]['number']:,}–{rows[-1]['number']:,}", "volume": f"{volume} of {volumes}", "parties": people, "items": items}  # fmt: skip
    return make_letter("correspondence", data, to_name=contents.name, reason="What was said")
