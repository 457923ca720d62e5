# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that came in, read in the guarded process: what it says of itself, its text, and its parts as files.

Nothing of it is proof. The facts travel as one JSON document in ``Understood("inbound")``, each part as an item whose
file lies in the spool; ``wire_facts`` and ``MailRead`` are the two ends of that document.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from partwell.importers import mail_forward, mail_smime, mail_text, mail_tnef
from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    Options,
    Read,
    Understood,
    clean,
    safe_name,
)
from partwell.importers.mail_body import LONGEST, attached, body_of
from partwell.importers.mail_charset import decode
from partwell.importers.mail_forward import ATTACHED, Forwarded
from partwell.importers.mail_parts import Apart, Part, take_apart
from partwell.importers.mail_text import Address, _addresses, _date, _decoded, one_line
from partwell.rules.terms import Category, Custodian, ItemKind

KIND = "inbound"
LABEL = "Mail that came in"
_IDS = re.compile(r"<[^<>\s]{1,290}>")
_REPORT = 64 * 1024


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One address of a delivery status (RFC 3464): the final one, else the original. ``original``: as the sender had named it."""

    address: str
    action: str
    status: str = ""
    diagnostic: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class MailRead:
    """What a mail says of itself; every field may be empty, and none is proof. ``is_mail``: it has headers of a mail.

    ``delivered``: addresses that servers noted on the way, then To and Cc. ``automatic``: why it was sent by a program, or "".
    ``report_of``: Message-IDs of the mail that a delivery status is about. ``marks``: encrypted, signed, tnef, calendar, html. ``forward``: the mail inside it, where there is one.
    """

    is_mail: bool = True
    from_: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    delivered: tuple[str, ...] = ()
    date: datetime | None = None
    subject: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    hops: int = 0
    automatic: str = ""
    forward: Forwarded = field(default_factory=Forwarded)
    report: tuple[ReportLine, ...] = ()
    report_of: tuple[str, ...] = ()
    text: str = ""
    marks: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def wire_facts(mail: MailRead) -> dict[str, str]:
    """One JSON document, for the pipe."""
    plain = asdict(mail)
    plain["date"] = mail.date.isoformat() if mail.date else ""
    plain["forward"]["date"] = mail.forward.date.isoformat() if mail.forward.date else ""
    return {"json": json.dumps(plain)}


def from_wire_facts(facts: dict[str, str]) -> MailRead:
    """The other end; what comes from the guarded process is not trusted: wrong types raise ImportRefused."""
    try:
        raw: dict[str, Any] = mail_text.storable(json.loads(facts["json"]))

        def people(name: str, of: dict[str, Any] = raw) -> tuple[Address, ...]:
            return tuple(Address(str(one["name"])[:200], str(one["address"])[:320]) for one in of[name])

        def texts(name: str, longest: int = 320, of: dict[str, Any] = raw) -> tuple[str, ...]:
            return tuple(str(one)[:longest] for one in of[name])

        inner = raw["forward"]
        forward = Forwarded(
            how=inner["how"] if inner["how"] in ("inline", ATTACHED) else "", marked=bool(inner["marked"]), replies=bool(inner["replies"]),
            originals=int(inner["originals"]), unread=bool(inner["unread"]), name=str(inner["name"])[:200], address=str(inner["address"])[:320],
            date=mail_text.sound_date(inner["date"]), subject=str(inner["subject"])[:300],
            to=people("to", inner)[:100], cc=people("cc", inner)[:100], text=str(inner["text"])[: mail_forward.LONGEST], own=int(inner["own"]),
            message_id=str(inner["message_id"])[:300], in_reply_to=str(inner["in_reply_to"])[:300], references=texts("references", 300, inner),
        )  # fmt: skip

        return MailRead(
            is_mail=bool(raw["is_mail"]), from_=people("from_"), to=people("to"), cc=people("cc"), reply_to=people("reply_to"),
            delivered=texts("delivered"), date=mail_text.sound_date(raw["date"]),
            subject=str(raw["subject"])[:300], message_id=str(raw["message_id"])[:300], in_reply_to=str(raw["in_reply_to"])[:300],
            references=texts("references", 300), hops=int(raw["hops"]), automatic=str(raw["automatic"])[:200],
            forward=forward,
            report=tuple(ReportLine(str(one["address"])[:320], str(one["action"])[:12], str(one["status"])[:12],
                                    str(one["diagnostic"])[:600], str(one["original"])[:320]) for one in raw["report"]),
            report_of=texts("report_of", 300), text=str(raw["text"])[:LONGEST], marks=texts("marks", 20),
            problems=texts("problems", 300),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ImportRefused("answer_invalid", "The program that reads mail gave an answer that makes no sense.", "",
                            "The mail is kept as it came.") from error  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """Nobody chooses this kind."""
    return 0.0


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """The facts first, then each part in order, its file below ``options.spool``."""
    if options.spool is None:
        raise ImportRefused(
            "no_spool", "There is no folder for the parts of this mail.", source.name, "Name one."
        )
    apart = take_apart(source, options.spool)
    mail_smime.open_signed(apart, options.spool)
    inside = _inside(apart, options.spool)
    yield Understood(KIND, "A mail.", wire_facts(mail_of(apart, inside)))
    if not apart.whole:
        return
    original = inside[0] if inside else None
    yield from _items(apart, 0, original=original)
    if inside and inside[1].whole and len(_mails(apart)) == 1:
        yield from _items(inside[1], len(apart.parts), inner=True)
    packed = next((one for one in apart.parts if mail_tnef.is_tnef(one.media_type, _name(one, 0))), None)
    if packed is not None:
        after = len(apart.parts) + (len(inside[1].parts) if inside else 0)
        yield from mail_tnef.items(packed.path, options.spool / "packed", after)


def _items(
    apart: Apart, before: int, *, original: Part | None = None, inner: bool = False
) -> Iterator[ImportedItem]:
    """The parts of a mail, or (``inner``) of the mail inside it, numbered after the ``before`` first."""
    body = body_of(apart.parts)
    said = () if body.cut else body.parts
    for number, part in enumerate(apart.parts, 1 + before):
        disposition = _header(part, "Content-Disposition")
        inline = not disposition.casefold().startswith("attachment")
        yield ImportedItem(
            title=_name(part, number), category=Category.OTHER, kind=ItemKind.DOCUMENT, custodian=Custodian.MSP,
            details={"body": "1" if part.media_type == "text/plain" and any(part is one for one in said) and not attached(part) else "",
                     "inline": "1" if inline else "", "cid": clean(_header(part, "Content-ID"), 200),
                     "original": "1" if part is original else "", "inner": "1" if inner else ""},
            external_id=str(number), file=FileRef(_name(part, number), clean(part.media_type, 100), part.size, path=part.path),
        )  # fmt: skip


def _mails(apart: Apart) -> list[Part]:
    """The mails that are attached to a mail; none of a report, whose mail is ours."""
    if _is_report(apart):
        return []
    return [part for part in apart.parts
            if part.media_type == "message/rfc822" or (_name(part, 0).casefold().endswith(".eml") and not part.media_type.startswith("text/"))]  # fmt: skip


def _inside(apart: Apart, spool: Path) -> tuple[Part, Apart] | None:
    """The first attached mail that can be read, taken apart; one level deep, below a folder of its own."""
    for number, part in enumerate(_mails(apart)[:10], 1):
        folder = spool / f"inside-{number}"
        folder.mkdir(mode=0o700)
        inner = take_apart(part.path, folder)
        if any(name.casefold() == "from" for name, _ in inner.headers):
            return part, inner
    return None


def mail_of(apart: Apart, inside: tuple[Part, Apart] | None = None) -> MailRead:
    """What the headers and the text say, and what the mail ``inside`` it says. Never raises: what cannot be read is empty."""
    headers: dict[str, list[str]] = {}
    for name, value in apart.headers[:2000]:
        headers.setdefault(name.casefold(), []).append(value[:20_000])
    is_mail = any(name in headers for name in ("from", "date", "subject", "received", "message-id", "to"))
    problems = list(apart.problems)
    if not is_mail:
        problems.append("It is no mail: it has neither sender nor date nor subject.")

    def one(name: str, longest: int) -> str:
        return one_line(_decoded(headers.get(name, [""])[0]), longest)

    delivered = [
        address.address
        for name in ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "to", "cc", "resent-to", "bcc")
        for address in _addresses(headers.get(name))
    ]  # fmt: skip
    ids = _IDS.findall(" ".join(headers.get("references", [])[:20]))[-100:]
    answered = _IDS.findall(headers.get("in-reply-to", [""])[0])
    date = _date(headers.get("date", [""])[0]) if headers.get("date") else None
    if is_mail and not headers.get("from"):
        problems.append("It names no sender.")
    if is_mail and date is None:
        problems.append("It has no date that can be read.")
    lines, about = _report(apart)
    body = body_of(apart.parts)
    if body.cut:
        problems.append("Its text is very long; only the beginning is shown.")
    own = _IDS.findall(headers.get("message-id", [""])[0])
    return MailRead(
        is_mail=is_mail, from_=_addresses(headers.get("from"))[:20], to=_addresses(headers.get("to"))[:100],
        cc=_addresses(headers.get("cc"))[:100], reply_to=_addresses(headers.get("reply-to"))[:20],
        delivered=tuple(dict.fromkeys(one for one in delivered if one))[:200], date=date, subject=one("subject", 300),
        message_id=own[0] if own else one("message-id", 300), in_reply_to=answered[0] if answered else "",
        references=tuple(dict.fromkeys([*ids, *answered])), hops=len(headers.get("received", [])),
        automatic=_automatic(apart, headers), forward=_forward(apart, one("subject", 300), body.text, inside),
        report=lines, report_of=about, text=body.text, marks=_marks(apart, body.text), problems=tuple(dict.fromkeys(problems))[:20],
    )  # fmt: skip


def _automatic(apart: Apart, headers: dict[str, list[str]]) -> str:
    """Why a program sent it (RFC 3834 and what lists and responders use), or ""."""

    def first(name: str) -> str:
        return headers.get(name, [""])[0].strip().casefold()

    if (auto := first("auto-submitted")) and not auto.startswith("no"):
        return f"Auto-Submitted: {clean(auto, 60)}"
    if first("precedence") in ("bulk", "list", "junk", "auto_reply"):
        return f"Precedence: {first('precedence')}"
    for name in (
        "list-id",
        "list-unsubscribe",
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-auto-response",
    ):
        if name in headers:
            return name.title()
    if "return-path" in headers and first("return-path") in ("<>", ""):
        return "An empty return path"
    with contextlib.suppress(Exception):
        if apart.head.get_content_type() in ("multipart/report", "message/delivery-status"):
            return "A report"
    return ""


def _header(part: Part, name: str) -> str:
    with contextlib.suppress(Exception):
        return str(part.head.get(name, ""))
    return ""


def _name(part: Part, number: int) -> str:
    with contextlib.suppress(Exception):
        if found := safe_name(_decoded(part.head.get_filename() or ""), ""):
            return found
    kinds = {"text/plain": "text.txt", "text/html": "message.html", "text/calendar": "invitation.ics", "message/rfc822": "message.eml",
             "message/delivery-status": "delivery status.txt", "application/ms-tnef": "winmail.dat"}  # fmt: skip
    return kinds.get(part.media_type, f"part {number}")


def _beginning(part: Part, size: int) -> bytes:
    with part.path.open("rb") as stream:
        return stream.read(size)


def _marks(apart: Apart, text: str) -> tuple[str, ...]:
    found = []
    kinds = {part.media_type for part in apart.parts}
    with contextlib.suppress(Exception):
        kinds.add(apart.head.get_content_type())
    if (
        kinds & {"multipart/encrypted", "application/pgp-encrypted"}
        or any(_smime(part) == "enveloped-data" for part in apart.parts)
        or "-----BEGIN PGP MESSAGE-----" in text
    ):
        found.append("encrypted")
    if (
        kinds
        & {
            "multipart/signed",
            "application/pgp-signature",
            "application/pkcs7-signature",
            "application/x-pkcs7-signature",
        }
        or "-----BEGIN PGP SIGNED MESSAGE-----" in text
        or any(_smime(part) == "signed-data" for part in apart.parts)
    ):
        found.append("signed")
    if any(mail_tnef.is_tnef(part.media_type, _name(part, 0)) for part in apart.parts):
        found.append("tnef")
    if kinds & {"text/calendar", "application/ics"}:
        found.append("calendar")
    if "text/html" in kinds:
        found.append("html")
    return tuple(found)


def _smime(part: Part) -> str:
    """What an S/MIME part holds, by its bytes, else by its word; "" of any other part."""
    if (kind := mail_smime.kind_of(part)) or part.media_type not in mail_smime.TYPES:
        return ("signed-data" if kind == mail_smime.SIGNED else "enveloped-data") if kind else ""
    with contextlib.suppress(Exception):
        return str(part.head.get_param("smime-type") or "enveloped-data").casefold()
    return "enveloped-data"


def _forward(apart: Apart, subject: str, text: str, inside: tuple[Part, Apart] | None) -> Forwarded:
    """What the mail says of a mail inside it: attached as a file, or quoted with its headers."""
    found = mail_forward.inline(text)
    mails = _mails(apart)
    unread = any(
        _name(part, 0).casefold().endswith(".msg") or part.media_type == "application/vnd.ms-outlook"
        for part in apart.parts
    )
    if inside is not None:
        inner = mail_of(inside[1])
        first = inner.from_[0] if len(inner.from_) == 1 else Address("", "")
        found = Forwarded(
            how=ATTACHED, originals=len(mails), name=first.name, address=first.address, date=inner.date, subject=inner.subject, to=inner.to,
            cc=inner.cc, text=inner.text[: mail_forward.LONGEST], own=len(mail_forward.own_words(text)), message_id=inner.message_id,
            in_reply_to=inner.in_reply_to, references=inner.references,
        )  # fmt: skip
    elif mails:
        unread = True
    found = found or Forwarded(own=len(mail_forward.own_words(text)))
    return replace(
        found, marked=mail_forward.marked(subject), replies=mail_forward.replies(subject), unread=unread
    )


def _is_report(apart: Apart) -> bool:
    return any(part.media_type == "message/delivery-status" for part in apart.parts)


def _report(apart: Apart) -> tuple[tuple[ReportLine, ...], tuple[str, ...]]:
    """The lines of a delivery status, and the Message-IDs of the mail that came back with it."""
    lines: list[ReportLine] = []
    ids: list[str] = []
    if not _is_report(apart):
        return (), ()
    for part in apart.parts:
        if part.media_type == "message/delivery-status":
            for block in re.split(r"\n\s*\n", decode(_beginning(part, _REPORT), None).replace("\r\n", "\n"))[
                :100
            ]:
                fields: dict[str, str] = {}
                for line in re.sub(r"\n[ \t]+", " ", block).split("\n"):
                    name, colon, value = line.partition(":")
                    if colon:
                        fields.setdefault(name.strip().casefold(), " ".join(value.split()))
                first, last = (clean(fields.get(name, "").rpartition(";")[2].strip().strip("<>"), 320)
                               for name in ("original-recipient", "final-recipient"))  # fmt: skip
                address = last or first
                action = fields.get("action", "").casefold()
                if address and action in ("failed", "delayed", "delivered", "relayed", "expanded"):
                    status = re.match(r"[245]\.\d{1,3}\.\d{1,3}", fields.get("status", ""))
                    lines.append(ReportLine(address, action, status[0] if status else "",
                                            clean(fields.get("diagnostic-code", ""), 600), first))  # fmt: skip
        elif part.media_type in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global",
        ):
            head = re.split(r"\r?\n\r?\n", decode(_beginning(part, _REPORT), None), maxsplit=1)[0]
            found = re.search(
                r"^message-id:\s*(<[^<>\s]{1,290}>)", re.sub(r"\r?\n[ \t]+", " ", head), re.I | re.M
            )
            if found:
                ids.append(found[1])
    return tuple(lines[:100]), tuple(ids[:10])
