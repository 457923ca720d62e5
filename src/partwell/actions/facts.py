# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows into the facts that rules ask for. No decision here, and no writing."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from partwell.records import statements
from partwell.records.authorisations.models import Authorisation, RecipientPerson, TermsAcceptance
from partwell.records.clients.models import Contact
from partwell.records.estate.models import Item, Trial
from partwell.records.offboardings.models import LawfulPause, Offboarding
from partwell.records.people.models import Msp, StaffMember
from partwell.rules import consent, handover, loop
from partwell.rules.loop import mailbox_of
from partwell.rules.pauses import Pause, PauseReason
from partwell.rules.terms import (
    Access,
    AuthorisationState,
    Category,
    ItemKind,
    Owner,
    ScopePreset,
    SecondFactor,
    Sensitivity,
)

# Asked at every step of every mail, so compiled once.
_HOUSE = statements.Prepared(
    lambda: (
        StaffMember.objects.order_by()
        .filter(left_at=None)
        .values_list("user__email")
        .union(Msp.objects.order_by().values_list("email"), all=True)
    )
)
_STRANGERS = statements.Prepared(
    lambda client_id: (
        RecipientPerson.objects.order_by()
        .filter(recipient__client_id=client_id, left_at=None)
        .values_list("email")
    ),
    UUID,
)


def zone() -> str:
    """The MSP's zone: what "today" means."""
    return Msp.objects.values_list("time_zone", flat=True).first() or "UTC"


def item_facts(item: Item) -> consent.ItemFacts:
    """An item as R1 and R3 see it. Title passes with the agreement unless ``handover["title"]`` says "retained"."""
    return consent.ItemFacts(
        id=item.id.hex,
        title=item.title,
        kind=ItemKind(item.kind),
        category=Category(item.category),
        owner=Owner(item.owner),
        sensitivity=Sensitivity(item.sensitivity),
        endpoint=item.endpoint,
        internal=item.internal,
        title_passed=item.handover.get("title") != "retained",
    )


def terms_accepted(person_ids: Iterable[UUID]) -> bool:
    """Whether one of these persons accepted the terms."""
    return TermsAcceptance.objects.filter(person_id__in=list(person_ids)).exists()


def authorisation_facts(
    row: Authorisation, zone_name: str, *, person_id: UUID | None = None, terms: bool | None = None
) -> consent.AuthorisationFacts:
    """A consent as R1 sees it. ``terms``: whether the receiving person accepted them; looked up if not given."""
    persons = [UUID(hex=one) for one in row.person_ids]
    if terms is None:
        terms = terms_accepted([person_id] if person_id else persons)
    return consent.AuthorisationFacts(
        id=row.id.hex,
        state=AuthorisationState(row.state),
        version=row.version,
        recipient_id=row.recipient_id.hex,
        recipient_name=row.recipient.firm,
        person_ids=frozenset(row.person_ids),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        zone=zone_name,
        presets=frozenset(ScopePreset(one) for one in row.presets),
        categories=frozenset(Category(one) for one in row.categories),
        item_ids=frozenset(row.item_ids),
        excluded_item_ids=frozenset(row.excluded_item_ids),
        excluded_categories=frozenset(Category(one) for one in row.excluded_categories),
        access=Access(row.access),
        withdrawn_at=row.withdrawn_at,
        second_factor=SecondFactor(row.factor) if row.factor else None,
        terms_accepted=terms,
    )


def newest_authorisation(recipient_id: UUID) -> Authorisation | None:
    """The recipient's granted authorisation, else the newest that was ever put before the client."""
    rows = Authorisation.objects.select_related("recipient").filter(recipient_id=recipient_id)
    return (
        rows.filter(state=AuthorisationState.GRANTED).first()
        or rows.exclude(state=AuthorisationState.DRAFT)
        .exclude(proposed_at=None, granted_at=None)
        .order_by("-version")
        .first()
    )


def handover_facts(item: Item, trial: Trial | None, now: datetime, zone_name: str) -> handover.HandoverFacts:
    """What is on record of an item for its handover (R3, R16)."""
    note = item.handover
    credential = None
    if item.kind == ItemKind.CREDENTIAL:
        worked = trial is not None and trial.outcome == "worked"
        cannot = trial is not None and trial.outcome == "cannot_be_tried"
        credential = handover.CredentialFacts(
            account=str(item.details.get("username") or note.get("account") or ""),
            privilege=str(note.get("privilege", "")),
            critical=item.critical,
            admin_access=bool(note.get("named_role")),
            clients_account=bool(note.get("clients_account")),
            tried_at=trial.tried_at if trial and worked else None,
            proof=bool(trial and trial.proof_id),
            untestable_reason=trial.reason if trial and cannot else "",
            tried_by_id=trial.tried_by.hex if trial else "",
            second_person_id=trial.second_person.hex if trial and trial.second_person else "",
            second_person_name=trial.second_person_name if trial else "",
            labelled_untested=bool(note.get("untested")),
        )
    return handover.HandoverFacts(
        title=item.title,
        kind=ItemKind(item.kind),
        now=now,
        zone=zone_name,
        serial=str(
            note.get("serial") or item.details.get("serial") or item.details.get("serial_number") or ""
        ),
        condition=str(note.get("condition", "")),
        licence_key="key" in item.secret_fields or bool(note.get("licence_key")),
        has_no_key=bool(note.get("has_no_key")),
        transfer_confirmed=bool(note.get("transfer_confirmed")),
        location=str(note.get("location") or item.details.get("location") or ""),
        manifest=bool(note.get("manifest")) or item.document_id is not None,
        in_place_confirmed=bool(note.get("in_place_confirmed")),
        file=item.document_id is not None,
        credential=credential,
    )


