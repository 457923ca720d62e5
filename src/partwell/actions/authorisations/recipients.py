# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipient firms and their persons: a new provider, or a contractor with or without an offboarding (R1)."""

from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.facts import house_mailboxes
from partwell.actions.people.enter import end_sessions_of
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client
from partwell.rules import lifecycle, loop, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import RecipientKind


def add_recipient(
    *, actor: Actor, client_id: UUID, firm: str, kind: RecipientKind, address: str = ""
) -> Recipient | Refusal:
    """Put a firm on the client's file; that alone allows nothing."""
    if (refusal := roles.may(actor.role, "recipient.add")) is not None:
        return refusal
    if not firm.strip():
        return refuse("required", where="The firm's name")
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "recipient.add")) is not None:
            return deed.refuse(gone, subject=client.id, verb="recipient.add")
        if Recipient.objects.filter(client=client, firm__iexact=firm.strip()).exists():
            return refuse("duplicate", what=firm.strip())
        row = deed.add(
            Recipient(client=client, firm=firm.strip(), kind=kind, address=address, added_at=deed.now)
        )
        deed.record(
            "recipient.added", subjects=[row.id], public={"recipient": row.firm}, to_client={"kind": row.kind}
        )
        return row


def add_person(
    *, actor: Actor, recipient_id: UUID, name: str, email: str, phone: str = ""
) -> RecipientPerson | Refusal:
    """A person of that firm. An address that is also the client's is refused: the client would be answering for both (R2)."""
    if (refusal := roles.may(actor.role, "recipient.change")) is not None:
        return refusal
    peek = Recipient.objects.filter(pk=recipient_id).first()
    if peek is None:
        return refuse("not_found")
    if not name.strip():
        return refuse("required", where="The person's name")
    if (problem := loop.address_problem(email.strip(), "The person's address")) is not None:
        return problem
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        # A new person at a former new provider: not the same as one who left (AFTER_CLOSING).
        if (gone := lifecycle.may_work_on(client.state, client.name, "recipient.add")) is not None:
            return deed.refuse(gone, subject=client.id, verb="recipient.change")
        addresses = client.contacts.filter(left_at=None).values_list("email", "second_email")
        theirs = {loop.mailbox_of(one) for pair in addresses for one in pair if one}
        if loop.mailbox_of(email) in theirs:
            return deed.refuse(refuse("same_address"), subject=peek.id, verb="recipient.change")
        if (
            loop.mailbox_of(email) in house_mailboxes()
        ):  # then our own copies and invitations would be the provider's
            return deed.refuse(
                refuse("address_taken", address=email.strip()), subject=peek.id, verb="recipient.change"
            )
        if peek.persons.filter(left_at=None, email__iexact=email.strip()).exists():
            return refuse("duplicate", what=email.strip())
        row = deed.add(
            RecipientPerson(
                recipient=peek, name=name.strip(), email=email.strip().lower(), phone=phone, added_at=deed.now
            )
        )
        deed.record(
            "person.added",
            subjects=[row.id, peek.id],
            public={"recipient": peek.firm, "person": row.name},
            to_client={"address": row.email},
        )
        return row


def person_left(*, actor: Actor, person_id: UUID) -> RecipientPerson | Refusal:
    """A recipient's person left: sessions and links end at once."""
    if (refusal := roles.may(actor.role, "recipient.change")) is not None:
        return refusal
    peek = RecipientPerson.objects.select_related("recipient").filter(pk=person_id, left_at=None).first()
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.recipient.client_id)
        row = deed.save(peek, left_at=timezone.now())
        deed.record(
            "recipient.changed",
            subjects=[row.id, row.recipient_id],
            public={"recipient": row.recipient.firm},
            to_client={"what": f"{row.name} left"},
        )
    end_sessions_of(person_id)
    return row
