# SPDX-License-Identifier: AGPL-3.0-or-later
"""R15 over all pairs of people: nobody decides their own, an owner is one of the two, the signatory only where nobody else is."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from partwell.rules.erasure import RecordFacts, TwoPeople, may_decide, may_end
from partwell.rules.keeping import record_until
from partwell.rules.terms import ClientState

STAFF = st.sampled_from(["owner", "account_manager"])
DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))


@given(STAFF, st.sampled_from(["owner", "account_manager", "signatory"]), st.booleans(), st.integers(0, 3))
def test_two_people_one_an_owner(proposed: str, decided: str, same: bool, others: int) -> None:
    two = TwoPeople("a", proposed, "a" if same else "b", "Somebody", decided, others)
    allowed = may_decide(two) is None
    if decided == "signatory":
        assert allowed == (others == 0)
    else:
        assert allowed == (not same and "owner" in (proposed, decided))


@given(DAYS, st.integers(1, 30), DAYS, st.booleans(), st.sampled_from(list(ClientState)))
def test_no_record_ends_early_held_or_in_use(
    end: date, years: int, today: date, held: bool, state: ClientState
) -> None:
    until = record_until(end, years)
    allowed = may_end(RecordFacts("Northwick", state, until, today, held)) is None
    assert allowed == (state == ClientState.INACTIVE and not held and today > until)
    if allowed:
        assert today - end > timedelta(days=365 * years - 1)
