# SPDX-License-Identifier: AGPL-3.0-or-later
"""State tables, what blocks closing, and the strip of gates."""

from dataclasses import fields, replace
from itertools import chain, combinations, product

import pytest

from partwell.rules.lifecycle import (
    ClosingFacts,
    GateFacts,
    GateState,
    OnWhom,
    authorisation_after,
    client_after,
    closing_blockers,
    envelope_after,
    gates,
    may_close,
    may_open,
    offboarding_after,
)
from partwell.rules.pauses import Pause, PauseReason
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import (
    AuthorisationState,
    ClientState,
    Destination,
    EnvelopeState,
    OffboardingState,
)

CLIENT = {"active open departing", "departing withdraw active", "departing close inactive",
          "inactive return returning", "returning onboard active", "returning abandon inactive"}  # fmt: skip
OFFBOARDING = {"open withdraw withdrawn", "open close closed"}
AUTHORISATION = {"draft change draft", "draft propose proposed", "draft replace replaced", "draft discard withdrawn", "proposed sign granted", "proposed decline declined",
                 "proposed replace replaced", "proposed withdraw withdrawn", "proposed narrow proposed", "granted narrow granted",
                 "granted withdraw withdrawn", "granted replace replaced"}  # fmt: skip
ENVELOPE = {"queued claim claimed", "queued stop stopped", "claimed requeue queued", "claimed start data_started",
            "claimed fail failed", "claimed stop stopped", "data_started accept accepted",
            "data_started fail failed", "data_started lose unknown", "unknown settle_sent accepted",
            "unknown settle_not_sent failed", "failed requeue queued", "failed stop stopped"}  # fmt: skip


@pytest.mark.parametrize(
    ("states", "after", "table"),
    [
        (ClientState, client_after, CLIENT),
        (OffboardingState, offboarding_after, OFFBOARDING),
        (AuthorisationState, authorisation_after, AUTHORISATION),
        (EnvelopeState, envelope_after, ENVELOPE),
    ],
)
def test_tables_hold_exactly_these_moves(states, after, table):
    moves = {row.split()[1] for row in CLIENT | OFFBOARDING | AUTHORISATION | ENVELOPE}
    found = set()
    for state, move in product(states, moves):
        to = after(state, move)
        if isinstance(to, Refusal):
            assert to.code in {"no_such_step", "already_leaving"}
        else:
            found.add(f"{state.value} {move} {to.value}")
    assert found == table


def test_what_has_begun_to_leave_cannot_be_stopped():
    refusal = envelope_after(EnvelopeState.DATA_STARTED, "stop")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "already_leaving"


@pytest.mark.parametrize("state", list(ClientState))
@pytest.mark.parametrize("has_open", [False, True])
def test_opening(state, has_open):
    refusal = may_open(state, "Harbour Bakery", has_open)
    if has_open or state is ClientState.DEPARTING:
        assert refusal is not None
        assert refusal.code == "already_departing"
    elif state is ClientState.ACTIVE:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code == "client_inactive"


READY = ClosingFacts(OffboardingState.OPEN, acceptance_signed=True)
STOPS = {
    "state": (OffboardingState.CLOSED, "not_open", OnWhom.OWNER),
    "ledger_healthy": (False, "ledger", OnWhom.OWNER),
    "unknown_owner": (1, "unknown_owner", OnWhom.ACCOUNT_MANAGER),
    "unreleased": (2, "unreleased", OnWhom.TECHNICIAN),
    "pending_approvals": (1, "approvals", OnWhom.SIGNATORY),
    "unknown_envelopes": (1, "unknown_envelopes", OnWhom.ACCOUNT_MANAGER),
    "failed_envelopes": (1, "failed_envelopes", OnWhom.ACCOUNT_MANAGER),
    "moving_envelopes": (1, "moving_envelopes", OnWhom.ACCOUNT_MANAGER),
    "running_jobs": (1, "jobs", OnWhom.TECHNICIAN),
    "open_objections": (1, "objections", OnWhom.TECHNICIAN),
    "open_windows": (1, "windows", OnWhom.PROVIDER),
    "running_timers": (1, "timers", OnWhom.TECHNICIAN),
    "open_requests": (2, "requests", OnWhom.ACCOUNT_MANAGER),
    "unsettled": ("1 h 30 min, 210.00 EUR net", "unsettled", OnWhom.ACCOUNT_MANAGER),
    "owed": ("210.00 EUR", "owed", OnWhom.ACCOUNT_MANAGER),
    "copies": (("Nightly cloud set",), "copies", OnWhom.ACCOUNT_MANAGER),
    "blocking_steps": (("Transfer domains",), "steps", OnWhom.TECHNICIAN),
    "acceptance_signed": (False, "acceptance", OnWhom.SIGNATORY),
}


