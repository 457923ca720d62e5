# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1's gate as whole truth tables. The expected reasons are listed here by hand, in the documented order."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from partwell.rules.handover import ReleaseWay
from partwell.rules.pauses import Pause, PauseReason
from partwell.rules.refusals import refuse
from partwell.rules.release import decide
from partwell.rules.terms import (
    Access,
    AuthorisationState,
    Category,
    ClientState,
    ItemKind,
    Owner,
    Party,
    RecipientKind,
    ScopePreset,
    Sensitivity,
    Verdict,
)
from tests.rules.facts import APPROVAL, NOW, granted, item, release

YES_NO = (False, True)
PAUSE = (Pause(PauseReason.COURT_ORDER, "order 12/26"),)
MISSING = (refuse("document_missing", item="Site diagram"),)
PROPERTY = {Owner.MSP: "msp_property", Owner.VENDOR: "vendor_property"}


def codes(reasons):
    return [reason.code for reason in reasons]


def test_the_plain_case_sends():
    assert decide(release()).verdict is Verdict.SEND


def test_to_the_client_goes_what_is_the_clients_and_nothing_else():
    table = product(
        Owner, (ItemKind.CREDENTIAL, ItemKind.DOCUMENT), Sensitivity, YES_NO, YES_NO, YES_NO, YES_NO,
        ClientState, YES_NO, (ReleaseWay.PORTAL, ReleaseWay.MAIL), YES_NO, YES_NO,
    )  # fmt: skip
    rows = 0
    for owner, kind, sensitivity, internal, title, pause, known, state, works, way, gap, debt in table:
        decision = decide(
            release(
                party=Party.CLIENT,
                authorisation=None,
                item=item(
                    owner=owner, kind=kind, sensitivity=sensitivity, internal=internal, title_passed=title
                ),
                pauses=PAUSE if pause else (),
                recipient_known=known,
                client_state=state,
                client_address_works=works,
                way=way,
                missing=MISSING if gap else (),
                debt=debt,
            )
        )
        mailed = way is ReleaseWay.MAIL
        expected = [
            code
            for code, holds in (
                ("msp_internal", internal),
                (PROPERTY.get(owner), owner in PROPERTY),
                ("title_not_passed", not title and owner not in PROPERTY),
                ("paused_court_order", pause),
                ("recipient_unknown", not known),
                ("no_working_client_address", mailed and not works),
                ("credential_never_by_mail", mailed and kind is ItemKind.CREDENTIAL),
                ("document_missing", gap),
                ("unknown_owner", owner is Owner.UNKNOWN),
            )
            if holds
        ]
        assert codes(decision.reasons) == expected
        assert decision.verdict is (Verdict.REFUSE if expected else Verdict.SEND)
        assert (decision.refusal.code if decision.refusal else None) == (expected[0] if expected else None)
        rows += 1
    assert rows == 4 * 2 * 2 * 2**4 * 4 * 2**4


CONSENTS = {
    "none": (None, "no_authorisation"),
    "another firm's": (granted(recipient_id="r2"), "no_authorisation"),
    "draft": (granted(state=AuthorisationState.DRAFT), "not_signed"),
    "proposed": (granted(state=AuthorisationState.PROPOSED), "not_signed"),
    "declined": (granted(state=AuthorisationState.DECLINED), "declined"),
    "replaced": (granted(state=AuthorisationState.REPLACED), "replaced"),
    "withdrawn": (granted(state=AuthorisationState.WITHDRAWN), "withdrawn"),
    "stamped withdrawn only": (granted(withdrawn_at=NOW), "withdrawn"),
    "not begun": (granted(starts_on=NOW.date().replace(day=11)), "not_yet_started"),
    "ended": (granted(ends_on=NOW.date().replace(day=9)), "ended"),
    "no second factor": (granted(second_factor=None), "second_factor_missing"),
    "stands": (granted(), None),
}
APPROVALS = {
    "none": (None, None),
    "yes": (APPROVAL, None),
    "no": (replace(APPROVAL, approved=False), None),
    "other version": (replace(APPROVAL, authorisation_version=2), "approval_not_bound"),
    "other authorisation": (replace(APPROVAL, authorisation_id="a2"), "approval_not_bound"),
    "other recipient": (replace(APPROVAL, recipient_id="r2"), "approval_not_bound"),
    "other item": (replace(APPROVAL, item_id="i2"), "approval_not_bound"),
    "other document": (replace(APPROVAL, digest="d2"), "document_changed"),
}


def test_without_standing_consent_nothing_goes_to_others_whatever_else_is_true():
    table = product(CONSENTS, Owner, APPROVALS, ClientState, RecipientKind, YES_NO, YES_NO, YES_NO)
    for consent, owner, approval, state, kind, pause, known, debt in table:
        authorisation, refused = CONSENTS[consent]
        decision = decide(
            release(
                authorisation=authorisation,
                item=item(owner=owner),
                approval=APPROVALS[approval][0],
                client_state=state,
                recipient_kind=kind,
                pauses=PAUSE if pause else (),
                recipient_known=known,
                debt=debt,
            )
        )
        provider = kind is RecipientKind.NEW_PROVIDER
        inactive = state is ClientState.INACTIVE
        expected = [
            code
            for code, holds in (
                (PROPERTY.get(owner), owner in PROPERTY),
                ("paused_court_order", pause),
                ("recipient_unknown", not known),
                ("client_inactive", known and inactive),
                ("not_departing", known and provider and not inactive and state is not ClientState.DEPARTING),
                (refused, refused is not None),
            )
            if holds
        ]
        if expected:
            assert decision.verdict is Verdict.REFUSE
            assert codes(decision.reasons) == expected
            assert decision.refusal is decision.reasons[0]
        elif approval == "no":
            assert decision.verdict is Verdict.REFUSE
            assert decision.refusal is not None
            assert decision.refusal.code == "client_declined"
        elif owner is Owner.UNKNOWN and approval != "yes":
            assert decision.verdict is Verdict.ASK_CLIENT
            assert decision.refusal is None
        else:
            assert decision.verdict is Verdict.SEND


