# SPDX-License-Identifier: AGPL-3.0-or-later
"""A person at the client. The number is dated: only one on file before the notice can carry a call-back (R1)."""

from dataclasses import dataclass
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.clients.add_client import outside
from partwell.actions.correspondence.takeover import wake
from partwell.actions.facts import house_mailboxes
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.rules import loop, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ContactRole


@dataclass(frozen=True)
class NewContact:
    """What is typed in of a person. ``second_email``: where R1's receipts go too, not administered by the MSP."""

    name: str
    email: str
    role: ContactRole = ContactRole.OBSERVER
    title: str = ""
    second_email: str = ""
    phone: str = ""
    language: str = "en"


def contact_problem(
    client: Client, name: str, email: str, second: str, but: UUID | None = None
) -> Refusal | None:
    """What is wrong with a person's name and addresses: none, unusable, taken, a new provider's or our own (R2)."""
    if not name.strip():
        return refuse("required", where="The contact's name")
    if (problem := loop.address_problem(email.strip(), "The contact's address")) is not None:
        return problem
    if second.strip():
        if (problem := loop.address_problem(second.strip(), "The second address")) is not None:
            return problem
        if loop.mailbox_of(second) == loop.mailbox_of(email):
            return refuse("invalid_input", where="The second address", problem="it is the same as the first")
    people = RecipientPerson.objects.filter(recipient__client=client, left_at=None)
    theirs = {loop.mailbox_of(one) for one in people.values_list("email", flat=True)}
    if theirs & {loop.mailbox_of(one) for one in (email, second) if one.strip()}:
        return refuse("same_address")
    # The other way round it would be the MSP who confirms to itself that the client was told.
    if house_mailboxes() & {loop.mailbox_of(one) for one in (email, second) if one.strip()}:
        return refuse(
            "invalid_input",
            where="The contact's address",
            problem="the service provider's own people read that mailbox, so the client would not be told",
        )
    same = (
        client.contacts.filter(email__iexact=email.strip(), left_at=None)
        .exclude(pk=but or UUID(int=0))
        .first()
    )
    return refuse("duplicate", what=f"A contact with the address {email.strip()}") if same else None


def new_contact(deed: Deed, client: Client, given: NewContact) -> Contact:
    """Within a deed that locked the client, after ``contact_problem``: the row and its entry."""
    row = deed.add(
        Contact(
            client=client,
            name=given.name.strip()[:160],
            title=given.title.strip()[:120],
            role=given.role,
            email=given.email.strip(),
            second_email=given.second_email.strip(),
            phone=given.phone.strip()[:40],
            phone_on_file_at=deed.now if given.phone.strip() else None,
            outside_domain=outside(given.email, client.domains),
            language=given.language,
            added_at=deed.now,
        )
    )
    deed.record(
        "contact.added",
        subjects=[row.id],
        public={"contact": row.name, "role": row.role},
        to_client={
            "address": row.email,
            "phone": row.phone,
            "title": row.title,
            "outside_domain": row.outside_domain,
        },
    )
    return row


def add_contact(*, actor: Actor, client_id: UUID, contact: NewContact) -> Contact | Refusal:
    """Add a signatory or observer; a signatory signs only once a proof of authority is on file (R1)."""
    if (refusal := roles.may(actor.role, "contact.add")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = contact_problem(client, contact.name, contact.email, contact.second_email)
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="contact.add")
        row = new_contact(deed, client, contact)
        wake(client.id, deed.now)
        return row
