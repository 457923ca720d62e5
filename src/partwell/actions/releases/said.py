# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was said, for an export: in order, in lots, each with its mails, its entry and the bytes whose digest that entry holds.

Only what the recipient's portal shows: of a client never a note (R4), of a new provider what it was part of and
what really went to it. A key is small; the words are read lot by lot, so that memory does not grow with the years.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Length

from partwell.actions.correspondence.post import envelope_frozen
from partwell.actions.releases.said_calls import Recorded, mails_of, recordings_of, words_of
from partwell.records.correspondence.inbound_queries import parts_shown, raw_shown
from partwell.records.correspondence.models import Call, Envelope, InboundMail, Meeting, Message
from partwell.records.evidence.models import Entry, EntrySubject, RowCommitment
from partwell.records.evidence.queries import LABELS, disclosed
from partwell.records.vault.models import StoredFile

MOST, LONGEST = 200, 250_000  # of one lot, which is one volume of the PDF: things, characters


@dataclass(frozen=True)
class Key:
    """One thing that was said: ``kind`` message, call or mail; ``length`` of its words."""

    kind: str
    at: datetime
    id: UUID
    length: int


@dataclass(frozen=True)
class Mail:
    """A mail that carried it. One of ``envelope`` (ours) and ``raw`` (as it came in) is set."""

    state: str
    at: datetime
    subject: str
    message_id: str
    recipients: tuple[str, ...]
    envelope: Envelope | None = None
    raw: StoredFile | None = None
    attachments: tuple[str, ...] = ()


@dataclass
class Said:
    """One thing with its words. ``proofs``: what (words, mail, raw, or the id of the envelope whose .eml it is), SHA-256, entry, bytes."""

    key: Key
    who: str
    to: list[str]
    title: str
    text: str
    facts: dict[str, Any]
    entry: int | None = None
    mails: list[Mail] = field(default_factory=list)
    proofs: list[tuple[str, str, int, bytes | None]] = field(default_factory=list)
    recordings: list[Recorded] = field(default_factory=list)


def keys(client_id: UUID, recipient_id: UUID | None = None) -> list[Key]:
    """Everything that was said with a client, or with one new provider of it, oldest first; three queries."""
    if recipient_id is None:
        messages = Message.objects.filter(client=client_id, audience__in=("all", "client"))
        calls = Call.objects.filter(client=client_id)
        mails = Envelope.objects.filter(client=client_id)
    else:
        messages = Message.objects.filter(client=client_id, recipient=recipient_id, audience="all")
        calls = Call.objects.none()
        mails = _to_provider(client_id, recipient_id)
    # What waits to be read by a colleague was not said yet.
    left = Envelope.objects.filter(message=OuterRef("pk"), attempts__gt=0)
    messages = messages.filter(Q(waits_until=None) | Exists(left))
    mails = mails.filter(message=None).exclude(dedupe_key__startswith="call:")
    found = [
        Key("message", at, pk, size)
        for pk, at, size in messages.values_list("id", "written_at", Length("text"))
    ]
    found += [
        Key("call", at, pk, size)
        for pk, at, size in calls.values_list("id", "happened_at", Length("summary"))
    ]
    found += [
        Key("mail", at, pk, size) for pk, at, size in mails.values_list("id", "queued_at", Length("text"))
    ]
    return sorted(found, key=lambda one: (one.at, one.kind, one.id.hex))


def _to_provider(client_id: UUID, recipient_id: UUID) -> Any:
    return Envelope.objects.filter(
        client=client_id, recipient=recipient_id, to_provider=True, state="accepted"
    )


def lots(found: Sequence[Key]) -> Iterator[list[Key]]:
    """The keys in lots of at most ``MOST`` things and about ``LONGEST`` characters."""
    lot, length = list[Key](), 0
    for key in found:
        if lot and (len(lot) >= MOST or length + key.length > LONGEST):
            yield lot
            lot, length = [], 0
        lot.append(key)
        length += key.length
    if lot:
        yield lot


def load(
    lot: Sequence[Key], party: str, client_id: UUID, recipient_id: UUID | None, zone: str = "UTC"
) -> list[Said]:
    """The words of a lot, with mails, entries and proofs as ``party`` sees them; a fixed number of queries.

    Moments inside words are written in ``zone`` (IANA)."""
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for key in lot:
        by_kind[key.kind].append(key.id)
    messages = {
        row.id: row
        for row in Message.objects.filter(pk__in=by_kind["message"]).select_related("recipient", "client")
    }
    calls = Call.objects.in_bulk(by_kind["call"])
    meetings = {row.call_id: row for row in Meeting.objects.filter(call__in=by_kind["call"])}
    sent = Envelope.objects.all() if recipient_id is None else _to_provider(client_id, recipient_id)
    of_calls = mails_of(client_id, by_kind["call"])
    carried: dict[UUID, list[Mail]] = defaultdict(list)
    envelopes = sent.filter(Q(message__in=by_kind["message"]) | Q(pk__in=[*by_kind["mail"], *of_calls]))
    of: dict[UUID, list[Envelope]] = defaultdict(list)
    for row in envelopes.order_by("queued_at"):
        place = row.message_id or of_calls.get(row.id) or row.id
        of[place].append(row)
        carried[place].append(Mail(row.state, row.queued_at, row.subject, row.internet_message_id,
                                   tuple(f"{one['name']} <{one['address']}>" for one in row.recipients), envelope=row))  # fmt: skip
    came = (
        InboundMail.objects.filter(message__in=by_kind["message"])
        .select_related("raw", "forwarded_by")
        .prefetch_related("parts__file")
    )
    if recipient_id is not None:
        came = came.filter(recipient=recipient_id, sender_kind="provider")
    raw_of: dict[UUID, StoredFile] = {}
    handed_on: dict[UUID, InboundMail] = {}
    for mail in came:
        assert mail.message_id is not None
        if mail.forwarded_by is not None:
            handed_on[mail.message_id] = mail
        # What staff wrote or forwarded shows its words, and of a forward the original that was attached whole (R4).
        raw = raw_shown(mail, outside=True)
        if raw is None:
            continue
        raw_of[mail.message_id] = raw
        carried[mail.message_id].append(Mail("received", mail.received_at, mail.subject, mail.internet_message_id, tuple(mail.envelope_to or ()), raw=raw,
                                             attachments=tuple(part.name for part in parts_shown(mail, outside=True))))  # fmt: skip
    out = [_said(key, messages, calls, meetings, of, zone) for key in lot]
    recorded = recordings_of(client_id, by_kind["call"], party)
    for said in out:
        said.recordings = recorded.get(said.key.id, [])
        said.mails = carried[said.key.id]
        if (
            (by := handed_on.get(said.key.id)) is not None
            and by.forwarded_by is not None
            and by.forwarded_at is not None
        ):
            said.who += f" (forwarded by {by.forwarded_by.name} on {by.forwarded_at:%Y-%m-%d})"
            said.facts |= {"forwarded_by": by.forwarded_by.name, "forwarded_at": by.forwarded_at.isoformat()}
    _prove(out, messages, of, raw_of, party)
    return out


