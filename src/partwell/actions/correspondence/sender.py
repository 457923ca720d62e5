# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a mail says that it is from, matched to the people on record. A match is not proof; that is judged apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from partwell.actions.facts import house_mailboxes
from partwell.actions.releases.standing import standing_of
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.people.models import Msp, StaffMember
from partwell.rules import inbound
from partwell.rules.loop import mailbox_of

Kind = inbound.SenderKind
Row = TypeVar("Row", Contact, RecipientPerson, StaffMember)


@dataclass(frozen=True)
class Matched:
    """The rows behind a sender, at most one kind of them, and the same as the rule sees it."""

    facts: inbound.Sender
    contact: Contact | None = None
    person: RecipientPerson | None = None
    staff: StaffMember | None = None


def match(client_id: UUID | None, address: str, now: datetime) -> Matched:
    """Who of this client's conversation has this mailbox ("+tags" aside). An address of two parties is nobody's for sure.

    Without a client only staff is matched. Somebody of another client is ``elsewhere``, unnamed: the client reads on.
    """
    # Nobody on record has such an address, but case-folding would make one out of it (K of Kelvin, long s).
    if "@" not in address or not address.isascii():
        return Matched(inbound.Sender())
    mine = mailbox_of(address)
    staff = _best(
        row for row in StaffMember.objects.select_related("user") if mailbox_of(row.user.email) == mine
    )
    if client_id is None:
        return _staff(staff) if staff else Matched(inbound.Sender())
    contact = _best(row for row in Contact.objects.filter(client_id=client_id) if mine in _mailboxes(row))
    people = RecipientPerson.objects.select_related("recipient").filter(recipient__client_id=client_id)
    person = _best(row for row in people if mailbox_of(row.email) == mine)
    if staff is None and mine in house_mailboxes():
        return Matched(inbound.Sender(house=True))
    found = [one for one in (staff, contact, person) if one is not None and one.left_at is None]
    if len(found) > 1:
        return Matched(inbound.Sender(ambiguous=True))
    if staff is not None and (found == [staff] or not (contact or person)):
        return _staff(staff)
    if person is not None and (found == [person] or contact is None):
        standing = standing_of(person.recipient_id, person.id, now)
        facts = inbound.Sender(
            Kind.PROVIDER,
            person.name,
            person.recipient.firm,
            gone=person.left_at is not None,
            consent=standing.stands,
        )
        return Matched(facts, person=person)
    if contact is not None:
        facts = inbound.Sender(
            Kind.CLIENT, contact.name, signatory=contact.role == "signatory", gone=contact.left_at is not None
        )
        return Matched(facts, contact=contact)
    return Matched(inbound.Sender(elsewhere=_elsewhere(client_id, address)))


def _staff(row: StaffMember) -> Matched:
    return Matched(inbound.Sender(Kind.STAFF, row.name, gone=row.left_at is not None), staff=row)


def _best(rows: Iterable[Row]) -> Row | None:
    """One who has not left before one who has."""
    found = sorted(rows, key=lambda row: row.left_at is not None)
    return found[0] if found else None


def _mailboxes(row: Contact) -> set[str]:
    return {mailbox_of(one) for one in (row.email, row.second_email) if one}


def _elsewhere(client_id: UUID, address: str) -> bool:
    others = Contact.objects.filter(email__iexact=address, left_at=None).exclude(client_id=client_id)
    people = RecipientPerson.objects.filter(email__iexact=address, left_at=None)
    return others.exists() or people.exclude(recipient__client_id=client_id).exists()


def known_domains(client: Client) -> tuple[str, ...]:
    """The domains that a look-alike could be made of: the client's, its contacts', its new providers' and ours."""
    found = [*client.domains]
    for emails in Contact.objects.filter(client=client, left_at=None).values_list("email", "second_email"):
        found += [one.rpartition("@")[2] for one in emails]
    people = RecipientPerson.objects.filter(recipient__client=client, left_at=None).values_list(
        "email", flat=True
    )
    found += [one.rpartition("@")[2] for one in people]
    found += [one.rpartition("@")[2] for one in Msp.objects.values_list("email", flat=True)]
    return tuple(sorted({str(one).casefold() for one in found if one}))
