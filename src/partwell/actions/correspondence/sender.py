# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a mail says that it is from, matched to the people on record. A match is not proof; that is judged apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Value
from django.db.models.functions import Upper

from partwell.actions.releases.standing import standing_of
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.people.models import Msp, StaffMember
from partwell.records.statements import Prepared, find, identifier
from partwell.rules import inbound
from partwell.rules.loop import mailbox_of

Kind = inbound.SenderKind


@dataclass(frozen=True)
class Matched:
    """The rows behind a sender, at most one kind of them, and the same as the rule sees it."""

    facts: inbound.Sender
    contact: Contact | None = None
    person: RecipientPerson | None = None
    staff: StaffMember | None = None


@dataclass(frozen=True)
class Person:
    """One whose mailbox is compared: the row's id, the address on file, whether they are still here, their name and firm."""

    id: UUID
    email: str
    here: bool
    name: str = ""
    firm: str = ""


@dataclass(frozen=True)
class Around:
    """Whose mailboxes say whom a mail is from: our own people and address, the client's contacts, the people of its recipients."""

    staff: tuple[Person, ...]
    office: tuple[str, ...]
    contacts: tuple[Contact, ...] = ()
    people: tuple[Person, ...] = ()
    house_names: tuple[str, ...] = ()

    @property
    def house(self) -> frozenset[str]:
        """The mailboxes that we ourselves read (``facts.house_mailboxes``)."""
        found = (*(one.email for one in self.staff if one.here), *self.office)
        return frozenset(mailbox_of(one) for one in found if one)


_STAFF = Prepared(lambda: StaffMember.objects.order_by().values_list("id", "user__email", "left_at", "name"))
_OFFICE = Prepared(lambda: Msp.objects.order_by().values_list("email", "name"))
_PEOPLE = Prepared(
    lambda client_id: (
        RecipientPerson.objects.order_by()
        .filter(recipient__client_id=client_id)
        .values_list("id", "email", "left_at", "name", "recipient__firm")
    ),
    UUID,
)
_ELSEWHERE = Prepared(
    lambda client_id, address: _there(Contact.objects.exclude(client_id=client_id), address).union(
        _there(RecipientPerson.objects.exclude(recipient__client_id=client_id), address)
    ),
    UUID,
    str,
)


def around(client_id: UUID | None) -> Around:
    """Everybody around a client's conversation, read once for all that is asked of a mail: four queries, two without a client."""
    staff = _persons(_STAFF.rows())
    msps = _OFFICE.rows()
    office, house_names = tuple(str(email) for email, _ in msps), tuple(str(name) for _, name in msps)
    if client_id is None:
        return Around(staff, office, house_names=house_names)
    contacts = sorted(find(Contact, client_id=client_id), key=lambda row: row.name)
    return Around(staff, office, tuple(contacts), _persons(_PEOPLE.rows(client_id)), house_names)


def _persons(rows: Iterable[tuple[Any, ...]]) -> tuple[Person, ...]:
    return tuple(
        Person(identifier(key), str(email), left_at is None, *map(str, names))
        for key, email, left_at, *names in rows
    )


def match(client_id: UUID | None, address: str, now: datetime, who: Around | None = None) -> Matched:
    """Who of this client's conversation has this mailbox ("+tags" aside). An address of two parties is nobody's for sure.

    Without a client only staff is matched. Somebody of another client is ``elsewhere``, unnamed: the client reads on.
    ``who``: those :func:`around` it, looked up if not given.
    """
    # Nobody on record has such an address, but case-folding would make one out of it (K of Kelvin, long s).
    if "@" not in address or not address.isascii():
        return Matched(inbound.Sender())
    mine = mailbox_of(address)
    who = around(client_id) if who is None else who
    same = _best(who.staff, mine)
    staff = StaffMember.objects.select_related("user").get(pk=same.id) if same else None
    if client_id is None:
        return _staff(staff) if staff else Matched(inbound.Sender())
    contacts = [row for row in who.contacts if mine in _mailboxes(row)]
    contact = min(contacts, key=lambda row: row.left_at is not None, default=None)
    same = _best(who.people, mine)
    person = RecipientPerson.objects.select_related("recipient").get(pk=same.id) if same else None
    if staff is None and mine in who.house:
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


def _best(persons: Iterable[Person], mailbox: str) -> Person | None:
    """One who has this mailbox; one who has not left before one who has."""
    return min(
        (one for one in persons if mailbox_of(one.email) == mailbox),
        key=lambda one: not one.here,
        default=None,
    )


def _mailboxes(row: Contact) -> set[str]:
    return {mailbox_of(one) for one in (row.email, row.second_email) if one}


def _elsewhere(client_id: UUID, address: str) -> bool:
    return bool(_ELSEWHERE.rows(client_id, address.upper()))


def _there(rows: "QuerySet[Any]", address: str) -> "QuerySet[Any, Any]":
    """One row where one who has not left has this address, whatever its case; none else."""
    asked = rows.order_by().filter(left_at=None).annotate(large=Upper("email"))
    return asked.filter(large=address).values_list(Value(1))


def known_domains(client: Client, who: Around | None = None) -> tuple[str, ...]:
    """The domains that a look-alike could be made of: the client's, its contacts', its new providers' and ours.

    ``who``: those :func:`around` the client, looked up if not given.
    """
    who = around(client.id) if who is None else who
    addresses = [one for row in who.contacts if row.left_at is None for one in (row.email, row.second_email)]
    addresses += [one.email for one in who.people if one.here]
    found = [*client.domains, *(one.rpartition("@")[2] for one in (*addresses, *who.office))]
    return tuple(sorted({str(one).casefold() for one in found if one}))


def known_names(client: Client, who: Around | None = None) -> tuple[str, ...]:
    """The names that a stranger could borrow: of the client and its contacts, of its new providers and their people, and ours."""
    who = around(client.id) if who is None else who
    people = [one.name for one in (*who.staff, *who.people)] + [one.firm for one in who.people]
    found = [client.name, client.legal_name, *(row.name for row in who.contacts), *people, *who.house_names]
    return tuple(sorted({one for one in found if one}))
