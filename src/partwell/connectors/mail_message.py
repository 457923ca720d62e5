# SPDX-License-Identifier: AGPL-3.0-or-later
"""An RFC 5322 message from plain values, the same bytes for the same values.

Written by hand, not by ``email.message``: its folding changes between Python versions, and the bytes
are pinned by digest in the outbox. Always CRLF, always 7-bit except addresses that need SMTPUTF8; text as
quoted-printable, attachments as base64; boundaries come from the Message-ID. Quoted-printable and base64 cannot
hold "=_", so no content can end a part. There is no Bcc: nobody is told in secret (R1).
"""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from partwell.connectors.addresses import Mailbox, check_address
from partwell.connectors.errors import MailInvalid
from partwell.connectors.mail_headers import (
    check_line,
    file_name_parameter,
    fold_ids,
    mailboxes,
    unstructured,
)

_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,128}@[A-Za-z0-9.-]{1,128}>\Z")
_MEDIA = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}\Z")
# An invitation says its method (RFC 6047), or mail programs show a file instead of "accept".
_INVITATION = re.compile(r"text/calendar; method=(REQUEST|CANCEL)\Z")
_LIST = re.compile(r"(<https?://[!-;=?-~]{1,800}>|List-Unsubscribe=One-Click)\Z")
_EXTRA = re.compile(r"(X-[A-Za-z0-9-]{1,60}|Auto-Submitted|List-Unsubscribe|List-Unsubscribe-Post)\Z")


@dataclass(frozen=True)
class Attachment:
    """A file: its name as people see it, media type, content."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class OutgoingMail:
    """Everything the message shows. ``date`` aware; ids in angle brackets; ``extra``: X-… and Auto-Submitted."""

    sender: Mailbox
    to: tuple[Mailbox, ...]
    subject: str
    date: datetime
    message_id: str
    text: str
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


def new_message_id(domain: str) -> str:
    """A random Message-ID at a mail domain; choose it once, when the envelope is queued."""
    return f"<{secrets.token_hex(16)}@{check_address('x@' + domain)[2:]}>"


def is_message_id(text: str) -> bool:
    """Whether a mail of ours can name this Message-ID."""
    return _ID.match(text) is not None


def build(mail: OutgoingMail) -> bytes:
    """The message's bytes. Raises :class:`MailInvalid` or AddressInvalid, naming the value."""
    if not mail.to:
        raise MailInvalid("The mail has nobody in To; name the client.")
    if mail.date.tzinfo is None:
        raise MailInvalid("The mail's date has no time zone; pass an aware time.")
    for one in (mail.message_id, *([mail.in_reply_to] if mail.in_reply_to else []), *mail.references):
        if not _ID.match(one):
            raise MailInvalid(f"{one[:80]!a} is not a Message-ID; it looks like <unique@domain>.")
    head = [
        mailboxes("From", (mail.sender,)),
        mailboxes("To", mail.to),
        *([mailboxes("Cc", mail.cc)] if mail.cc else []),
        *([mailboxes("Reply-To", mail.reply_to)] if mail.reply_to else []),
        unstructured("Subject", mail.subject),
        b"Date: " + format_datetime(mail.date.astimezone(UTC).replace(microsecond=0)).encode(),
        b"Message-ID: " + mail.message_id.encode(),
        *([b"In-Reply-To: " + mail.in_reply_to.encode()] if mail.in_reply_to else []),
        *([fold_ids("References", mail.references)] if mail.references else []),
    ]
    for name, value in mail.extra:
        if not _EXTRA.match(name):
            raise MailInvalid(
                f"The header {name[:60]!a} cannot be set here; only X-… and Auto-Submitted can."
            )
        if name.startswith("List-"):  # structured (RFC 2369): an address in brackets, never an encoded word
            if not _LIST.match(value):
                raise MailInvalid(
                    f"The header {name} cannot be written as it is; pass <https://…> or One-Click."
                )
            head.append(f"{name}: {value}".encode())
            continue
        head.append(unstructured(name, value))
    head.append(b"MIME-Version: 1.0")
    return b"\r\n".join(head) + b"\r\n" + _body(mail)


def _body(mail: OutgoingMail) -> bytes:
    body = _text("plain", mail.text)
    if mail.html:
        body = _multipart("alternative", mail.message_id, [body, _text("html", mail.html)])
    if mail.attachments:
        body = _multipart("mixed", mail.message_id, [body, *map(_attachment, mail.attachments)])
    return body


def _text(subtype: str, text: str) -> bytes:
    encoded = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        try:
            quoted = binascii.b2a_qp(line.encode(), istext=True)
        except UnicodeEncodeError:
            raise MailInvalid("The text holds half a character (a lone surrogate); type it again.") from None
        encoded.append(quoted.replace(b"=\n", b"=\r\n"))
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + b"\r\n".join(encoded) + b"\r\n"


def _attachment(file: Attachment) -> bytes:
    media = file.media_type.lower()
    invitation = _INVITATION.match(file.media_type)
    # base64 is not allowed in message/* and multipart/*; a mail as evidence travels as plain bytes
    if not _MEDIA.match(media) or media.startswith(("message/", "multipart/")):
        media = "application/octet-stream"
    if invitation is not None:
        media = f"text/calendar; charset=utf-8; method={invitation[1]}"
    check_line("attachment's name", file.name)
    encoded = base64.b64encode(file.content)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    return (
        f"Content-Type: {media}\r\nContent-Transfer-Encoding: base64\r\n".encode()
        + b"Content-Disposition: attachment" + file_name_parameter(file.name)
        + b"\r\n\r\n" + b"\r\n".join(lines) + b"\r\n"
    )  # fmt: skip


def _multipart(kind: str, message_id: str, parts: list[bytes]) -> bytes:
    boundary = b"=_" + hashlib.sha256(f"{kind} {message_id}".encode()).hexdigest()[:32].encode()
    head = f'Content-Type: multipart/{kind};\r\n boundary="'.encode() + boundary + b'"\r\n\r\n'
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return head + body + b"--" + boundary + b"--\r\n"
