# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail files (.eml), read without trusting them; the file itself is kept byte for byte.

``email.policy.default`` raises IndexError and LookupError on hostile headers, so every
step is guarded and falls back to ``compat32`` and, at last, to the bytes.
"""

import contextlib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from partwell.importers import mediatype
from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    Notice,
    Options,
    Read,
    Understood,
    clean,
    fingerprint_of,
    kept,
    safe_name,
)
from partwell.importers.limits import MIB
from partwell.importers.mail_charset import decode
from partwell.importers.mail_text import (
    Address,
    _addresses,
    _date,
    _decoded,
    _headers,
    html_to_text,
    one_line,
)
from partwell.rules.terms import Category, Custodian, ItemKind

KIND = "mail"
LABEL = "Mail (.eml)"
UNDERSTANDS = (
    "RFC 5322 mail with any nesting up to 20 deep, in any character set that Python knows",
    "sender, recipients, date with zone, subject, thread, text, names and sizes of attachments",
)
DOES_NOT_UNDERSTAND = (
    "Outlook .msg and winmail.dat: kept whole as documents",
    "signatures (S/MIME, DKIM): the bytes are kept, so that anyone can check them later",
    "encrypted mail: kept whole",
    "mails inside mails: listed as attachments",
)
MAX_SIZE = 64 * MIB
_MAX_PARTS, _MAX_DEPTH, _MAX_TEXT = 500, 20, 200_000


@dataclass(frozen=True, slots=True)
class Attachment:
    """``size`` in bytes as decoded; ``name`` is a plain file name."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a mail says of itself; every field may be empty, and none is proof.

    ``date``: the Date header, with zone (UTC where the header gives none); ``received``: when
    the last server says it took it. ``defects``: the parser's names for what is malformed.
    ``problems``: sentences for people; a mail that is none has one and nothing else.
    """

    from_: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: datetime | None = None
    received: datetime | None = None
    subject: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    automatic: bool = False
    size: int = 0
    sha256: str = ""
    defects: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())
    is_mail: bool = True

    @property
    def sender(self) -> str:
        """The first From address, or ""."""
        return str(self.from_[0]) if self.from_ else ""


@dataclass(frozen=True, slots=True)
class NoticeSuggestion:
    """What a notice's form may start from; a person confirms every field.

    ``received_at`` has a zone; ``received_basis`` says where it comes from. ``doubts`` are
    sentences to show beside it.
    """

    received_at: datetime | None
    received_basis: str
    sender_name: str
    sender_address: str
    subject: str
    message_id: str
    words: str
    doubts: tuple[str, ...] = ()


def sniff(path: Path, head: bytes) -> float:
    """0.95 where it begins with mail headers, 0.5 where it is only called .eml."""
    if mediatype.of_bytes(head) == mediatype.MAIL:
        return 0.95
    return 0.5 if path.suffix.casefold() == ".eml" else 0.0


def parse(raw: bytes) -> ParsedMail:
    """What can be read of a mail. Never raises for any bytes: what went wrong stands in ``problems``."""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        return _parse(raw, digest)
    except Exception:  # noqa: BLE001  # the promise of this function; the bytes are kept whatever happens
        return ParsedMail(
            size=len(raw),
            sha256=digest,
            is_mail=False,
            problems=(
                "This mail is malformed so badly that nothing of it can be read; the file is kept as it is.",
            ),
        )


def _parse(raw: bytes, digest: str) -> ParsedMail:
    problems: list[str] = []
    structure = len(raw) <= MAX_SIZE and raw.lower().count(b"multipart/") <= 2000
    message: Message[Any, Any] | None = None
    for rules in (policy.default, policy.compat32):
        try:
            parser = BytesParser(policy=rules)
            message = parser.parsebytes(raw if structure else raw[:MIB], headersonly=not structure)
            break
        except Exception as error:  # noqa: BLE001  # whatever the parser trips over, the next policy is tried
            if isinstance(error, RecursionError):
                structure = False
    if message is None:  # nested so deeply that both parsers gave up: the headers alone
        message = BytesParser(policy=policy.compat32).parsebytes(raw[:MIB], headersonly=True)
    if not structure:
        problems.append("Its structure is too large or too deep to be read; only its headers were.")
    headers = _headers(message)
    if not any(name in headers for name in ("from", "date", "subject", "received", "message-id", "to")):
        return ParsedMail(
            size=len(raw),
            sha256=digest,
            is_mail=False,
            problems=("This file is no mail: it has neither sender nor date nor subject.",),
        )
    parts = list(_walk(message, problems)) if structure else []
    date = _date(headers.get("date", [""])[0])
    if not headers.get("from"):
        problems.append("It names no sender.")
    if date is None:
        problems.append("It has no date that can be read.")
    received = next(
        (when for one in headers.get("received", [])[:1] if (when := _date(one.rpartition(";")[2]))), None
    )

    def one(name: str) -> str:
        return one_line(_decoded(headers.get(name, [""])[0]), 1000)

    return ParsedMail(
        from_=_addresses(headers.get("from")),
        to=_addresses(headers.get("to")),
        cc=_addresses(headers.get("cc")),
        reply_to=_addresses(headers.get("reply-to")),
        date=date,
        received=received,
        subject=one("subject"),
        message_id=one("message-id"),
        in_reply_to=one("in-reply-to"),
        references=tuple(clean(ref, 300) for ref in headers.get("references", [""])[0].split()[:100]),
        text=_text(parts, problems),
        attachments=tuple(_attachments(parts)),
        size=len(raw),
        sha256=digest,
        automatic=headers.get("auto-submitted", ["no"])[0].strip().casefold() != "no"
        or message.get_content_type() == "multipart/report"
        or one("return-path") == "<>",
        defects=tuple(
            sorted({type(defect).__name__ for part in [message, *parts] for defect in part.defects})
        ),
        problems=tuple(dict.fromkeys(problems)),
    )


def _walk(message: "Message[Any, Any]", problems: list[str]) -> Iterator["Message[Any, Any]"]:
    """The leaves, bounded; a mail inside the mail is a leaf."""
    waiting = [(message, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if count > _MAX_PARTS or depth > _MAX_DEPTH:
            problems.append(
                f"It has more than {_MAX_PARTS} parts or nests deeper than {_MAX_DEPTH}; the rest was not read."
            )
            if count > _MAX_PARTS:
                return
            continue
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [(child, depth + 1) for child in reversed(payload) if isinstance(child, Message)]
        else:
            yield part


def _content(part: "Message[Any, Any]") -> bytes:
    """A leaf's bytes, its transfer encoding undone as far as possible."""
    if part.get_content_maintype() == "message":
        with contextlib.suppress(Exception):
            return b"".join(child.as_bytes(policy=policy.compat32) for child in part.get_payload())  # type: ignore[union-attr]
        return b""
    with contextlib.suppress(Exception):
        data = part.get_payload(decode=True)
        return data if isinstance(data, bytes) else b""
    return b""


