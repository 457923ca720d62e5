# SPDX-License-Identifier: AGPL-3.0-or-later
"""The exact text that a signatory reads, and the items its scope resolves to at that moment."""

from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from partwell.actions.facts import authorisation_facts, item_facts, zone
from partwell.documents import wording
from partwell.records.authorisations.models import Authorisation, RecipientPerson
from partwell.records.clients.models import AuthorityProof, Contact
from partwell.records.estate.models import Item
from partwell.records.people.queries import the_msp
from partwell.rules.consent import resolve_scope
from partwell.rules.terms import Category, ScopePreset

PRESET_LABELS = {
    ScopePreset.SYSTEMS: "Systems: hardware, software, onsite data, administrator access",
    ScopePreset.DOCUMENTATION: "Documentation: processes, diagrams, audit reports, training",
    ScopePreset.ENDPOINTS: "Endpoints: the devices that people work at",
}


def resolved_items(row: Authorisation) -> list[Item]:
    """The items that this consent means now, in the order people read them."""
    items = list(Item.objects.present().filter(client_id=row.client_id).order_by("category", "title", "id"))
    inside = set(
        resolve_scope(
            authorisation_facts(row, zone(), terms=True), [item_facts(item) for item in items]
        ).item_ids
    )
    return [item for item in items if item.id.hex in inside]


def proof_on_file(contact: Contact) -> AuthorityProof | None:
    """The contact's standing proof of authority, if any."""
    proofs = AuthorityProof.objects.filter(contact=contact, revoked_at=None).order_by("-checked_at")
    return next(iter(proofs), None)


def paragraphs(row: Authorisation, items: list[Item] | None = None) -> list[wording.Paragraph]:
    """The authorisation's text as it stands; documents' DocumentError names what is missing."""
    msp = the_msp()
    zone_name = zone()
    shown = resolved_items(row) if items is None else items
    proof = proof_on_file(row.signatory)
    people = RecipientPerson.objects.filter(pk__in=[UUID(hex=one) for one in row.person_ids]).order_by("name")
    titles = dict(
        Item.objects.filter(pk__in=[UUID(hex=one) for one in row.excluded_item_ids]).values_list(
            "pk", "title"
        )
    )
    # Why each is not given stands with it: a title alone reads as if it were all that they do not receive.
    exclusions = [f"{Category(one).label}: the whole category is excluded" for one in row.excluded_categories]
    exclusions += [f"{title}: excluded by name" for title in sorted(titles.values())]
    at = ZoneInfo(zone_name)
    facts = wording.AuthorisationFacts(
        msp_name=msp.name if msp else "",
        client_name=row.client.legal_name,
        signatory_name=row.signatory.name,
        signatory_title=row.signatory.title or "signatory",
        authority_proof=proof.kind if proof else "none on file",
        recipient_firm=row.recipient.firm,
        recipient_persons=tuple(f"{person.name}, {person.email}" for person in people),
        access=row.access,
        end=datetime.combine(row.ends_on, time(23, 59), at),
        zone=zone_name,
        start=datetime.combine(row.starts_on, time(0), at),
        systems=tuple(PRESET_LABELS[ScopePreset(one)] for one in row.presets),
        categories=tuple(Category(one).label for one in row.categories),
        exclusions=tuple(exclusions),
        items=tuple((str(number), item.title) for number, item in enumerate(shown, 1)),
        number=str(row.version),
        replaces=f"authorisation {row.replaces.version}" if row.replaces else "",
        withdraw_contact=(msp.email if msp else ""),
    )
    return wording.authorisation_text(facts, language=row.language)


def fix_text(row: Authorisation) -> None:
    """Set the row's text, digest, version and shown items; the caller saves it within its deed."""
    items = resolved_items(row)
    made = paragraphs(row, items)
    row.text = wording.canonical_text(made, language=row.language).decode()
    row.text_digest = wording.text_digest(made, language=row.language)
    row.text_version = wording.VERSION
    row.shown_items = [item.id.hex for item in items]
