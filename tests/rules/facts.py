# SPDX-License-Identifier: AGPL-3.0-or-later
"""Facts that pass every rule, so that a test changes only what it is about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from partwell.rules.consent import AuthorisationFacts, ItemFacts, SigningFacts
from partwell.rules.release import ApprovalFacts, ReleaseFacts
from partwell.rules.terms import (
    AuthorisationState,
    Category,
    ClientState,
    ContactRole,
    ItemKind,
    Owner,
    Party,
    ScopePreset,
    SecondFactor,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

DIAGRAM = ItemFacts("i1", "Site diagram", ItemKind.DOCUMENT, Category.DIAGRAMS, Owner.CLIENT)

GRANTED = AuthorisationFacts(
    id="a1",
    state=AuthorisationState.GRANTED,
    version=3,
    recipient_id="r1",
    recipient_name="Northwind IT",
    person_ids=frozenset({"p1"}),
    starts_on=date(2026, 3, 1),
    ends_on=date(2026, 3, 31),
    zone="Europe/Warsaw",
    presets=frozenset({ScopePreset.SYSTEMS, ScopePreset.DOCUMENTATION}),
    second_factor=SecondFactor.PASSKEY,
    terms_accepted=True,
)

RELEASE = ReleaseFacts(
    now=NOW,
    client_name="Harbour Bakery",
    client_state=ClientState.DEPARTING,
    item=DIAGRAM,
    party=Party.PROVIDER,
    recipient_id="r1",
    recipient_name="Northwind IT",
    person_id="p1",
    person_name="Jo Lind",
    digest="d1",
    authorisation=GRANTED,
)

APPROVAL = ApprovalFacts("i1", "d1", "r1", "a1", 3)

SIGNING = SigningFacts(
    state=AuthorisationState.PROPOSED,
    signer_id="c1",
    signer_name="Ida Berg",
    signer_role=ContactRole.SIGNATORY,
    authority_proved=True,
    intent=True,
    electronic_form=True,
    shown_digest="d1",
    document_digest="d1",
    second_address=True,
    preparer_staff_id="s1",
    reference=datetime(2026, 2, 1, tzinfo=UTC),
    passkey_contact_id="c1",
)


def item(**changes: Any) -> ItemFacts:
    return replace(DIAGRAM, **changes)


def granted(**changes: Any) -> AuthorisationFacts:
    return replace(GRANTED, **changes)


def release(**changes: Any) -> ReleaseFacts:
    return replace(RELEASE, **changes)


def signing(**changes: Any) -> SigningFacts:
    return replace(SIGNING, **changes)
