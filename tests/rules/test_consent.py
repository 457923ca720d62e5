# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1: scope, standing, signing and narrowing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from partwell.rules.consent import (
    CallBack,
    looks_like_endpoint,
    may_propose,
    may_sign,
    narrowing_only,
    resolve_scope,
    second_factor,
    standing,
)
from partwell.rules.terms import (
    Access,
    AuthorisationState,
    Category,
    ContactRole,
    ItemKind,
    Owner,
    ScopePreset,
    SecondFactor,
)
from tests.rules.facts import GRANTED, NOW, granted, item, signing

YES_NO = (False, True)
NONE = {"presets": frozenset()}


def code(refusal):
    return refusal.code if refusal else None


IN_PRESET = {
    ScopePreset.SYSTEMS: {"hardware", "software", "onsite_data", "admin_access"},
    ScopePreset.DOCUMENTATION: {"process_docs", "diagrams", "audit_reports", "training"},
    ScopePreset.ENDPOINTS: {"hardware"},
}


def test_scope_as_a_whole_table():
    seen = set()
    for preset, category, kind, owner, endpoint, access, excluded, by_id in product(
        ScopePreset, Category, ItemKind, Owner, YES_NO, Access, YES_NO, YES_NO
    ):
        thing = item(category=category, kind=kind, owner=owner, endpoint=endpoint)
        authorisation = granted(
            presets=frozenset({preset}),
            access=access,
            item_ids=frozenset({"i1"} if by_id else ()),
            excluded_item_ids=frozenset({"i1"} if excluded else ()),
        )
        credential = kind is ItemKind.CREDENTIAL
        reached = ("admin_access" if credential else category.value) in IN_PRESET[preset]
        if preset is ScopePreset.ENDPOINTS:
            reached = category is Category.HARDWARE and kind is ItemKind.HARDWARE and endpoint
        expected = (
            owner is Owner.CLIENT
            and not excluded
            and (by_id or reached)
            and not (credential and access is Access.READ)
        )
        scope = resolve_scope(authorisation, [thing])
        assert (scope.item_ids == ("i1",)) is expected
        assert ("i1" in scope.left_out) is not expected
        seen.update(scope.left_out.values())
    assert seen == {
        "msp_property", "vendor_property", "unknown_owner", "excluded", "out_of_scope",
        "read_never_yields_credential",
    }  # fmt: skip


def test_an_internal_record_is_in_no_scope():
    scope = resolve_scope(granted(item_ids=frozenset({"i1"})), [item(internal=True)])
    assert scope.left_out == {"i1": "msp_internal"}


def test_excluding_administrator_access_excludes_every_password():
    authorisation = granted(
        categories=frozenset(Category), excluded_categories=frozenset({Category.ADMIN_ACCESS})
    )
    filed_as_hardware = item(kind=ItemKind.CREDENTIAL, category=Category.HARDWARE)
    assert resolve_scope(authorisation, [filed_as_hardware]).left_out == {"i1": "excluded"}


def test_presets_are_dynamic_and_items_static():
    later = item(id="new")
    assert resolve_scope(granted(), [later]).item_ids == ("new",)
    assert resolve_scope(granted(**NONE, item_ids=frozenset({"i1"})), [later, item()]).item_ids == ("i1",)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Laptop", True), ("Mini Tower", True), ("All-in-One PC", True), ("Firewall", False), ("Server", False),
     ("LAPTOPS", True), ("NW-LT-07 (laptop)", True), ("Thin clients", True), ("Mac mini server", False), ("Switch of the phones", False),
     ("", False)],
)  # fmt: skip
def test_endpoint_words(word, expected):
    assert looks_like_endpoint(word) is expected


def test_standing_as_a_whole_table():
    day = NOW.date()
    for state, stamped, factor, start, end in product(
        AuthorisationState, YES_NO, (None, *SecondFactor), (-1, 0, 1), (-1, 0, 1)
    ):
        authorisation = granted(
            state=state,
            withdrawn_at=NOW if stamped else None,
            second_factor=factor,
            starts_on=day + timedelta(days=start),
            ends_on=day + timedelta(days=end),
        )
        if stamped or state is AuthorisationState.WITHDRAWN:
            expected = "withdrawn"
        elif state in (AuthorisationState.DRAFT, AuthorisationState.PROPOSED):
            expected = "not_signed"
        elif state is not AuthorisationState.GRANTED:
            expected = state.value
        elif factor is None:
            expected = "second_factor_missing"
        elif start > 0:
            expected = "not_yet_started"
        else:
            expected = "ended" if end < 0 else None
        assert code(standing(authorisation, NOW)) == expected


def test_no_authorisation_names_the_recipient():
    refusal = standing(None, NOW, "Northwind IT")
    assert refusal is not None
    assert refusal.code == "no_authorisation"
    assert "Northwind IT" in refusal.sentence


