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

from partwell.actions.correspondence.receive import take_in
from partwell.connectors.dns import TableResolver
from partwell.records.correspondence.models import InboundMail, ReplyAddress

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
