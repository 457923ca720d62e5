# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6 and R8: known days, proposals, terms, withdrawing a notice; and silence (R17)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from partwell.rules.dates import (
    DateChange,
    DepartureDates,
    TransitionTerm,
    WithdrawalConsequences,
    WithdrawalFacts,
    agree_change,
    dependent_dates,
    keep_until,
    propose_change,
    window_closes_at,
    withdraw_notice,
    zone_known,
)
from partwell.rules.refusals import Refusal
from partwell.rules.retention import may_delete
from partwell.rules.silence import (
    Outcome,
    ReceiptFacts,
    may_answer,
    outcome,
    title_visible,
)
from partwell.rules.terms import OffboardingState, Party

CURRENT = DepartureDates(date(2026, 3, 1), date(2026, 5, 31))
TODAY = date(2026, 3, 10)
TERM = TransitionTerm("Monitoring and patching", Decimal("450.00"), "EUR", date(2026, 8, 31))
YES_NO = (False, True)


@pytest.mark.parametrize(
    ("end", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 8, 30), 6, date(2027, 2, 28)),
        (date(2026, 2, 28), 6, date(2026, 8, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 5, 15), 0, date(2026, 5, 15)),
    ],
)
def test_six_months_are_calendar_months(end, months, expected):
    assert keep_until(end, months) == expected


def test_negative_months_are_an_error():
    with pytest.raises(ValueError, match="negative"):
        keep_until(TODAY, -1)


def test_the_window_closes_at_the_end_of_its_day_across_summer_time():
    released = datetime(2026, 3, 20, 23, 30, tzinfo=UTC)  # 21 March, 00:30, in Warsaw
    assert window_closes_at(released, "Europe/Warsaw").astimezone(UTC) == datetime(2026, 4, 4, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "known"), [("Europe/Warsaw", True), ("Mars/Base", False), ("../etc", False), ("", False)]
)
def test_zones(name, known):
    assert (zone_known(name) is None) is known


def proposal(day, **more):
    return propose_change(CURRENT, day, today=TODAY, **more)


def test_every_dependent_date_is_shown_before_and_after():
    change = proposal(date(2026, 8, 31))
    assert isinstance(change, DateChange)
    shown = {move.key: (move.before, move.after) for move in change.moves}
    assert shown["keep_until"] == (date(2026, 11, 30), date(2027, 2, 28))
    assert shown["retest_30"] == (date(2026, 6, 30), date(2026, 9, 30))
    assert shown["objections_until"] == (date(2026, 6, 14), date(2026, 9, 14))
    assert set(shown) == set(dependent_dates(CURRENT))
    assert all(move.moved for move in change.moves)


@pytest.mark.parametrize(
    ("day", "more", "code"),
    [
        (date(2026, 2, 28), {}, "date_before_notice"),
        (date(2026, 3, 9), {}, "date_in_past"),
        (date(2026, 5, 31), {}, "date_unchanged"),
        (date(2026, 6, 30), {"state": OffboardingState.CLOSED}, "offboarding_closed"),
        (date(2026, 6, 30), {"state": OffboardingState.WITHDRAWN}, "offboarding_withdrawn"),
        (date(2026, 5, 31), {"service_until": date(2026, 8, 31)}, "transition_term_needed"),
        (date(2026, 5, 31), {"service_until": date(2026, 9, 1), "term": TERM}, "transition_term_needed"),
        (date(2026, 5, 31), {"term": replace(TERM, scope=" ")}, "transition_scope_missing"),
        (date(2026, 5, 31), {"term": replace(TERM, monthly_fee=Decimal(-1))}, "transition_fee_invalid"),
        (date(2026, 5, 31), {"term": replace(TERM, monthly_fee=Decimal("NaN"))}, "transition_fee_invalid"),
        (date(2026, 5, 31), {"term": replace(TERM, currency="eur")}, "transition_fee_invalid"),
        (date(2026, 5, 31), {"term": replace(TERM, ends_on=date(2026, 5, 31))}, "transition_end_invalid"),
    ],
)
def test_proposals_refused(day, more, code):
    found = proposal(day, **more)
    assert isinstance(found, Refusal)
    assert found.code == code


def test_a_same_day_departure_can_be_proposed():
    assert isinstance(proposal(TODAY), DateChange)