CALL = CallBack("s2", "Max Roth", "c1", datetime(2025, 1, 1, tzinfo=UTC), True)
CALLS = {
    "none": (None, "callback_missing"),
    "good": (CALL, None),
    "by the preparer": (replace(CALL, by_staff_id="s1"), "callback_by_preparer"),
    "to somebody else": (replace(CALL, to_contact_id="c2"), "second_factor_weak"),
    "number unknown": (replace(CALL, number_since=None), "callback_number_not_on_file"),
    "number from the notice": (
        replace(CALL, number_since=datetime(2026, 2, 1, tzinfo=UTC)),
        "callback_number_not_on_file",
    ),
    "not confirmed": (replace(CALL, confirmed=False), "callback_not_confirmed"),
}


def test_signing_as_a_whole_table():
    for state, role, proof, intent, form, same, second, passkey, call, paper, scan in product(
        AuthorisationState, (None, *ContactRole), YES_NO, YES_NO, YES_NO, YES_NO, YES_NO,
        (None, "c1", "c2"), CALLS, YES_NO, YES_NO,
    ):  # fmt: skip
        facts = signing(
            state=state, signer_role=role, authority_proved=proof, intent=intent, electronic_form=form,
            shown_digest="d1" if same else "d0", second_address=second, passkey_contact_id=passkey,
            call_back=CALLS[call][0], on_paper=paper, scan=scan,
        )  # fmt: skip
        called = CALLS[call][1]
        if state is not AuthorisationState.PROPOSED:
            expected = "not_proposed"
        elif role is not ContactRole.SIGNATORY:
            expected = "not_a_signatory"
        elif not proof:
            expected = "authority_missing"
        elif paper and not scan:
            expected = "scan_missing"
        elif not paper and not (intent and form):
            expected = "intent_missing"
        elif not paper and not same:
            expected = "shown_other_text"
        elif not second:
            expected = "second_address_missing"
        elif paper:
            expected = called
        elif passkey == "c1":
            expected = None
        elif call != "none":
            expected = called
        else:
            expected = "second_factor_weak" if passkey else "second_factor_missing"
        assert code(may_sign(facts)) == expected
        factor = second_factor(facts)
        if expected is not None:
            assert factor is None
        else:
            assert factor is (SecondFactor.CALL_BACK if paper or passkey != "c1" else SecondFactor.PASSKEY)


def test_an_empty_document_is_not_signed():
    assert code(may_sign(signing(shown_digest="", document_digest=""))) == "shown_other_text"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"presets": frozenset()}, "scope_empty"),
        ({"presets": frozenset(), "item_ids": frozenset({"i"})}, None),
        ({"person_ids": frozenset()}, "persons_empty"),
        ({"ends_on": date(2026, 2, 28)}, "dates_reversed"),
        ({"ends_on": date(2026, 3, 1)}, None),
    ],
)
def test_what_a_proposal_needs(changes, expected):
    assert code(may_propose(granted(**changes))) == expected


NARROWER = [
    {},
    {"presets": frozenset({ScopePreset.SYSTEMS})},
    {"presets": frozenset({ScopePreset.ENDPOINTS})},
    {"presets": frozenset(), "categories": frozenset({Category.DIAGRAMS})},
    {"presets": frozenset(), "item_ids": frozenset({"i1"})},
    {"excluded_item_ids": frozenset({"i9"})},
    {"access": Access.READ},
    {"ends_on": date(2026, 3, 12)},
    {"starts_on": date(2026, 3, 2)},
]
WIDER = {
    "another recipient": {"recipient_id": "r2"},
    "more persons": {"person_ids": frozenset({"p1", "p2"})},
    "a further category": {"categories": frozenset({Category.OTHER})},
    "further items": {"item_ids": frozenset({"i7"})},
    "more days": {"ends_on": date(2026, 4, 1)},
}


@pytest.mark.parametrize("changes", NARROWER)
def test_a_narrowing_passes(changes):
    assert narrowing_only(GRANTED, replace(GRANTED, **changes), [item()]) is None


@pytest.mark.parametrize("what", WIDER)
def test_a_widening_is_named(what):
    refusal = narrowing_only(GRANTED, replace(GRANTED, **WIDER[what]), [item()])
    assert refusal is not None
    assert refusal.code == "would_widen"
    assert what in refusal.sentence


def test_widening_against_a_narrow_one():
    narrow = granted(
        presets=frozenset({ScopePreset.ENDPOINTS}), access=Access.READ, excluded_item_ids=frozenset({"i1"})
    )
    for changes, words in (
        ({"presets": frozenset({ScopePreset.SYSTEMS})}, "a further preset"),
        ({"presets": frozenset(), "categories": frozenset({Category.HARDWARE})}, "a further category"),
        ({"access": Access.FULL}, "full access"),
        ({"excluded_item_ids": frozenset()}, "an exclusion lifted"),
        ({"item_ids": frozenset({"i1"})}, "further items"),
    ):
        refusal = narrowing_only(narrow, replace(narrow, **changes), [item()])
        assert refusal is not None
        assert words in refusal.sentence
