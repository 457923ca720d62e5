# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails for the tests of mail in: made, signed with keys of their own, and a DNS that answers as told."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from functools import cache
from typing import Any
from uuid import uuid4

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.test import override_settings
from django.utils import timezone

from partwell.actions.correspondence import return_paths
from partwell.actions.correspondence.receive import take_in
from partwell.connectors.dns import TableResolver
from partwell.records.correspondence.models import Envelope, InboundMail, ReplyAddress

OURS = "reply@parting.example"
SIGN = [b"from", b"to", b"subject", b"date", b"message-id"]


@contextmanager
def mail_comes_in() -> Iterator[None]:
    """An installation that has an address for mail."""
    with override_settings(PARTWELL_MAIL_ADDRESS=OURS):
        yield


@cache
def key(bits: int = 2048) -> tuple[bytes, str]:
    """A private key (PEM) and its DNS record; made once a session."""
    made = rsa.generate_private_key(65537, bits)
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def dns(*domains: str, spf: dict[str, str] | None = None) -> TableResolver:
    """A DNS in which these domains have our test key, and those of ``spf`` these records."""
    table: dict[Any, Any] = {(f"s1._domainkey.{one}", "TXT"): [key()[1]] for one in domains}
    table.update({(name, "TXT"): [record] for name, record in (spf or {}).items()})
    return TableResolver(table)


def mail(
    sender: str,
    to: str,
    subject: str = "A question",
    text: str = "Which model is the firewall?",
    **headers: str,
) -> bytes:
    """An RFC 5322 mail, CRLF, with a Message-ID and date of its own. ``headers``: with _ for -; "" leaves one out."""
    wanted = {
        "From": sender, "To": to, "Subject": subject, "Date": format_datetime(timezone.now()),
        "Message-ID": f"<{uuid4().hex}@{sender.rpartition('@')[2].strip('>') or 'nowhere.example'}>",
        "MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in wanted.items() if value)
    return (head + "\r\n" + text.replace("\n", "\r\n") + "\r\n").encode()


def signed(raw: bytes, domain: str, **options: Any) -> bytes:
    """The mail with an RSA signature of ``domain`` over what PROOF.md asks for."""
    wanted = {"include_headers": SIGN, "canonicalize": (b"relaxed", b"relaxed"), **options}
    return dkim.sign(raw, b"s1", domain.encode(), key()[0], **wanted) + raw


def address(purpose: str = "departure") -> str:
    """The living reply address of a purpose; there must be one."""
    row = ReplyAddress.objects.filter(purpose=purpose, revoked_at=None).latest("made_at")
    return f"reply+{row.token}@parting.example"


def returned(envelope: Envelope) -> str:
    """Where reports on a mail of ours come back."""
    return return_paths.path_of(envelope.id)


def dsn(
    of: Envelope | str, *addresses: str, action: str = "failed", status: str = "5.1.1", original: str = ""
) -> bytes:
    """A delivery report (RFC 3464) on a mail, by its envelope or its Message-ID; ``original``: Original-Recipient of each line."""
    message_id = of if isinstance(of, str) else of.internet_message_id
    first = f"Original-Recipient: rfc822;{original}\r\n" if original else ""
    lines = "".join(
        f"{first}Final-Recipient: rfc822; {one}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n"
        for one in addresses
    )
    head = f"Message-ID: {message_id}\r\n" if message_id else "Subject: what was sent\r\n"
    return (
        "From: Mail Delivery System <MAILER-DAEMON@far.example>\r\nTo: desk@harbourline.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{uuid4().hex}@far.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n"
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; far.example\r\n\r\n{lines}"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: desk@harbourline.example\r\n{head}\r\n--b--\r\n"
    ).encode()


def take(
    raw: bytes,
    *,
    to: str = "",
    road: str = "lmtp",
    resolver: Any = None,
    sender: str = "someone@out.example",
    **more: Any,
) -> InboundMail:
    """Take a mail in as LMTP would hand it over, with a DNS that knows nothing unless told."""
    return take_in(
        raw,
        road=road,
        envelope_from=sender,
        envelope_to=[to] if to else [],
        resolver=resolver or dns(),
        **more,
    )