def _said(
    key: Key,
    messages: dict[UUID, Message],
    calls: dict[UUID, Call],
    meetings: dict[UUID | None, Meeting],
    of: dict[UUID, list[Envelope]],
    zone: str,
) -> Said:
    if key.kind == "message":
        row = messages[key.id]
        who = row.author_name + (
            f", {row.recipient.firm}" if row.author_kind == "provider" and row.recipient else ""
        )
        to = [row.client.name] if row.author_kind != "client" else []
        to += [row.recipient.firm] if row.recipient and row.author_kind != "provider" else []
        facts = {"written_at": row.written_at.isoformat(), "author": row.author_name, "author_side": row.author_kind, "to": row.audience,
                 "recipient": row.recipient.firm if row.recipient else "", "held": row.held, "subject": row.subject, "text": row.text}  # fmt: skip
        return Said(key, who, to, row.subject, row.text, facts)
    if key.kind == "call":
        call = calls[key.id]
        title, text, facts = words_of(call, meetings.get(call.id), zone)
        return Said(key, call.logged_by_name, [call.with_whom], title, text, facts)
    mail = of[key.id][0]
    facts = {"queued_at": mail.queued_at.isoformat(), "settled_at": mail.settled_at.isoformat() if mail.settled_at else None, "state": mail.state,
             "subject": mail.subject, "recipients": mail.recipients, "text": mail.text, "message_id": mail.internet_message_id,
             "documents": [{"name": one["name"], "sha256": one["sha256"]} for one in mail.documents]}  # fmt: skip
    return Said(key, "", [one["name"] for one in mail.recipients], mail.subject, mail.text, facts)


_TABLES = {
    "message": "correspondence_message",
    "call": "correspondence_call",
    "mail": "correspondence_envelope",
}


def _prove(
    out: list[Said],
    messages: dict[UUID, Message],
    of: dict[UUID, list[Envelope]],
    raw_of: dict[UUID, StoredFile],
    party: str,
) -> None:
    """Each thing's entry, and which of its bytes an entry that this party sees holds the digest of."""
    first = RowCommitment.objects.filter(
        table__in=_TABLES.values(), row_ref__in=[said.key.id for said in out], version=1
    )
    entry_of = dict(first.values_list("row_ref", "entry_uid"))
    # A mail's digest stands in the entries of its way out.
    mails = [mail.id for rows in of.values() for mail in rows]
    way: dict[UUID, list[UUID]] = defaultdict(list)
    told_of = dict[int, list[UUID]]()
    for place, ref in EntrySubject.objects.filter(subject_ref__in=mails).values_list(
        "entry_index", "subject_ref"
    ):
        told_of.setdefault(place, []).append(ref)
    both = Q(uid__in=set(entry_of.values())) | Q(index__in=list(told_of))
    index = dict(Entry.objects.filter(both).order_by("index").values_list("uid", "index"))
    for each, place in index.items():
        for ref in told_of.get(place, ()):
            way[ref].append(each)
    uids = list(index)
    told: dict[UUID, set[str]] = {
        uid: {
            str(content[name])
            for _, content in labels.values()
            if isinstance(content, dict)
            for name in ("digest", "words_sha256", "sent_sha256")
            if name in content
        }
        for uid, labels in disclosed(uids, LABELS[party]).items()
    }

    def prove(said: Said, what: str, digest: str, uid: UUID | None, data: bytes | None) -> None:
        if uid in index and uid is not None and digest in told.get(uid, ()):
            said.proofs.append((what, digest, index[uid], data))

    for said in out:
        uid = entry_of.get(said.key.id)
        said.entry = index.get(uid) if uid else None
        if said.key.kind == "message":
            row = messages[said.key.id]
            exact = f"{row.subject}\n\n{row.text}".encode()
            prove(said, "words", hashlib.sha256(exact).hexdigest(), uid, exact)
            if said.key.id in raw_of:
                prove(said, "raw", raw_of[said.key.id].sha256, uid, None)
        for mail in of.get(said.key.id, ()):
            if party == "client":
                said_so = [each for each in way[mail.id] if mail.digest in told.get(each, ())]
                prove(said, "mail", mail.digest, said_so[-1] if said_so else None, envelope_frozen(mail))
                left = [each for each in way[mail.id] if mail.sent_sha256 in told.get(each, ())]
                prove(said, mail.id.hex, mail.sent_sha256, left[-1] if left else None, None)
