# SPDX-License-Identifier: AGPL-3.0-or-later
"""A judged mail becomes a message of the conversation, a held question, a bounce, or waits; in the deed that keeps it."""

from dataclasses import dataclass, replace
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.acknowledge import acknowledge, will_acknowledge
from partwell.actions.correspondence.bounced import note_bounce
from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import Post, addressed, link, names, post
from partwell.actions.correspondence.sender import Matched
from partwell.actions.facts import open_offboarding
from partwell.importers.inbound_mail import ReportLine
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope, InboundMail, Message
from partwell.records.people.queries import the_msp
from partwell.rules import roles
from partwell.rules.inbound import State, Verdict
from partwell.rules.refusals import Refusal

LONGEST = 20_000
OUTSIDE = ("all", "client")

# What an entry says became of a mail that is no message (event mail.kept).
OUTCOMES = {
    State.WAITING: "waits for a person",
    State.UNMATCHED: "belongs to nobody we know",
    State.LOOP: "is one of ours come back",
}


@dataclass(frozen=True)
class Filing:
    """What a mail is filed by: its row (not yet saved), who wrote it, the verdict, what its parts are called."""

    mail: InboundMail
    sender: Matched
    verdict: Verdict
    attachments: tuple[str, ...] = ()
    report: tuple[ReportLine, ...] = ()
    envelope: Envelope | None = None  # of ours, that a delivery status is about


def checked(filing: Filing, deed: Deed) -> Filing:
    """The same after asking what a page would ask of a staff member who writes: role, consent, the client in the loop.

    What a page would refuse waits for a person, with the refusal's sentence: nothing is sent around the gate (R1, R2).
    """
    mail, staff = filing.mail, filing.sender.staff
    if filing.verdict.state is not State.FILED or staff is None or not filing.verdict.tell_client:
        return filing
    refusal = roles.may(staff.role, "message.write")
    persons: list[RecipientPerson] = []
    recipient = mail.address.recipient if mail.address else None
    if refusal is None and recipient is not None:
        found = may_write_to(recipient.id, deed.now)
        refusal, persons = (found, []) if isinstance(found, Refusal) else (None, found)
    if refusal is None and deed.client is not None:
        reached = addressed(deed.client.id, persons, None, False)
        refusal = reached if isinstance(reached, Refusal) else None
    if refusal is not None:
        return replace(filing, verdict=replace(filing.verdict, state=State.WAITING, why=refusal.sentence, audience="", tell_client=False))  # fmt: skip
    audience = "all" if recipient is not None else filing.verdict.audience
    return replace(filing, verdict=replace(filing.verdict, audience=audience))


def file(deed: Deed, filing: Filing) -> Message | None:
    """Save the mail and what it becomes, and record it. The deed has locked the client where there is one.

    Mail goes out to the client as the verdict says; to the new provider only for staff, after ``checked``.
    """
    mail, verdict = filing.mail, filing.verdict
    client = deed.client
    keep = deed.add if mail._state.adding else deed.save  # a person may file it later than it came
    if client is None or verdict.state in OUTCOMES or verdict.state is State.BOUNCE:
        keep(mail)
        return None
    row = deed.add(_message(deed, client, filing))
    mail.message = row
    keep(mail)
    return row


def tell(deed: Deed, filing: Filing, row: Message | None) -> None:
    """Post what must be mailed and record the entry; everything saved before in this deed belongs to it."""
    mail, verdict, client = filing.mail, filing.verdict, deed.client
    digest = mail.raw_sha256
    if row is None or client is None:
        if verdict.state is State.BOUNCE and client is not None:
            _bounced(deed, filing)
            return
        deed.record("mail.kept", client=client.id if client else None, subjects=[mail.id], public={"outcome": OUTCOMES[verdict.state]},
                    internal={"sender": _shown(mail)[:200], "why": verdict.why, "digest": digest})  # fmt: skip
        return
    sender = (
        f"{row.author_name}, {row.recipient.firm}"
        if row.recipient and row.author_kind == "provider"
        else row.author_name
    )
    if verdict.state is State.HELD:
        _held(deed, filing, row, digest, sender)
        return
    persons: list[RecipientPerson] = []
    if row.author_kind == "staff" and row.audience == "all" and row.recipient is not None:
        found = may_write_to(row.recipient.id, deed.now)
        persons = [] if isinstance(found, Refusal) else found
    if verdict.tell_client:
        _copy(deed, client, row, persons, filing)
    deed.record(
        "message.received",
        recipient=row.recipient_id if row.audience == "all" else None,
        subjects=[row.id, mail.id],
        public={"sender": sender, "subject": row.subject},
        to_client={
            "digest": digest,
            "dkim": mail.auth.get("proof", "none"),
            "attachments": len(filing.attachments),
        },
    )


