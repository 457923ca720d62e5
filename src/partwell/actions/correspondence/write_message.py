# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages between staff, client and new provider (R2), and notes that stay inside (R4).

A new provider's message before consent is held: it is shown to the client, and nobody answers it (R1).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.acknowledge import acknowledge, will_acknowledge
from partwell.actions.correspondence.parties import firm_of, may_write_to
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.tell_held import tell_held
from partwell.actions.correspondence.tell_of_message import tell_of_message
from partwell.actions.correspondence.waiting import open_with
from partwell.actions.correspondence.with_items import may_release, release_with, said_of
from partwell.actions.facts import open_offboarding
from partwell.actions.releases.standing import named_persons, standing_of
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Envelope, Message
from partwell.rules import letters, roles, waiting
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

ALL, CLIENT, INTERNAL, PRIVILEGED = "all", "client", "internal", "privileged"
INSIDE = (INTERNAL, PRIVILEGED)
LONGEST = 20_000
HELD_AN_HOUR = 3
# Each is a mail to the client and to every named person, from the MSP's own mail server.
ASKED_AN_HOUR = 30


@dataclass(frozen=True)
class Draft:
    """What somebody wrote. ``recipient_id``: the firm, for audience "all". ``answers``: the message it answers.

    ``items``: what is released with it (staff only), ``set_to``: the contact or person of the firm to whom that set goes.
    ``safety``: it is about safety, so it leaves at once also while a debt, dispute or claim is open; that is on record.
    """

    subject: str
    text: str
    audience: str = CLIENT
    recipient_id: UUID | None = None
    answers: UUID | None = None
    idempotency: str = ""
    items: tuple[UUID, ...] = ()
    set_to: UUID | None = None
    safety: bool = False


def digest_of(subject: str, text: str) -> str:
    """SHA-256 of a message as it was written."""
    return hashlib.sha256(f"{subject}\n\n{text}".encode()).hexdigest()


def problem_of(draft: Draft) -> Refusal | None:
    if not draft.subject.strip():
        return refuse("required", where="The subject")
    if not draft.text.strip():
        return refuse("required", where="The message")
    if len(draft.text) > LONGEST:
        return refuse("invalid_input", where="The message", problem=f"it is longer than {LONGEST} signs")
    if places := letters.unfilled(draft.subject, draft.text):
        return refuse("letter_unfilled", names=places)
    if any(ord(sign) < 32 for sign in draft.subject):
        return refuse("header_injection", where="The subject")
    if draft.audience not in (ALL, CLIENT, *INSIDE):
        return refuse(
            "invalid_input", where="Who reads it", problem="it is one of all, client, internal, privileged"
        )
    return None


def write_message(*, actor: Actor, client_id: UUID, draft: Draft) -> Message | Refusal:
    """Write a message or note; mails it to everybody concerned, the client always on it.

    Items go with it as one release, or the whole of it is refused; nothing else can be attached. To a new provider only
    while its authorisation stands. A provider's own message without one is kept as
    *held* (``message.held``): the row comes back with ``held`` set.
    """
    inside = draft.audience in INSIDE
    verb = "note.write" if inside else "message.write"
    if actor.kind in ("client", "provider") and actor.client_id != client_id:
        return refuse("not_found")
    if inside and not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (problem := problem_of(draft) or may_release(actor, draft.items, draft.audience)) is not None:
        return problem
    if actor.kind == "provider":
        return _from_provider(actor, client_id, draft)
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (double := _double(deed, draft, client)) is not None:
            return double
        recipient = _recipient(client, draft)
        outside = Message.objects.filter(client=client, audience__in=(ALL, CLIENT))
        answered = outside.filter(pk=draft.answers).first() if draft.answers else None
        if isinstance(recipient, Refusal) or (draft.answers and answered is None):
            return refuse("not_found")
        persons: list[RecipientPerson] = []
        if recipient is not None:
            found = may_write_to(recipient.id, deed.now)
            if isinstance(found, Refusal):
                held = answered is not None and answered.waits_for_consent
                return deed.refuse(
                    refuse("provider_not_authorised_to_ask") if held else found,
                    subject=recipient.id,
                    verb=verb,
                )
            persons = found
        row, sent, hurried = _row(deed, client, draft, recipient, answered), 0, False
        if draft.items:
            done = release_with(deed, client, persons, draft.items, to=draft.set_to, key=draft.idempotency)
            if isinstance(done, Refusal):
                return done
            row.release, sent = done.release, len(done.sent)
        if not inside:
            hurried = wait(deed, row, by_staff=actor.is_staff, safety=draft.safety)
        deed.add(row)
        if inside:
            deed.record(
                "note.written",
                subjects=[row.id],
                public={"subject": client.name},
                internal={
                    "digest": digest_of(row.subject, row.text),
                    "privileged": draft.audience == PRIVILEGED,
                },
            )
            return row
        key = f"message:{client.id.hex}:{draft.idempotency}" if draft.idempotency else ""
        return send(deed, client, row, recipient, persons, key=key, sent=sent, hurried=hurried)


