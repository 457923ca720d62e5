# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail to our own people about what a client, contractor or new provider wrote, so that they answer from where they read (R1, R2).

Queued in the deed that keeps the message. An envelope always has the client on it; this goes by the channel of
sign-in mail, as ``tell_staff`` does. Its Reply-To is the address of that conversation, its References the message, so
that an answer is what ``staff_answer`` takes. What is held or waits is named and not told, and cannot be answered by it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from partwell.actions.base import Deed
from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import addressed, common, link
from partwell.actions.correspondence.reply_addresses import for_envelope
from partwell.actions.people.account_mail import queue
from partwell.actions.retention.office import LIFE
from partwell.connectors.mail_message import is_message_id
from partwell.documents.mails import compose
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import DigestChoice, Envelope, InboundMail, Message
from partwell.records.jobs.queries import Job
from partwell.records.people.models import StaffMember
from partwell.records.people.queries import the_msp
from partwell.records.statements import Prepared, find
from partwell.rules import roles
from partwell.rules.refusals import Refusal

KIND = "mail.message"
ONLY_DIGEST = "digest"  # DigestChoice.messages
THREAD = 50  # messages back that a thread is followed
OUTSIDE = ("all", "client")

# Who was told of one client's messages since a moment: a few within an hour, for each of our people.
_TOLD = Prepared(
    lambda client_id, since: (
        Job.objects.order_by()
        .filter(kind=KIND, client_ref=client_id, created_at__gte=since)
        .values_list("key")
    ),
    UUID,
    datetime,
)


def tell_of_message(deed: Deed, row: Message, *, mail: InboundMail | None = None, files: Sequence[str] = ()) -> None:  # fmt: skip
    """Queue a mail about a message of somebody outside, before the entry that tells of it. ``mail``: by which it came, ``files``: what with it.

    Nothing for words of our own people, for notes, and for what a program sent. The deed has locked the client.
    """
    if row.author_kind == "staff" or row.audience not in OUTSIDE or (mail is not None and mail.automatic):
        return
    if row.waits_for_consent:
        path = f"/mail-in/{mail.id}/" if mail else f"/messages/{row.id}/"
        _there(deed, readers(deed, row, mail), f"held:{row.id.hex}", "A question is held before consent", "Somebody who is not authorised wrote. It is kept, the client decides, and nobody answers (R1).", path)  # fmt: skip
        return
    people = readers(deed, row, mail)
    if not people:
        return
    told = {
        "message": row.id.hex,
        "mail": mail.id.hex if mail else "",
        "files": [one[:200] for one in files[:30]],
    }
    told |= _answers_go(deed, row)
    for staff in people:
        _queue(deed, staff, row.id.hex, told)


def tell_of_waiting(deed: Deed, mail: InboundMail) -> None:
    """The same of a mail that waits for a person: only that it is there. Nothing where nobody knows whose it is."""
    if deed.client is None or mail.automatic:
        return
    people = [one for one in readers(deed, None, mail) if mail.staff is None or one.id != mail.staff.id]
    _there(deed, people, f"waits:{mail.id.hex}", "A mail waits for a person", "It came in and is in nobody's conversation before one of you has looked at it.", f"/mail-in/{mail.id}/")  # fmt: skip


def readers(deed: Deed, row: Message | None, mail: InboundMail | None = None) -> list[StaffMember]:
    """Who is told: the account manager and whoever of us wrote in the thread, else the owners; here, allowed to read, willing.

    Whoever does this, or forwarded it, knows already.
    """
    client = _locked(deed)
    wanted = _wrote_in_thread(row) | ({client.account_manager_id} if client.account_manager_id else set())
    here = StaffMember.objects.filter(left_at=None).order_by("id")
    found = [one for one in here.filter(pk__in=wanted) if _may_read(one)]
    if not found:
        found = sorted(find(StaffMember, left_at=None, role=roles.OWNER), key=lambda one: one.id)
    quiet = {one.staff_id for one in find(DigestChoice, messages=ONLY_DIGEST)}
    knows = {deed.actor.id, mail.forwarded_by_id if mail else None}
    return [one for one in found if one.id not in quiet | knows]


def _locked(deed: Deed) -> Client:
    if deed.client is None:
        raise RuntimeError("Lock the client before staff are told.")
    return deed.client


def _may_read(staff: StaffMember) -> bool:
    return roles.may(staff.role, "message.read") is None


def _wrote_in_thread(row: Message | None) -> set[UUID]:
    """Staff who wrote what this answers, back to its beginning, or answered any of it."""
    if row is None or row.answers is None:
        return set()
    ids, one = list[UUID](), row.answers
    while one is not None and len(ids) < THREAD and one.id not in ids:
        ids.append(one.id)
        one = one.answers  # type: ignore[assignment]  # the loop ends at None
    ours = Message.objects.filter(author_kind="staff", audience__in=OUTSIDE)
    return {
        *ours.filter(pk__in=ids).values_list("author_id", flat=True),
        *ours.filter(answers__in=ids).values_list("author_id", flat=True),
    }


