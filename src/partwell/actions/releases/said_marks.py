# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an exported correspondence says beside the words: what was held or disowned, how far a sender is proved, which files
came with it, and who took part. Only what the reader's portal shows too (R4)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from partwell.documents.texts import moment_text
from partwell.records.correspondence.models import InboundMail, Message
from partwell.records.evidence.models import Entry, EntrySubject

if TYPE_CHECKING:
    from partwell.actions.releases.said import Key, Said

HELD = "Held: it came before the client's consent, so nobody answered it."
HELD_UNTIL = (
    "Held until {moment}: it came before the client's consent; since that took effect it may be answered."
)
_ROADS = {
    "imap": "from a mailbox",
    "lmtp": "over our mail server",
    "webhook": "over a mail service",
    "upload": "as a file",
}
_PROOFS = {
    "dkim": "Proved: its DKIM signature is of {domain}, the sender's domain.",
    "spf": "Proved: it came from a server that {domain} names as its own (SPF).",
    "failed": "Contradicted: its signature or its sending server does not fit {domain}; it may be forged, or was changed on its way.",
}
# Cautions of ``inbound.warnings`` that the sentence about the proof says, too.
_SAID_BY_PROOF = ("Nothing proves", "Its proof of coming from")
_NO_PROOF = "Not proved: nothing shows that it really came from {domain}."


@dataclass
class Marks:
    """``held``: sentences on what became of it. ``came``: how it came in and what proves its sender. ``attached``: (name, SHA-256)."""

    held: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    attached: list[tuple[str, str]] = field(default_factory=list)


def marks_of(listed: Sequence["Said"], party: str, zone: str) -> dict[UUID, Marks]:
    """The marks of a lot; four queries, one more of those that were disowned. Moments are written in ``zone`` (IANA)."""
    out: dict[UUID, Marks] = defaultdict(Marks)
    ids = [said.key.id for said in listed if said.key.kind == "message"]
    mails = {
        row.message_id: row
        for row in InboundMail.objects.filter(message__in=ids).prefetch_related("parts__file")
    }
    disowned = _disowned([*ids, *(row.id for row in mails.values())]) if party == "client" else {}
    freed = dict(
        Message.objects.filter(pk__in=ids, released_at__isnull=False).values_list("id", "released_at")
    )
    for said in listed:
        marks = out[said.key.id]
        if said.facts.get("held"):
            at = freed.get(said.key.id)
            marks.held.append(HELD_UNTIL.format(moment=moment_text(at, zone)) if at else HELD)
        came = mails.get(said.key.id)
        no = disowned.get(said.key.id) or (disowned.get(came.id) if came else None)
        if no is not None:
            marks.held.append(
                f"Disowned: the client said on {moment_text(no, zone)} that it has nothing to do with them."
            )
        for carrier in said.mails:
            if carrier.envelope is not None:
                marks.attached += [
                    (str(one["name"]), str(one["sha256"])) for one in carrier.envelope.documents
                ]
        shown = next((carrier for carrier in said.mails if carrier.raw is not None), None)
        if came is None or shown is None:  # what is kept inside shows its words alone
            continue
        marks.came = _came(came, zone, cautions=party == "client")
        names = Counter(shown.attachments)
        for part in came.parts.all():
            if names[part.name] > 0:
                names[part.name] -= 1
                marks.attached.append((part.name, part.file.sha256))
    return out


def _disowned(refs_of: list[UUID]) -> dict[UUID, datetime]:
    """Which of these mails and messages the client disowned, and when."""
    refs = list(
        EntrySubject.objects.filter(subject_ref__in=refs_of).values_list("entry_index", "subject_ref")
    )
    entries = Entry.objects.filter(
        index__in=[index for index, _ in refs], type__in=("mail.disowned", "message.disowned")
    )
    at = dict(entries.values_list("index", "recorded_at"))
    return {ref: at[index] for index, ref in refs if index in at}


def _came(mail: InboundMail, zone: str, *, cautions: bool) -> list[str]:
    auth: dict[str, Any] = mail.auth or {}
    domain = str(auth.get("domain") or "the domain it names")
    sender = f"{mail.from_name} <{mail.from_address}>" if mail.from_name else mail.from_address or "nobody"
    checks = [f"{name.upper()} {(auth.get(name) or {}).get('result', 'none')}" for name in ("dkim", "spf")]
    proof = _PROOFS.get(str(auth.get("proof")), _NO_PROOF).format(domain=domain)
    more = [one for one in mail.warnings if cautions and not one.startswith(_SAID_BY_PROOF)]
    return [f"{moment_text(mail.received_at, zone)}, {_ROADS.get(mail.road, mail.road)}, from {sender}", f"{proof} {', '.join(checks)}; a domain, not a person.",
            *more]  # fmt: skip


def parties_of(client_id: UUID, found: Sequence["Key"], party: str, client: str, firm: str) -> list[str]:
    """Who wrote what is listed, "Ines Duarte (service provider), 12 messages", most first within each side."""
    ids = {key.id for key in found if key.kind == "message"}
    rows = Message.objects.filter(client=client_id, audience__in=("all", "client")).values_list(
        "id", "author_kind", "author_name", "recipient__firm", "inbound__from_address"
    )
    count: Counter[tuple[str, str]] = Counter()
    for pk, kind, name, theirs, address in rows.iterator(chunk_size=2000):
        if pk in ids:
            nobody = f"unknown to all, {address}" if address else "unknown to all"
            side = {"staff": "service provider", "client": client, "provider": theirs or firm}.get(
                kind, nobody
            )
            count[side, name] += 1
    order = sorted(
        count.items(), key=lambda one: (one[0][0] != "service provider", one[0][0], -one[1], one[0][1])
    )
    return [
        f"{name} ({side}), {number:,} message{'s' if number > 1 else ''}"
        for (side, name), number in order[:60]
    ]