def _is_attachment(part: "Message[Any, Any]") -> bool:
    return (
        "attachment" in str(part.get("Content-Disposition", "")).casefold()
        or part.get_content_maintype() != "text"
        or bool(_file_name(part))
    )


def _guarded(part: "Message[Any, Any]") -> bool:
    try:
        return _is_attachment(part)
    except Exception:  # noqa: BLE001  # policy.default parses the header on access
        return part.get_content_maintype() != "text"


def _file_name(part: "Message[Any, Any]") -> str:
    with contextlib.suppress(Exception):
        return safe_name(_decoded(part.get_filename() or ""), "")
    return ""


def _text(parts: list["Message[Any, Any]"], problems: list[str]) -> str:
    """The first plain text, else the first HTML as text."""
    bodies = [part for part in parts if not _guarded(part)]
    for wanted in ("text/plain", "text/html"):
        for part in bodies:
            if part.get_content_type() == wanted:
                charset = None
                with contextlib.suppress(Exception):
                    charset = part.get_content_charset()
                text = (
                    decode(_content(part)[: 4 * _MAX_TEXT], charset).replace("\r\n", "\n").replace("\x00", "")
                )
                text = text if wanted == "text/plain" else html_to_text(text)
                if len(text) > _MAX_TEXT:
                    problems.append("Its text is very long; only the beginning is shown.")
                return text[:_MAX_TEXT].strip()
    return ""