def _answers_go(deed: Deed, row: Message) -> dict[str, str]:
    """Reply-To and whom an answer reaches, while the page would let it leave; nothing else (R1, R2)."""
    client, firm = _locked(deed), row.recipient
    if row.author_kind not in ("client", "provider") or (row.author_kind == "provider" and firm is None):
        return {}
    if row.audience != "all":
        firm = None
    persons: list[RecipientPerson] = []
    if firm is not None:
        found = may_write_to(firm.id, deed.now)
        if isinstance(found, Refusal):
            return {}
        persons = found
    if isinstance(addressed(client.id, persons, None, False), Refusal):
        return {}
    where = for_envelope(deed, client, firm)
    names = f"{client.legal_name} and {firm.firm}" if firm else client.legal_name
    return {"reply_to": where, "answer_to": names} if where else {}


def _there(deed: Deed, people: Iterable[StaffMember], key: str, title: str, what: str, path: str) -> None:
    told = {"title": title, "what": what, "next_step": "Open it to see who wrote and what can be done.", "path": path}  # fmt: skip
    for staff in people:
        _queue(deed, staff, key, told)


def _queue(deed: Deed, staff: StaffMember, key: str, told: dict[str, Any]) -> None:
    """One mail; beyond so many within the hour one for all the rest, at the hour's end."""
    client = _locked(deed)
    hour = deed.now.replace(minute=0, second=0, microsecond=0)
    mine, rest = f"told:{staff.id.hex}:", f"told:{staff.id.hex}:{client.id.hex}:{hour:%Y%m%d%H}"
    sent = sum(one.startswith(mine) and one != rest for (one,) in _TOLD.rows(client.id, hour))
    if sent < settings.PARTWELL_MESSAGE_MAILS:
        deed.job(KIND, f"told:{staff.id.hex}:{key}", client=client.id, staff=staff.id.hex, more=0, **told)
        return
    job = deed.job(
        KIND, rest, client=client.id, due=hour + timedelta(hours=1), staff=staff.id.hex, more=0, path=f"/clients/{client.id}/messages/"
    )  # fmt: skip
    Job.objects.filter(pk=job.pk).update(payload={**job.payload, "more": job.payload["more"] + 1})


def run(job: Job) -> dict[str, Any]:
    """The job: hand the mail to the post office, unless the person left, may not read it any more, or chose the digest meanwhile."""
    said, msp = job.payload, the_msp()
    client = Client.objects.filter(pk=job.client_ref).first() if job.client_ref else None
    staff = (
        StaffMember.objects.select_related("user").filter(pk=UUID(hex=str(said["staff"])), left_at=None).first()
    )  # fmt: skip
    if msp is None or client is None or staff is None or not _may_read(staff):
        return {"sent": False}
    if DigestChoice.objects.filter(staff=staff, messages=ONLY_DIGEST).exists():
        return {"sent": False}
    base = common(msp, client.legal_name, staff.name)
    if "message" not in said:
        note = {name: str(said[name]) for name in ("title", "what", "next_step")} if not said["more"] else _more(said["more"])  # fmt: skip
        made = compose("staff_note", {**base, **note, "portal_url": link(str(said["path"]))})
        queue(staff.user.email, made.subject, made.text, made.html, life=LIFE)
        return {"sent": True}
    row = Message.objects.select_related("recipient").filter(pk=UUID(hex=str(said["message"]))).first()
    if row is None:  # its record was destroyed
        return {"sent": False}
    values = {
        "topic": row.subject, "sender": row.author_name, "sender_firm": _firm(row, client), "body": row.text, "attachments": said["files"] or None,
        "answer_to": said.get("answer_to"), "portal_url": link(f"/messages/{row.id}/"),
    }  # fmt: skip
    made = compose("staff_message", {**base, **values})
    queue(
        staff.user.email, made.subject, made.text, made.html, life=LIFE, reply_to=said.get("reply_to", ""), references=_about(row),
    )  # fmt: skip
    return {"sent": True}


def _more(count: int) -> dict[str, str]:
    many = f"{count} more messages came" if count > 1 else "One more message came"
    return {
        "title": f"{many} within this hour",
        "what": "You have had as many mails about this client's messages as you get in one hour; this one is for all the rest.",
        "next_step": "Read them on the page.",
    }


def _firm(row: Message, client: Client) -> str:
    if row.author_kind == "provider" and row.recipient is not None:
        return row.recipient.firm
    return client.legal_name if row.author_kind == "client" else "nobody whom we know"


def _about(row: Message) -> list[str]:
    """Message-IDs by which an answer finds the message: of the mail it came by, then of the mail of ours that carried it."""
    came = InboundMail.objects.filter(message=row).values_list("internet_message_id", flat=True)
    carried = Envelope.objects.filter(message=row).order_by("queued_at").values_list("internet_message_id", flat=True)  # fmt: skip
    return [one for one in (*came[:1], *carried[:1]) if is_message_id(one)]
