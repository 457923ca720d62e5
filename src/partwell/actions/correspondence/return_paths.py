# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where reports on a mail come back (MAIL FROM), and the mark of each recipient that only our mail server is given (ORCPT).

Both are made, not stored: the envelope's id and 80 bits by the installation's secret. A return path is ours as soon as its
envelope exists, also where the secret has changed since (a restored backup): then nothing is lost, and it proves nothing.
Everybody on a mail reads its return path; a mark goes to the server with the RCPT of its own recipient, and to nobody else.
"""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from partwell.actions.correspondence.reply_addresses import detail_of
from partwell.records.correspondence.models import Envelope

_TOKEN = re.compile(r"[a-z2-7]{42}\Z")
_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


@dataclass(frozen=True)
class Returned:
    """A mail of ours whose return path a mail came to. ``genuine``: the whole of it is as we made it."""

    envelope: Envelope
    genuine: bool


def path_of(envelope_id: UUID) -> str:
    """The return path of an envelope; "" where no mail comes in, or the address leaves no room for it."""
    local, _, domain = settings.PARTWELL_MAIL_ADDRESS.partition("@")
    made = f"{local}+{_token(envelope_id)}"
    return f"{made}@{domain}" if domain and len(made) <= _LOCAL_PART else ""


def mark_of(envelope_id: UUID, address: str) -> str:
    """What the server is told as this recipient's original address: it comes back in reports on them, and nobody else reads it.

    It has the form of an address, as servers expect, and takes no mail.
    """
    domain = settings.PARTWELL_MAIL_ADDRESS.partition("@")[2]
    return f"{_mac('mark', envelope_id.hex, address.casefold())}@{domain}" if domain else ""


def is_mark(said: str, envelope_id: UUID, address: str) -> bool:
    """Whether a report's Original-Recipient is this recipient's mark."""
    mark = mark_of(envelope_id, address).partition("@")[0]
    local = said.strip().casefold().partition("@")[0]
    return bool(mark) and hmac.compare_digest(local.encode(), mark.encode())


def found(addresses: Iterable[str]) -> list[Returned]:
    """The mails of ours whose return paths are among these, in the order given; one query, none where there is no such address."""
    seen: dict[UUID, bool] = {}
    for one in addresses:
        token = detail_of(one)
        if _TOKEN.match(token):
            id = UUID(bytes=base64.b32decode(token[:26].upper() + "======"))
            seen[id] = seen.get(id, False) or hmac.compare_digest(_token(id).encode(), token.encode())
    if not seen:
        return []
    rows = Envelope.objects.in_bulk(list(seen)[:200])
    return [Returned(rows[id], genuine) for id, genuine in seen.items() if id in rows]


def _token(envelope_id: UUID) -> str:
    return base64.b32encode(envelope_id.bytes).decode().lower()[:26] + _mac("path", envelope_id.hex)


def _mac(*parts: str) -> str:
    """80 bits as 16 letters and digits."""
    digest = salted_hmac("partwell.return-path", "\n".join(parts), algorithm="sha256").digest()
    return base64.b32encode(digest[:10]).decode().lower()