SCOPES = {
    "in": {},
    "out": {"presets": frozenset({ScopePreset.ENDPOINTS})},
    "excluded item": {"excluded_item_ids": frozenset({"i1"})},
    "excluded category": {"excluded_categories": frozenset({Category.DIAGRAMS})},
}


def test_with_standing_consent_the_scope_decides_and_a_bound_approval_answers():
    table = product(
        SCOPES, Owner, (ItemKind.CREDENTIAL, ItemKind.DOCUMENT), Sensitivity, Access, APPROVALS,
        YES_NO, YES_NO, YES_NO, (ReleaseWay.PORTAL, ReleaseWay.MAIL), YES_NO, YES_NO,
    )  # fmt: skip
    for scope, owner, kind, sensitivity, access, approval, named, terms, works, way, gap, narrowed in table:
        credential = kind is ItemKind.CREDENTIAL
        decision = decide(
            release(
                item=item(owner=owner, kind=kind, sensitivity=sensitivity),
                authorisation=granted(access=access, terms_accepted=terms, **SCOPES[scope]),
                person_id="p1" if named else "p2",
                client_address_works=works,
                way=way,
                missing=MISSING if gap else (),
                approval=APPROVALS[approval][0],
                queued_version=2 if narrowed else None,
            )
        )
        refused = [
            code
            for code, holds in (
                (PROPERTY.get(owner), owner in PROPERTY),
                ("person_not_named", not named),
                ("terms_not_accepted", not terms),
                ("read_never_yields_credential", credential and access is Access.READ),
                ("no_working_client_address", not works),
                ("credential_never_by_mail", credential and way is ReleaseWay.MAIL),
                ("document_missing", gap),
            )
            if holds
        ]
        excluded = scope.startswith("excluded")
        # A credential is reached by the systems preset, whatever category it was filed under.
        asks = [
            code
            for code, holds in (
                ("unknown_owner", owner is Owner.UNKNOWN),
                ("excluded", excluded),
                ("narrowed", scope != "in" and narrowed),
                ("out_of_scope", scope == "out"),
                ("sensitive", sensitivity is Sensitivity.SENSITIVE),
            )
            if holds
        ]
        if refused:
            assert decision.verdict is Verdict.REFUSE
            assert codes(decision.reasons) == refused
        elif approval == "no":
            assert decision.verdict is Verdict.REFUSE
            assert codes(decision.reasons) == ["client_declined", *asks]
        elif asks and approval != "yes":
            assert decision.verdict is Verdict.ASK_CLIENT
            assert decision.refusal is None
            unbound = APPROVALS[approval][1]
            assert codes(decision.reasons) == asks + ([unbound] if unbound else [])
        else:
            assert decision.verdict is Verdict.SEND
            assert decision.reasons == ()


def test_a_debt_changes_no_verdict():
    for owner, party, consent in product(Owner, Party, CONSENTS):
        facts = release(item=item(owner=owner), party=party, authorisation=CONSENTS[consent][0])
        assert decide(replace(facts, debt=True)) == decide(replace(facts, debt=False))


def test_an_empty_digest_binds_nothing():
    sensitive = item(sensitivity=Sensitivity.SENSITIVE)
    facts = release(item=sensitive, digest="", approval=replace(APPROVAL, digest=""))
    assert decide(facts).verdict is Verdict.ASK_CLIENT


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        # The authorisation ends on 31 March in Warsaw; summer time began on the 29th.
        (datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC), Verdict.SEND),
        (datetime(2026, 3, 31, 22, 0, 0, tzinfo=UTC), Verdict.REFUSE),
        # It begins on 1 March, when Warsaw was one hour ahead.
        (datetime(2026, 2, 28, 22, 59, 59, tzinfo=UTC), Verdict.REFUSE),
        (datetime(2026, 2, 28, 23, 0, 0, tzinfo=UTC), Verdict.SEND),
    ],
)
def test_days_are_days_of_the_msps_zone(now, verdict):
    assert decide(release(now=now)).verdict is verdict


def test_a_time_without_zone_decides_nothing():
    with pytest.raises(ValueError, match="zone"):
        decide(release(now=datetime(2026, 3, 10)))


@pytest.mark.parametrize("reason", list(PauseReason))
def test_every_lawful_pause_refuses_to_both(reason):
    for party in Party:
        decision = decide(release(party=party, pauses=(Pause(reason, "ground"),)))
        assert decision.refusal is not None
        assert decision.refusal.code == f"paused_{reason.value}"
        assert decision.refusal.rule == "R11"
        assert "ground" not in str(decision.refusal)