def _copy(deed: Deed, client: Client, row: Message, persons: list[RecipientPerson], filing: Filing) -> None:
    """The client's copy by mail, of what a new provider or staff wrote (R2)."""
    msp = the_msp()
    firm = row.recipient.firm if row.author_kind == "provider" and row.recipient else msp.name if msp else ""
    post(
        deed,
        Post(
            kind="message",
            dedupe=f"inbound:{filing.mail.id.hex}",
            persons=persons,
            message=row,
            values={
                "topic": row.subject,
                "sender": row.author_name,
                "sender_firm": firm,
                "body": row.text,
                "recipients": [client.legal_name, *(f"{one.name}, {one.recipient.firm}" for one in persons)],
                "attachments": list(filing.attachments) or None,
                "portal_url": link("/client/messages/"),
            },
        ),
    )


def _held(deed: Deed, filing: Filing, row: Message, digest: str, sender: str) -> None:
    """R1: kept, shown to the client, answered by nobody; or once by the fixed words where an owner chose so."""
    mail, person = filing.mail, filing.sender.person
    recipient: Recipient | None = row.recipient
    acknowledged = bool(filing.verdict.may_acknowledge and person and will_acknowledge(person.email))
    if filing.verdict.tell_client:
        post(
            deed,
            Post(
                kind="held_question",
                dedupe=f"held:{row.id.hex}",
                message=row,
                values={
                    "sender": row.author_name,
                    "recipient_firm": recipient.firm if recipient else _firm(mail),
                    "question": f"{row.subject}\n\n{row.text}",
                    "received_at": mail.received_at,
                    "acknowledged": "once" if acknowledged else None,
                    "portal_url": link("/client/messages/"),
                },
            ),
        )
    deed.record(
        "message.held",
        subjects=[row.id, mail.id, *([recipient.id] if recipient else [])],
        public={"sender": sender},
        to_client={"digest": digest, "subject": row.subject},
    )
    if acknowledged and recipient is not None and person is not None:
        acknowledge(deed, recipient, person)


def _firm(mail: InboundMail) -> str:
    return mail.from_address.rpartition("@")[2] or "a firm that nobody here knows"


def _shown(mail: InboundMail) -> str:
    return mail.from_name or mail.from_address or "Somebody who names no address"


def _message(deed: Deed, client: Client, filing: Filing) -> Message:
    mail, who, verdict = filing.mail, filing.sender, filing.verdict
    recipient = (
        who.person.recipient if who.person else mail.address.recipient if who.staff and mail.address else None
    )
    if verdict.audience != "all":
        recipient = None
    text = mail.text[:LONGEST].strip() or "(This mail has no text; see what came with it.)"
    return Message(
        client=client,
        offboarding=mail.offboarding or open_offboarding(client.id),
        recipient=recipient,
        author_kind=mail.sender_kind,
        author_id=next((one.id for one in (who.contact, who.person, who.staff) if one is not None), mail.id),
        author_name=(who.facts.name or _shown(mail))[:160],
        audience=verdict.audience,
        subject=(mail.subject or "(no subject)")[:200],
        text=text,
        held=verdict.state is State.HELD,
        answers=answered(client.id, mail, recipient, verdict.audience),
        written_at=mail.received_at,
    )


def answered(
    client_id: UUID, mail: InboundMail, recipient: Recipient | None, audience: str
) -> Message | None:
    """The newest message of the thread (In-Reply-To, then References from the end) that this one's readers may see."""
    seen = Message.objects.filter(client_id=client_id, audience__in=OUTSIDE)
    if audience == "all":
        seen = seen.filter(recipient=recipient, audience="all")
    for one in [mail.in_reply_to, *reversed(mail.references)][:50]:
        if not one:
            continue
        found = (
            seen.filter(envelopes__internet_message_id=one[:200]).first()
            or seen.filter(inbound__internet_message_id=one[:300]).first()
        )
        if found is not None:
            return found
    return None


def _bounced(deed: Deed, filing: Filing) -> None:
    """Write down what a delivery status says about the addresses of a mail of ours, and do what follows from it (R2)."""
    mail = filing.mail
    envelope = filing.envelope
    assert envelope is not None  # the rule says "bounce" of nothing else
    deed.record(
        "mail.reported",
        subjects=[mail.id, envelope.id],
        public={"recipients": names(envelope)},
        to_client={
            "digest": mail.raw_sha256,
            "said": [f"{line.address}: {line.action} {line.status}".strip() for line in filing.report],
        },
    )
    for line in filing.report:
        note_bounce(deed, envelope, line.address, line.action, line.status, line.diagnostic, mail)