def test_a_transition_term_moves_the_end_of_service_not_the_effective_date():
    change = proposal(date(2026, 5, 31), service_until=date(2026, 8, 31), term=TERM)
    assert isinstance(change, DateChange)
    after = dependent_dates(change.dates)
    assert after["effective"] == date(2026, 5, 31)
    assert after["service_ends"] == after["access_ends"] == date(2026, 8, 31)
    assert after["keep_until"] == date(2027, 2, 28)


def test_only_the_signatory_agrees_and_only_to_dates_that_still_hold():
    change = proposal(date(2026, 6, 30))
    assert isinstance(change, DateChange)
    moved = replace(CURRENT, effective_on=date(2026, 6, 1))
    for by_signatory, current in product(YES_NO, (CURRENT, moved)):
        found = agree_change(current, change, proposed_from=CURRENT, by_signatory=by_signatory)
        if not by_signatory:
            assert isinstance(found, Refusal)
            assert found.code == "date_needs_client"
        elif current is moved:
            assert isinstance(found, Refusal)
            assert found.code == "date_proposal_stale"
        else:
            assert found == change.dates


def test_withdrawing_a_notice_lists_what_follows():
    facts = WithdrawalFacts(OffboardingState.OPEN, ("a1",), ("e1", "e2"), (("i1", "Firewall admin"),))
    found = withdraw_notice(facts)
    assert isinstance(found, WithdrawalConsequences)
    assert (found.end_authorisations, found.stop_envelopes, found.fee) == (("a1",), ("e1", "e2"), 0)
    for words in (found.sentences, found.for_client):
        assert any("Firewall admin" in sentence for sentence in words)
        assert any("no fee" in sentence for sentence in words)
    assert "The client’s authorisation ends now." in found.sentences
    assert "Your authorisation for the new provider ends now." in found.for_client
    assert not any("the client" in sentence.lower() for sentence in found.for_client)
    for state, code in ((OffboardingState.CLOSED, "notice_after_closing"),
                        (OffboardingState.WITHDRAWN, "offboarding_withdrawn")):  # fmt: skip
        refused = withdraw_notice(replace(facts, state=state))
        assert isinstance(refused, Refusal)
        assert refused.code == code


RELEASED = datetime(2026, 3, 2, 10, tzinfo=UTC)
CLOSES = datetime(2026, 3, 17, tzinfo=UTC)
OPENED = {"never": None, "in time": RELEASED + timedelta(days=1), "too late": CLOSES,
          "before": RELEASED - timedelta(days=1)}  # fmt: skip


def test_silence_as_a_whole_table():
    for party, opened, confirmed, objected, agreed, now in product(
        Party, OPENED, YES_NO, YES_NO, YES_NO, (CLOSES - timedelta(seconds=1), CLOSES)
    ):
        facts = ReceiptFacts(
            RELEASED, "UTC", party, opened_at=OPENED[opened], deemed_acceptance=agreed,
            confirmed_at=RELEASED if confirmed else None, objected_at=RELEASED if objected else None,
        )  # fmt: skip
        found = outcome(facts, now).outcome
        if objected:
            expected = Outcome.OBJECTED
        elif confirmed:
            expected = Outcome.CONFIRMED
        elif now < CLOSES:
            expected = Outcome.OPEN
        elif party is Party.CLIENT and agreed and opened == "in time":
            expected = Outcome.DEEMED_ACCEPTED
        else:
            expected = Outcome.NO_OBJECTION
        assert found is expected
        assert (may_answer(facts, now, "Thing") is None) is (not objected and now < CLOSES)
        for stands in YES_NO:
            assert title_visible(facts, now, stands) is (stands or now < CLOSES)


def test_a_providers_silence_is_worded_as_no_objection():
    facts = ReceiptFacts(RELEASED, "UTC", Party.PROVIDER, opened_at=RELEASED, deemed_acceptance=True)
    assert outcome(facts, CLOSES).sentence == "No objection by 16 March 2026."


def test_silence_without_proof_of_opening_is_no_acceptance():
    facts = ReceiptFacts(RELEASED, "UTC", Party.CLIENT, deemed_acceptance=True)
    assert outcome(facts, CLOSES).outcome is Outcome.NO_OBJECTION


def test_deletion_as_a_whole_table():
    for own, copy, received, waived, hold in product(YES_NO, repeat=5):
        refusal = may_delete(
            "NAS", clients_own=own, other_copy=copy, received=received, waived=waived, on_hold=hold
        )
        expected = "on_hold" if hold else "only_copy" if own and not (copy or received or waived) else None
        assert (refusal.code if refusal else None) == expected