def newest_trials(item_ids: Iterable[UUID]) -> dict[UUID, Trial]:
    """The newest trial of each credential, in one query."""
    out: dict[UUID, Trial] = {}
    for trial in Trial.objects.filter(item_id__in=list(item_ids)).order_by("tried_at"):
        out[trial.item_id] = trial
    return out


def pauses(client_id: UUID) -> tuple[Pause, ...]:
    """R11's lawful pauses in force."""
    return tuple(
        Pause(PauseReason(row.ground), row.note)
        for row in LawfulPause.objects.filter(client_id=client_id, lifted_at=None)
    )


def loop_contacts(client_id: UUID) -> list[Contact]:
    """The client's contacts whom mail reaches, in the order of :func:`rules.loop.in_the_loop`: signatories first.

    The first is on every envelope (R2), at their :func:`working_address`. A contact who left or none of whose addresses
    works is never in this list, nor one whose mailbox the MSP's own people read: what goes there tells the client nothing.
    """
    found = statements.find(Contact, client_id=client_id, left_at=None)
    return _around(found, house_mailboxes(), _strangers(client_id, found))


def loop_contacts_of(client_ids: Collection[UUID]) -> dict[UUID, list[Contact]]:
    """:func:`loop_contacts` of each of these clients, in three queries for any number of them."""
    people: dict[UUID, list[Contact]] = {one: [] for one in client_ids}
    for contact in Contact.objects.filter(client_id__in=people, left_at=None):
        people[contact.client_id].append(contact)
    strangers: dict[UUID, set[str]] = {one: set() for one in people}
    asked = RecipientPerson.objects.filter(recipient__client_id__in=people, left_at=None)
    for client_id, email in asked.values_list("recipient__client_id", "email"):
        strangers[client_id].add(mailbox_of(email))
    house = house_mailboxes()
    return {one: _around(found, house, frozenset(strangers[one])) for one, found in people.items()}


def _around(found: Iterable[Contact], house: frozenset[str], strangers: frozenset[str]) -> list[Contact]:
    rows = {row.id.hex: row for row in sorted(found, key=lambda row: row.name)}
    around = loop.in_the_loop(map(reach_of, rows.values()), ours=house, strangers=strangers)
    return [rows[one.contact_id] for one in around]


def standing_in(client_id: UUID) -> loop.StandIn | None:
    """Who is on every message because mail to the client's first contact comes back; None while it does not."""
    rows = statements.find(Contact, client_id=client_id, left_at=None)
    if all(row.email_state == "ok" for row in rows):
        return None
    return loop.stand_in(map(reach_of, rows), ours=house_mailboxes(), strangers=_strangers(client_id, rows))


def reach_of(row: Contact) -> loop.Reach:
    """A contact as the rule of the loop weighs them."""
    return loop.Reach(
        row.id.hex, row.name, row.role == "signatory", row.outside_domain, row.added_at, row.email, row.email_state == "ok",
        row.second_email, row.second_email_state != "bouncing",
    )  # fmt: skip


def _strangers(client_id: UUID, rows: Iterable[Contact]) -> frozenset[str]:
    """Asked for only where a second address takes over: none of the recipients' may."""
    if any(row.email_state != "ok" and row.second_email for row in rows):
        return stranger_mailboxes(client_id)
    return frozenset()


def working_address(contact: Contact) -> str:
    """Where mail reaches a contact: the first address, the second while mail to the first comes back; "" where neither does."""
    return reach_of(contact).at


def second_address(contact: Contact) -> str:
    """The contact's second address while mail to it arrives, else ""."""
    return "" if contact.second_email_state == "bouncing" else contact.second_email


def house_mailboxes() -> frozenset[str]:
    """The mailboxes of the MSP and of its staff who have not left, as :func:`rules.loop.mailbox_of` compares them."""
    return frozenset(mailbox_of(one) for (one,) in _HOUSE.rows() if one)


def stranger_mailboxes(client_id: UUID) -> frozenset[str]:
    """The mailboxes of the people of a client's recipients who have not left, as :func:`rules.loop.mailbox_of` compares them."""
    return frozenset(mailbox_of(one) for (one,) in _STRANGERS.rows(client_id))


def any_recipients(address: str) -> bool:
    """Whether this mailbox is that of a person of any client's recipient who has not left."""
    people = RecipientPerson.objects.filter(left_at=None).values_list("email", flat=True).distinct()
    return mailbox_of(address) in {mailbox_of(one) for one in people}


def open_offboarding(client_id: UUID) -> Offboarding | None:
    """The client's open departure, if any."""
    return (
        Offboarding.objects.select_related("owner", "client")
        .filter(client_id=client_id, state="open")
        .first()
    )


def person_of(person_id: UUID) -> RecipientPerson | None:
    """A recipient person who has not left."""
    return RecipientPerson.objects.select_related("recipient").filter(pk=person_id, left_at=None).first()
