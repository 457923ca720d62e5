# SPDX-License-Identifier: AGPL-3.0-or-later
"""A judged mail becomes a message of the conversation, a held question, a bounce, or waits; in the deed that keeps it."""

from partwell.actions.base import Deed
from partwell.actions.correspondence import forwarded, staff_answer
from partwell.actions.correspondence import write_message as writing
from partwell.actions.correspondence.acknowledge import acknowledge, will_acknowledge
from partwell.actions.correspondence.bounced import note_bounce
from partwell.actions.correspondence.filing import Filing, answered
from partwell.actions.correspondence.post import Post, link, names, post
from partwell.actions.correspondence.report_trust import Report
from partwell.actions.correspondence.tell_held import tell_held
from partwell.actions.correspondence.tell_of_message import tell_of_message, tell_of_waiting
from partwell.actions.facts import open_offboarding
from partwell.actions.retention.office import tell_office
from partwell.records.authorisations.models import Recipient
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import InboundMail, Message
from partwell.rules.inbound import State
from partwell.rules.reports import Worth

LONGEST = 20_000

# What an entry says became of a mail that is no message (event mail.kept).
OUTCOMES = {
    State.WAITING: "waits for a person",
    State.UNMATCHED: "belongs to nobody we know",
    State.LOOP: "is one of ours come back",
}
REPORTS = (State.BOUNCE, State.DOUBTED)


def file(deed: Deed, filing: Filing) -> Message | None:
    """Save the mail and what it becomes, and record it. The deed has locked the client where there is one.

    Mail goes out to the client as the verdict says; to the new provider only what staff answered (``staff_answer.checked``).
    """
    mail, verdict = filing.mail, filing.verdict
    client = deed.client
    keep = deed.add if mail._state.adding else deed.save  # a person may file it later than it came
    if client is None or verdict.state in OUTCOMES or verdict.state in REPORTS:
        keep(mail)
        return None
    row = _message(deed, client, filing)
    if staff_answer.is_answer(filing):
        writing.wait(deed, row, by_staff=True)
    deed.add(row)
    mail.message = row
    keep(mail)
    return row


def tell(deed: Deed, filing: Filing, row: Message | None) -> None:
    """Post what must be mailed and record the entry; everything saved before in this deed belongs to it."""
    mail, verdict, client = filing.mail, filing.verdict, deed.client
    digest = mail.raw_sha256
    if row is None or client is None:
        if verdict.state in REPORTS and client is not None:
            _bounced(deed, filing)
            return
        staff_answer.tell_why_it_waits(deed, filing)
        if verdict.state is State.WAITING:
            tell_of_waiting(deed, mail)
        deed.record("mail.kept", client=client.id if client else None, subjects=[mail.id], public={"outcome": OUTCOMES[verdict.state]},
                    internal={"sender": _shown(mail)[:200], "why": verdict.why, "digest": digest,
                              **({"past_us": list(filing.past_us)} if filing.past_us else {})})  # fmt: skip
        return
    if staff_answer.is_answer(filing):
        staff_answer.send(deed, client, filing, row)
        return
    sender = (
        f"{row.author_name}, {row.recipient.firm}"
        if row.recipient and row.author_kind == "provider"
        else row.author_name
    )
    if verdict.state is State.HELD:
        by = f" (forwarded by {mail.forwarded_by.name})" if mail.forwarded_by else ""
        _held(deed, filing, row, digest, f"{sender}{by}")
        return
    if verdict.tell_client:
        _copy(deed, client, row, filing)
    tell_of_message(deed, row, mail=mail, files=filing.attachments)
    if mail.forwarded_by is not None:
        _record_forward(deed, filing, row, sender)
        return
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


