# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lets a mail that waited into the conversation: by the person it says it is from, or by the office as unproved (R1, R2)."""

from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence import file_mail, staff_answer
from partwell.actions.correspondence.filing import Filing, answered
from partwell.actions.correspondence.free_held import free
from partwell.actions.correspondence.sender import match
from partwell.actions.correspondence.settle_mail import found, settled, shown
from partwell.actions.correspondence.write_message import (
    ALL,
    CLIENT,
    NotInTheLoop,
    write_message,
)
from partwell.records.correspondence.inbound_queries import parts_of
from partwell.records.correspondence.models import InboundMail
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.inbound import State
from partwell.rules.inbound_accepted import accepted
from partwell.rules.refusals import Refusal, refuse


def accept_mail(*, actor: Actor, mail_id: UUID) -> InboundMail | Refusal:
    """Accept a mail in state "waiting"; or one that is held, where consent stands by now and only its proof is missing.

    One that says it is from staff: only that person, signed in; it is then written as on the page (``write_message``: role,
    consent, the client in the loop, the wait), and its attachments go to nobody by mail. Any other: the office; a new
    provider without consent is held, and nobody is answered.
    """
    mail = found(actor, mail_id, "mail.own")
    if isinstance(mail, Refusal):
        return mail
    if mail.state == "held" and mail.decided_at is None:
        return roles.may(actor.role, "mail.settle") or _since_consent(actor, mail)
    if mail.state != "waiting":
        return settled(mail)
    if mail.client_id is None:
        return refuse("mail_unassigned")
    if mail.sender_kind == "staff":
        if mail.staff is None or mail.staff.id != actor.id:
            return refuse("mail_not_yours", person=mail.staff.name if mail.staff else "somebody else")
        return _mine(actor, mail)
    if (refusal := roles.may(actor.role, "mail.settle")) is not None:
        return refusal
    return _unproved(actor, mail)


def may_free(mail: InboundMail) -> bool:
    """Whether the office may take a held mail in as unproved now: consent stands, or its sender is one of the client's by now."""
    if mail.state != "held" or mail.decided_at is not None or mail.client_id is None:
        return False
    who = match(mail.client_id, mail.from_address, timezone.now())
    return who.staff is None and accepted(who.facts, "").state is State.FILED


def _mine(actor: Actor, mail: InboundMail) -> InboundMail | Refusal:
    """Through the gate of every message; the key makes a second try after a crash the same message."""
    assert mail.client_id is not None  # asked before
    recipient = mail.address.recipient if mail.address else None
    audience = ALL if recipient else CLIENT
    earlier = answered(mail.client_id, mail, recipient, audience)
    draft = staff_answer.draft_of(mail, recipient, earlier)
    try:
        message = write_message(actor=actor, client_id=mail.client_id, draft=draft)
    except NotInTheLoop as stopped:
        return stopped.refusal
    if isinstance(message, Refusal):
        return message
    with Deed(actor) as deed:
        deed.lock(mail.client_id)
        row = InboundMail.objects.get(pk=mail.id)
        if row.state != "waiting":
            return deed.refuse(settled(row), subject=row.id, verb="mail.own")
        deed.save(
            row,
            state="filed",
            message=message,
            decided_at=deed.now,
            decided_by_name=actor.name[:160],
            decision=f"{actor.name} said, signed in: this was me."[:300],
        )
        deed.record("mail.accepted", subjects=[row.id, message.id], public={"sender": actor.name}, to_client={"digest": row.raw_sha256})  # fmt: skip
        return row


def _unproved(actor: Actor, mail: InboundMail) -> InboundMail | Refusal:
    assert mail.client_id is not None  # asked before
    with Deed(actor) as deed:
        client = deed.lock(mail.client_id)
        row = InboundMail.objects.select_related("address", "offboarding").get(pk=mail.id)
        if row.state != "waiting":
            return deed.refuse(settled(row), subject=row.id, verb="mail.settle")
        who = match(client.id, row.from_address, deed.now)
        if who.staff is not None:  # became one of ours since it came
            return deed.refuse(refuse("mail_not_yours", person=who.staff.name), subject=row.id, verb="mail.settle")  # fmt: skip
        verdict = accepted(who.facts, actor.name)
        deed.save(
            row, state=verdict.state.value, sender_kind=who.facts.kind.value, contact=who.contact, person=who.person,
            recipient=who.person.recipient if who.person else None, decision=verdict.why[:300], decided_by_name=actor.name[:160],
            decided_at=None if verdict.state == "held" else deed.now,
        )  # fmt: skip
        deed.record("mail.accepted", subjects=[row.id], public={"sender": shown(row)}, to_client={"digest": row.raw_sha256})  # fmt: skip
        filing = Filing(row, who, verdict, tuple(part.name for part in parts_of(row) if not part.inline))
        file_mail.tell(deed, filing, file_mail.file(deed, filing))
        return row


def _since_consent(actor: Actor, mail: InboundMail) -> InboundMail | Refusal:
    """What an authorisation did not free, because nothing proves its sender, by the office's word; before consent it stays held."""
    assert mail.client_id is not None  # a held mail has a client
    with Deed(actor) as deed:
        client = deed.lock(mail.client_id)
        row = InboundMail.objects.select_related("message").get(pk=mail.id)
        who = match(client.id, row.from_address, deed.now)
        verdict = accepted(who.facts, actor.name)
        if row.state != "held" or row.decided_at is not None or row.message is None or verdict.state is not State.FILED:  # fmt: skip
            return deed.refuse(settled(row), subject=row.id, verb="mail.settle")
        free(deed, row.message, row, who, verdict.why, None)
        return row