def _recipient(client: Client, draft: Draft) -> Recipient | Refusal | None:
    """The firm a message is for: only with audience "all", and only one of this client."""
    if draft.audience != ALL:
        return None
    row = (
        Recipient.objects.filter(pk=draft.recipient_id, client=client).first() if draft.recipient_id else None
    )
    return row or refuse("not_found")


def _double(deed: Deed, draft: Draft, client: Client) -> Message | None:
    """The message of an earlier click: by the key that its envelope remembers, or word for word just now."""
    if not draft.idempotency:
        return None
    key = f"message:{client.id.hex}:{draft.idempotency}"[:160]
    envelope = Envelope.objects.select_related("message").filter(dedupe_key=key).first()
    if envelope is not None:
        return envelope.message
    lately = Message.objects.filter(
        client=client, author_id=deed.actor.id, written_at__gt=deed.now - timedelta(minutes=2)
    )
    return lately.filter(
        audience=draft.audience, subject=draft.subject.strip()[:200], text=draft.text.strip()
    ).first()


def _row(
    deed: Deed, client: Client, draft: Draft, recipient: Recipient | None, answered: Message | None
) -> Message:
    return Message(
        client=client,
        offboarding=open_offboarding(client.id),
        recipient=recipient,
        author_kind=deed.actor.kind,
        author_id=deed.actor.id,
        author_name=deed.actor.name,
        audience=draft.audience,
        subject=draft.subject.strip()[:200],
        text=draft.text.strip(),
        answers=answered,
        written_at=deed.now,
    )


def wait(deed: Deed, row: Message, *, by_staff: bool, safety: bool = False) -> bool:
    """What staff write, here or by mail, while a debt, dispute or claim is open waits (rules/waiting.py).

    True where it would have waited and does not, as its author says that it is about safety.
    """
    why = waiting.why_waits("message", by_staff=by_staff, open_now=open_with(row.client_id, deed.now))
    row.waits_why = "" if safety else why
    row.waits_until = deed.now + waiting.WAIT if row.waits_why else None
    return bool(why) and safety


def send(
    deed: Deed,
    client: Client,
    row: Message,
    recipient: Recipient | None,
    persons: list[RecipientPerson],
    *,
    key: str = "",
    author: Actor | None = None,
    came: Mapping[str, object] | None = None,
    sent: int = 0,
    hurried: bool = False,
) -> Message | Refusal:
    """Mail a message: the client first, then the persons of the recipient; one entry tells of both.

    ``author``: the staff member whose mail it was that we took in, and ``came`` what that mail was (digest, DKIM); else who acts.
    ``hurried``: it did not wait in a dispute, as it is about safety; the entry says so.
    """
    by = {"actor": f"{author.name}, by mail,"} if author else {}
    earlier = Envelope.objects.filter(message=row.answers, state="accepted").first() if row.answers else None
    contact = Contact.objects.filter(pk=deed.actor.id).first() if deed.actor.kind == "client" else None
    found = post(
        deed,
        Post(
            kind="message",
            dedupe=key or f"message:{row.id.hex}",
            persons=persons,
            contact=contact,
            authorisation=standing_of(recipient.id, None, deed.now).authorisation if recipient else None,
            message=row,
            in_reply_to=earlier.internet_message_id if earlier else "",
            not_before=row.waits_until,
            values=values_of(
                author or deed.actor, client, row, recipient, persons, said_of(row.release, sent)
            ),
        ),
    )
    if isinstance(found, Refusal) and persons:
        # Nothing goes round the client: roll the row back by raising, and say why at the door.
        raise NotInTheLoop(found)
    tell_of_message(deed, row)
    if row.waits_until is not None:
        deed.record(
            "message.waits",
            subjects=[row.id],
            public=by,
            internal={
                "digest": digest_of(row.subject, row.text),
                "why": row.waits_why,
                "until": row.waits_until.isoformat(),
                **(came or {}),
            },
        )
        return row
    names = [client.name, *([recipient.firm] if recipient and persons else [])]
    deed.record(
        "message.written",
        recipient=recipient.id if recipient else None,
        subjects=[row.id],
        # A new provider proves with it that what it was told is unchanged.
        public={
            **by,
            "recipients": names,
            "subject": row.subject,
            **({"words_sha256": digest_of(row.subject, row.text)} if recipient else {}),
        },
        to_client={
            "digest": digest_of(row.subject, row.text),
            **(came or {}),
            **({"about_safety": True} if hurried else {}),
        },
    )
    return row


