# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail that is being taken in, as facts for the rule and as the row that is kept of it. No decision here, and no writing."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.inbound_auth import Judged, Peer, meant
from partwell.actions.correspondence.report_trust import Report
from partwell.actions.correspondence.return_paths import Returned
from partwell.actions.correspondence.sender import Around, known_domains, known_names
from partwell.connectors.dns import Resolver
from partwell.connectors.mail_same import Fingerprint
from partwell.importers.base import ImportedItem
from partwell.importers.inbound_mail import MailRead
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope, InboundMail, ReplyAddress
from partwell.records.statements import Prepared
from partwell.records.vault.models import StoredFile
from partwell.rules import inbound
from partwell.rules.actor import Actor
from partwell.rules.loop import mailbox_of

HELD_AN_HOUR, ASKED_AN_HOUR = 10, 30
# As many as there may be within the hour, and no more: rows, so that a flood is not counted each time.
_HELD = Prepared(
    lambda client_id, since: InboundMail.objects.order_by().filter(client_id=client_id, received_at__gt=since, state="held")
    .values_list("id")[:HELD_AN_HOUR], UUID, datetime,
)  # fmt: skip
_ASKED = Prepared(
    lambda client_id, since: InboundMail.objects.order_by()
    .filter(client_id=client_id, received_at__gt=since, state="filed", sender_kind="provider").values_list("id")[:ASKED_AN_HOUR], UUID, datetime,
)  # fmt: skip
_OURS = Prepared(lambda message_id: Envelope.objects.order_by().filter(internet_message_id=message_id).values_list("id")[:1], str)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where one copy belongs: the address it came to, or the mail of ours that it answers or reports on; else nowhere.

    ``returned``: the mail of ours whose return path it came to.
    """

    client_id: UUID | None = None
    address: ReplyAddress | None = None
    offboarding_id: UUID | None = None
    returned: Returned | None = None


@dataclass
class Taken:
    """A mail on the disk, fingerprinted and read. ``parts``: item and its file in the spool."""

    path: Path
    print: Fingerprint
    read: MailRead
    parts: list[ImportedItem]
    road: str
    envelope_from: str
    envelope_to: list[str]
    received_at: datetime
    peer: Peer | None
    resolver: Resolver | None
    by: Actor
    judged: Judged | None = field(default=None)
    # Of a mail attached whole to a staff member's: its judgement, and which mail it is.
    original: Judged | None = None
    original_print: Fingerprint | None = None


def same_key(base: str, client_id: UUID | None) -> str:
    """What makes two copies one mail, for this client's conversation (or for none)."""
    return hashlib.sha256(f"{base}:{client_id.hex if client_id else ''}".encode()).hexdigest()


def attached(taken: Taken) -> tuple[str, ...]:
    """Names of the mail's attachments; those of a mail inside it are not counted twice."""
    return tuple(one.file.name for one in taken.parts if one.file and not one.details.get("inline") and not one.details.get("inner"))  # fmt: skip


def files_of(taken: Taken) -> tuple[str, ...]:
    """What a person attached, however their program marked it: no text, and no picture that the text shows."""
    return tuple(
        one.file.name
        for one in taken.parts
        if one.file
        and not (
            one.details.get("inline") and (one.details.get("cid") or one.file.media_type.startswith("text/"))
        )
    )


def facts_of(deed: Deed, taken: Taken, target: Target, sender: inbound.Sender, judged: Judged, who: Around, *, report: Report | None) -> inbound.MailFacts:  # fmt: skip
    read = taken.read
    since = deed.now - timedelta(hours=1)
    often = False
    if target.client_id is not None and sender.kind is inbound.SenderKind.PROVIDER and sender.consent:
        often = len(_ASKED.rows(target.client_id, since)) >= ASKED_AN_HOUR
    elif target.client_id is not None:
        often = len(_HELD.rows(target.client_id, since)) >= HELD_AN_HOUR
    ours = bool(read.message_id) and bool(_OURS.rows(read.message_id))
    return inbound.MailFacts(
        matched=target.client_id is not None, sender=sender, proof=judged.proof, meant=meant(judged, read, target.address, sender.kind, target.returned),
        open=target.address is None or target.address.revoked_at is None, ours=ours, hops=read.hops, report=report is not None, doubt=report.doubt if report else "",
        automatic=automatic(taken), brought=taken.road == "upload", readable=read.is_mail, froms=len(read.from_), often=often,
        from_address=read.from_[0].address if read.from_ else "", from_name=read.from_[0].name if read.from_ else "",
        reply_to=tuple(one.address for one in read.reply_to), past_us=past_us(taken, sender, deed.client, who),
        known_domains=known_domains(deed.client, who) if deed.client else (), known_names=known_names(deed.client, who) if deed.client else (),
    )  # fmt: skip


def past_us(taken: Taken, sender: inbound.Sender, client: Client | None, who: Around) -> tuple[str, ...]:
    """Addresses of a new provider that the To and Cc of a staff member's mail name: what went there asked nobody (R1, R2).

    Those of its people, left or not, and others at their domains, unless the client or we are there too.
    """
    if sender.kind is not inbound.SenderKind.STAFF or client is None:
        return ()
    own = {one for row in who.contacts for one in (row.email, row.second_email) if one} | set(who.house)
    ours = {one.rpartition("@")[2].casefold() for one in own} | {
        str(one).casefold() for one in client.domains
    }
    boxes = {mailbox_of(one.email) for one in who.people}
    firms = {one.email.rpartition("@")[2].casefold() for one in who.people} - ours
    there = [
        one.address
        for one in (*taken.read.to, *taken.read.cc)
        if mailbox_of(one.address) not in {mailbox_of(box) for box in own}
    ]
    return tuple(
        dict.fromkeys(
            one for one in there if mailbox_of(one) in boxes or one.rpartition("@")[2].casefold() in firms
        )
    )[:20]


def automatic(taken: Taken) -> bool:
    """RFC 3834: by its headers; or by an empty return path, where the road tells the envelope's sender."""
    return bool(taken.read.automatic) or (taken.road == "lmtp" and taken.envelope_from in ("", "<>"))


_MARKS = {
    "encrypted": "It is encrypted; it is kept whole, and its recipient can open the file as it came.",
    "signed": "It carries a signature (S/MIME or PGP) of its own; the file as it came can be checked.",
    "tnef": "Outlook packed its attachments in a winmail.dat: it is kept whole, and what could be unpacked stands beside it.",
    "calendar": "It carries a calendar invitation.",
}


def row_of(taken: Taken, target: Target, raw: StoredFile) -> InboundMail:
    read = taken.read
    first = read.from_[0] if read.from_ else None
    assert taken.judged is not None
    return InboundMail(
        client_id=target.client_id, offboarding_id=target.offboarding_id, address=target.address, road=taken.road,
        received_at=taken.received_at, raw=raw, raw_sha256=taken.print.sha256, size=taken.print.size,
        same_key=same_key(taken.print.base, target.client_id), envelope_from=taken.envelope_from, envelope_to=taken.envelope_to,
        internet_message_id=read.message_id, in_reply_to=read.in_reply_to, references=list(read.references),
        from_name=first.name if first else "", from_address=first.address if first else "",
        others=[{"header": name, "name": one.name, "address": one.address}
                for name, people in (("to", read.to), ("cc", read.cc)) for one in people],
        subject=read.subject, sent_at=read.date, text=read.text, automatic=automatic(taken), auth=taken.judged.kept,
        problems=[*read.problems, *(_MARKS[one] for one in read.marks if one in _MARKS)],
    )  # fmt: skip