def _attachments(parts: list["Message[Any, Any]"]) -> Iterator[Attachment]:
    for number, part in enumerate((part for part in parts if _guarded(part)), 1):
        yield Attachment(
            _file_name(part) or f"part {number}", clean(part.get_content_type(), 100), len(_content(part))
        )


_QUOTED = re.compile(
    r"^\s*(>|On .{5,200} wrote:$|Am .{5,200} schrieb|-{2,}\s*Original|_{10,}|From: .+@)", re.I
)


def propose_notice(mail: ParsedMail) -> NoticeSuggestion:
    """What to fill a notice's form with: received when (with zone) and from where, whose words, and what is doubtful."""
    received, basis = (
        (mail.received, "the receiving server's own line")
        if mail.received
        else (mail.date, "the sender's date")
        if mail.date
        else (None, "")
    )
    doubts = list(mail.problems)
    sender = mail.from_[0] if mail.from_ else Address("", "")
    if mail.automatic:
        doubts.append("It was sent by a program (a report or automatic answer), not by a person.")
    if len(mail.from_) > 1:
        doubts.append("It names more than one sender.")
    if mail.reply_to and mail.reply_to[0].address.casefold() != sender.address.casefold():
        doubts.append(f"Answers would go to {mail.reply_to[0].address}, not to the sender.")
    if mail.date and mail.received and abs((mail.received - mail.date).total_seconds()) > 86_400:
        doubts.append("The sender's date and the server's differ by more than a day.")
    words: list[str] = []
    for paragraph in re.split(r"\n\s*\n", mail.text):
        if paragraph.strip() in ("--", "-- ") or _QUOTED.match(paragraph):
            break
        if sum(map(len, words)) + len(paragraph) > 1500 and words:
            break
        words.append(paragraph.strip())
    return NoticeSuggestion(
        received,
        basis,
        sender.name,
        sender.address,
        mail.subject,
        mail.message_id,
        clean("\n\n".join(filter(None, words)), 2000),
        tuple(doubts),
    )


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """The mail as one document item whose file is the source itself. ImportRefused where it is no mail."""
    if source.stat().st_size > min(MAX_SIZE, options.limits.file_size):
        raise ImportRefused(
            "too_large",
            f"This mail is larger than {MAX_SIZE // MIB} MiB.",
            source.name,
            "Keep it as a document.",
        )
    mail = parse(source.read_bytes())
    if not mail.is_mail:
        raise ImportRefused(
            "not_mail",
            mail.problems[0],
            source.name,
            "Keep it as a document, or save the mail again as .eml.",
        )
    yield Understood(
        "mail", f"A mail from {clean(mail.sender, 100) or 'nobody'} with {len(mail.attachments)} attachments."
    )
    yield ImportedItem(
        title=clean(mail.subject, 200) or source.name,
        category=Category.OTHER,
        kind=ItemKind.DOCUMENT,
        custodian=Custodian.MSP,
        external_id=mail.message_id,
        source_line=source.name,
        details=kept(
            {
                "from": mail.sender,
                "to": ", ".join(map(str, mail.to[:10])),
                "sha256": mail.sha256,
                "date": mail.date.isoformat() if mail.date else "",
                "file_name": safe_name(source.name),
                "attachments": ", ".join(one.name for one in mail.attachments[:20]),
                "proposal": "Outside the eight categories, because it is a mail: please choose.",
            }
        ),
        file=FileRef(safe_name(source.name), mediatype.MAIL, mail.size, path=source),
        fingerprint=fingerprint_of("document", mail.sha256),
    )
    for sentence in mail.problems:
        yield Notice(source.name, "mail_problem", sentence)