def test_every_closing_fact_can_stop_it():
    assert {field.name for field in fields(ClosingFacts)} == set(STOPS)
    assert closing_blockers(READY) == []
    assert may_close(READY) is None


def test_any_set_of_blockers_is_named_in_order_with_the_person():
    some = (1, 2, 3, len(STOPS) - 1, len(STOPS))
    for names in chain.from_iterable(combinations(STOPS, many) for many in some):
        facts = replace(READY, **{name: STOPS[name][0] for name in names})
        found = [(blocker.code, blocker.on_whom) for blocker in closing_blockers(facts)]
        assert found == [STOPS[name][1:] for name in names]


def test_the_refusal_to_close_carries_all_sentences():
    refusal = may_close(replace(READY, unreleased=2, acceptance_signed=False))
    assert refusal is not None
    assert "2 items of the client are not handed over." in refusal.sentence
    assert "has not signed the acceptance" in refusal.sentence
    assert "Technician: Release them" in refusal.next_step


STRIP = GateFacts(
    destination=Destination.NEW_MSP,
    consent=None,
    client_address_works=True,
    outside_contact=True,
    minutes_left=245,
    retention_instructed=True,
    keep_until_text="30 September 2026",
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "open open open open open"),
        ({"consent": refuse("no_authorisation", recipient="N")}, "waiting open open open open"),
        ({"consent": refuse("not_signed", recipient="N")}, "waiting open open open open"),
        ({"consent": refuse("ended", recipient="N", end="x")}, "refusing open open open open"),
        ({"consent": refuse("withdrawn", recipient="N", withdrawn="x")}, "refusing open open open open"),
        ({"consent": refuse("not_signed", recipient="N"), "destination": Destination.CLIENT_STAFF},
         "open open open open open"),
        ({"pauses": (Pause(PauseReason.COURT_ORDER, "x"),)}, "held open open open open"),
        ({"client_address_works": False}, "open refusing open open open"),
        ({"outside_contact": False}, "open waiting open open open"),
        ({"minutes_left": 0}, "open open waiting open open"),
        ({"minutes_left": -5}, "open open waiting open open"),
        ({"retention_instructed": False}, "open open open waiting open"),
        ({"holds": ("Tax audit",)}, "open open open open held"),
    ],
)  # fmt: skip
def test_the_strip(changes, expected):
    strip = gates(replace(STRIP, **changes))
    assert [gate.key for gate in strip] == ["consent", "loop", "hours", "retention", "hold"]
    assert [gate.state.value for gate in strip] == expected.split()
    for gate in strip:
        assert gate.sentence.endswith(".")
        assert (gate.on_whom is None) is (gate.state is GateState.OPEN)


def test_the_strip_says_how_much_time_is_left():
    assert gates(STRIP)[2].sentence == "4 h 05 min are left."


def test_the_consent_gate_waits_while_the_client_is_asked() -> None:
    asked = gates(replace(STRIP, consent=None, approvals=2))[0]
    assert (asked.key, asked.state, asked.on_whom) == ("consent", GateState.WAITING, OnWhom.SIGNATORY)
    assert asked.sentence == "2 releases wait for the client's word."
    # What refuses or waits before it is told first.
    held = gates(replace(STRIP, consent=refuse("no_authorisation", recipient="Alder Row IT"), approvals=2))[0]
    assert held.on_whom is OnWhom.ACCOUNT_MANAGER
