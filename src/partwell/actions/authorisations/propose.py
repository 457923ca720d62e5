# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff prepare an authorisation and put it before the signatory (R1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max

from partwell.actions.authorisations.text import PRESET_LABELS, fix_text
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import authorisation_facts, open_offboarding, zone
from partwell.documents.texts import DocumentError
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson
from partwell.records.clients.models import Contact
from partwell.records.estate.models import Item
from partwell.rules import consent, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Access, AuthorisationState, Category, ClientState, ContactRole, ScopePreset


@dataclass(frozen=True)
class Scope:
    """What is asked for: presets and categories are dynamic, single items static; exclusions win. Days in the MSP's zone."""

    starts_on: date
    ends_on: date
    presets: Sequence[ScopePreset] = ()
    categories: Sequence[Category] = ()
    item_ids: Sequence[UUID] = ()
    excluded_categories: Sequence[Category] = ()
    excluded_item_ids: Sequence[UUID] = ()
    person_ids: Sequence[UUID] = ()
    access: Access = Access.FULL
    purpose: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def scope_values(scope: Scope) -> dict[str, Any]:
    """The scope as the row holds it."""
    return {
        "starts_on": scope.starts_on,
        "ends_on": scope.ends_on,
        "presets": sorted(scope.presets),
        "categories": sorted(scope.categories),
        "item_ids": sorted(one.hex for one in scope.item_ids),
        "excluded_categories": sorted(scope.excluded_categories),
        "excluded_item_ids": sorted(one.hex for one in scope.excluded_item_ids),
        "person_ids": sorted(one.hex for one in scope.person_ids),
        "access": scope.access,
        "purpose": scope.purpose,
    }


def disclosed_scope(row: Authorisation) -> dict[str, Any]:
    """The scope as evidence holds it."""
    return {
        "presets": row.presets,
        "categories": row.categories,
        "items": row.item_ids,
        "excluded_items": row.excluded_item_ids,
        "excluded_categories": row.excluded_categories,
        "access": row.access,
        "starts": row.starts_on.isoformat(),
        "ends": row.ends_on.isoformat(),
        "persons": row.person_ids,
        "version": row.version,
    }


def scope_problem(
    client_id: UUID, recipient: Recipient, signatory: Contact | None, scope: Scope
) -> Refusal | None:
    """What is wrong with the parts of a scope: foreign items, persons of other firms, no signatory."""
    if (
        recipient.client_id != client_id
        or signatory is None
        or signatory.client_id != client_id
        or signatory.left_at
    ):
        return refuse("not_found")
    if signatory.role != ContactRole.SIGNATORY:
        return refuse("not_a_signatory", person=signatory.name)
    wanted = {*scope.item_ids, *scope.excluded_item_ids}
    if Item.objects.present().filter(client_id=client_id, pk__in=wanted).count() != len(wanted):
        return refuse("not_found")
    if RecipientPerson.objects.filter(
        recipient=recipient, left_at=None, pk__in=scope.person_ids
    ).count() != len(set(scope.person_ids)):
        return refuse("not_found")
    return None


def propose_authorisation(
    *,
    actor: Actor,
    recipient_id: UUID,
    signatory_id: UUID,
    scope: Scope,
    draft: bool = False,
    language: str = "en",
) -> Authorisation | Refusal:
    """Prepare an authorisation and (unless ``draft``) mail the signatory to read and sign it.

    An earlier one that is still waiting is replaced. Refused without scope, persons or with reversed days.
    """
    if (refusal := roles.may(actor.role, "authorisation.propose")) is not None:
        return refusal
    peek = Recipient.objects.filter(pk=recipient_id).first()
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        recipient = Recipient.objects.get(pk=recipient_id)
        if client.state == ClientState.INACTIVE:
            return deed.refuse(
                refuse("client_inactive", client=client.name),
                subject=recipient.id,
                verb="authorisation.propose",
            )
        signatory = Contact.objects.filter(pk=signatory_id).first()
        if (problem := scope_problem(client.id, recipient, signatory, scope)) is not None:
            return deed.refuse(problem, subject=recipient.id, verb="authorisation.propose")
        assert signatory is not None  # scope_problem refuses None
        current = Authorisation.objects.filter(recipient=recipient, state=AuthorisationState.GRANTED).first()
        last = Authorisation.objects.filter(recipient=recipient).aggregate(last=Max("version"))["last"] or 0
        row = Authorisation(
            client=client,
            recipient=recipient,
            offboarding=open_offboarding(client.id),
            version=last + 1,
            replaces=current,
            signatory=signatory,
            prepared_by_id=actor.id,
            language=language,
            state=AuthorisationState.DRAFT if draft else AuthorisationState.PROPOSED,
            proposed_at=None if draft else deed.now,
            **scope_values(scope),
        )
        if (problem := consent.may_propose(authorisation_facts(row, zone(), terms=True))) is not None:
            return deed.refuse(problem, subject=recipient.id, verb="authorisation.propose")
        try:
            fix_text(row)
        except DocumentError as error:
            return refuse("invalid_input", where="The authorisation", problem=str(error))
        for waiting in Authorisation.objects.filter(
            recipient=recipient, state__in=[AuthorisationState.DRAFT, AuthorisationState.PROPOSED]
        ):
            deed.save(waiting, state=AuthorisationState.REPLACED)
        deed.add(row)
        if draft:
            deed.record(
                "authorisation.drafted",
                subjects=[row.id, recipient.id],
                public={"recipient": recipient.firm},
                to_client=disclosed_scope(row),
            )
            return row
        ask_signatory(deed, row)
        deed.record(
            "authorisation.proposed",
            subjects=[row.id, recipient.id],
            public={"recipient": recipient.firm},
            to_client={**disclosed_scope(row), "digest": row.text_digest, "signatory": signatory.name},
        )
        return row


def ask_signatory(deed: Deed, row: Authorisation) -> None:
    """Mail the signatory; without a working address the portal still shows it, and staff see the refusal of the gate later."""
    shown = [PRESET_LABELS[ScopePreset(one)] for one in row.presets] + [
        Category(one).label for one in row.categories
    ]
    if row.item_ids:
        shown.append(f"{len(row.item_ids)} single items")
    post(
        deed,
        Post(
            kind="authorisation_request",
            dedupe=f"authorisation:{row.id.hex}:ask",
            contact=row.signatory,
            authorisation=row,
            values={
                "recipient_firm": row.recipient.firm,
                "scope": [{"title": line, "note": ""} for line in shown],
                "until": row.ends_on,
                "portal_url": link(f"/client/authorisations/{row.id.hex}/"),
                "access": row.access,
                "exclusions": [{"title": Category(one).label, "note": ""} for one in row.excluded_categories],
            },
        ),
    )