def _record_forward(deed: Deed, filing: Filing, row: Message, sender: str) -> None:
    """R2: under whose name and date it is filed, by whose hand it came, and how far that is proved."""
    mail = filing.mail
    deed.record(
        "message.forwarded",
        recipient=row.recipient_id if row.audience == "all" else None,
        subjects=[row.id, mail.id],
        public={"by": _by(mail), "sender": sender, "subject": row.subject},
        to_client={
            "digest": forwarded.digest_of(mail),
            "words_sha256": writing.digest_of(row.subject, row.text),
            "dkim": mail.auth.get("proof", "none"),
            "attachments": len(filing.attachments),
            "written_at": row.written_at.isoformat(),
        },
    )


def _by(mail: InboundMail) -> str:
    return mail.forwarded_by.name if mail.forwarded_by else ""


def _copy(deed: Deed, client: Client, row: Message, filing: Filing) -> None:
    """The client's copy by mail, of what a new provider wrote (R2)."""
    firm = row.recipient.firm if row.recipient else _firm(filing.mail)
    post(
        deed,
        Post(
            kind="message",
            dedupe=f"inbound:{filing.mail.id.hex}",
            message=row,
            values={
                "topic": row.subject,
                "sender": row.author_name,
                "sender_firm": firm,
                "body": row.text,
                "recipients": [client.legal_name],
                "forwarded_by": _by(filing.mail) or None,
                "warnings": list(filing.mail.warnings) or None,
                "came_with": list(filing.attachments) or None,
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
        tell_held(
            deed,
            row,
            path=f"/client/mail-in/{mail.id}/",
            firm=recipient.firm if recipient else _firm(mail),
            received_at=row.written_at if mail.forwarded_by else mail.received_at,
            acknowledged=acknowledged,
            forwarded_by=_by(mail),
            address=mail.from_address,
            warnings=mail.warnings,
            came_with=filing.attachments,
        )
    tell_of_message(deed, row, mail=mail)
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
    words = mail.text if filing.words is None else filing.words
    text = words[:LONGEST].strip() or "(This mail has no text; see what came with it.)"
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
        written_at=mail.sent_at if mail.forwarded_by and mail.sent_at else mail.received_at,
    )


def _bounced(deed: Deed, filing: Filing) -> None:
    """Write down what a report says of a mail of ours; do what follows of what is proved (R2), and leave the rest to a person."""
    mail, report = filing.mail, filing.report
    assert report is not None  # the rule says "bounce" and "doubted" of nothing else
    envelope, digest = report.envelope, mail.raw_sha256
    said = [f"{one.line.address}: {one.line.action} {one.line.status}".strip() for one in report.lines]
    believed = [one for one in report.lines if one.judgement.worth is Worth.BELIEVED]
    subjects, public, to_client = [mail.id, envelope.id], {"recipients": names(envelope)}, {"digest": digest, "said": said}  # fmt: skip
    if believed:
        deed.record("mail.reported", subjects=subjects, public=public, to_client=to_client)
    if report.doubt or not believed:
        why = report.doubt or report.remark
        deed.record("envelope.doubted", subjects=subjects, public=public, to_client=to_client, internal={"why": why})  # fmt: skip
    if report.doubt:
        _tell_doubt(deed, mail, report)
    for one in believed:
        line, address = one.line, one.on_it["address"] if one.on_it else one.line.address
        note_bounce(deed, envelope, address, line.action, line.status, line.diagnostic, mail, one.judgement.why)  # fmt: skip


def _tell_doubt(deed: Deed, mail: InboundMail, report: Report) -> None:
    """To the office, once a day and client: nothing was changed, and somebody has to look."""
    client = deed.client
    assert client is not None  # a report is about a mail to a client
    tell_office(
        deed,
        f"doubted:{client.id.hex}:{deed.now:%Y%m%d}",
        title=f"A report on mail to {client.name} that nobody can prove: look",
        what=f"It says that “{report.envelope.subject}” did not arrive. {report.doubt} Nothing was changed by it.",
        next_step="Call the client on the number on file, and say on the page whether the address fails.",
        path=f"/mail-in/{mail.id}/",
    )