def values_of(
    actor: Actor,
    client: Client,
    row: Message,
    recipient: Recipient | None,
    persons: list[RecipientPerson],
    released: list[str] | None = None,
) -> dict[str, Any]:
    """The fields of the mail that carries a message; a preview takes the same. ``released``: the set that goes with it."""
    return {
        "topic": row.subject,
        "sender": actor.name,
        "sender_firm": firm_of(actor, recipient, client.legal_name),
        "body": row.text,
        "recipients": [
            client.legal_name,
            *(f"{person.name}, {person.recipient.firm}" for person in persons),
        ],
        "portal_url": link("/client/messages/"),
        **({"attachments": released} if released else {}),
    }


class NotInTheLoop(Exception):
    """A message to a provider could not be addressed to the client (R2); everything is rolled back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def _from_provider(actor: Actor, client_id: UUID, draft: Draft) -> Message | Refusal:
    assert actor.recipient_id is not None  # a provider's actor always belongs to a firm
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        recipient = Recipient.objects.filter(pk=actor.recipient_id, client=client).first()
        if recipient is None:
            return refuse("not_found")
        standing = standing_of(recipient.id, actor.id, deed.now)
        theirs = Message.objects.filter(client=client, recipient=recipient)
        answered = theirs.filter(pk=draft.answers, audience=ALL).first() if draft.answers else None
        if draft.answers and answered is None:
            return refuse("not_found")
        asked = Draft(draft.subject, draft.text, ALL, recipient.id, draft.answers)
        if standing.stands:
            if (often := too_often(deed, recipient)) is not None:
                return often
            row = deed.add(_row(deed, client, asked, recipient, answered))
            return send(deed, client, row, recipient, named_persons(recipient.id, deed.now))
        return _hold(deed, client, recipient, asked)


def too_often(deed: Deed, recipient: Recipient) -> Refusal | None:
    """None while a recipient wrote fewer than ``ASKED_AN_HOUR`` messages within the hour; else the recorded refusal."""
    since = deed.now - timedelta(hours=1)
    lately = Message.objects.filter(recipient=recipient, author_kind="provider", written_at__gt=since)
    if lately.count() < ASKED_AN_HOUR:
        return None
    return deed.refuse(refuse("throttled", seconds=3600), subject=recipient.id, verb="message.write")


def _hold(deed: Deed, client: Client, recipient: Recipient, draft: Draft) -> Message | Refusal:
    """Keep a question that came before consent, tell the client, and answer nothing, or once with fixed words where an owner chose so."""
    since = deed.now - timedelta(hours=1)
    if Message.objects.filter(recipient=recipient, held=True, written_at__gt=since).count() >= HELD_AN_HOUR:
        return deed.refuse(refuse("throttled", seconds=3600), subject=recipient.id, verb="message.write")
    row = _row(deed, client, draft, recipient, None)
    row.held = True
    deed.add(row)
    sender = RecipientPerson.objects.get(pk=deed.actor.id)
    acknowledged = will_acknowledge(sender.email)
    path = f"/client/questions/{row.id}/"
    tell_held(deed, row, path=path, firm=recipient.firm, received_at=deed.now, acknowledged=acknowledged)
    tell_of_message(deed, row)
    deed.record(
        "message.held",
        subjects=[row.id, recipient.id],
        public={"sender": f"{deed.actor.name}, {recipient.firm}"},
        to_client={"digest": digest_of(row.subject, row.text), "subject": row.subject},
    )
    if acknowledged:
        acknowledge(deed, recipient, sender)
    return row
