# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rules of deletion as whole tables: every state and move, every pair of people, every thing, every fact (R6, R15)."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from partwell.rules import deletion_steps
from partwell.rules.deletion import (
    DELETION_MOVES,
    OVER,
    STOPPABLE,
    DeletionState,
    Ending,
    FoundThing,
    LineVerdict,
    Second,
    StartFacts,
    after,
    effective_on,
    judge,
    limits,
    may_cancel,
    may_certify,
    may_propose,
    may_run,
    may_second,
    may_start,
    may_validate,
    overdue_words,
)
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal

TODAY = date(2026, 11, 23)
MOVES = {
    "proposed": {"approve": "approved", "stop": "stopped", "cancel": "cancelled"},
    "approved": {"list": "listed", "begin": "running", "stop": "stopped", "cancel": "cancelled"},
    "listed": {"list": "listed", "start": "running", "stop": "stopped", "cancel": "cancelled"},
    "running": {"finish": "executed", "fail": "partial", "stop": "stopped"},
    "partial": {"list": "listed", "start": "running", "except": "executed", "stop": "stopped"},
    "executed": {"verify": "verified", "find_left": "partial", "stop": "stopped"},
    "verified": {"validate": "validated", "reject": "partial"},
    "validated": {"certify": "certified"},
    "stopped": {"resume": "approved", "repropose": "proposed", "cancel": "cancelled"},
    "certified": {},
    "cancelled": {},
}


def code(found: Any) -> str:
    """A refusal's code, or what else came."""
    return found.code if isinstance(found, Refusal) else str(found)


@pytest.mark.parametrize("state", list(DeletionState))
def test_every_state_and_every_move(state: DeletionState) -> None:
    for move in sorted({move for moves in MOVES.values() for move in moves}):
        found = after(state, move, "S")
        wanted = MOVES[state].get(move)
        assert code(found) == (wanted or "deletion_state"), (state, move)
        assert not isinstance(found, Refusal) or found.sentence.startswith("The deletion of “S” is ")


def test_what_follows_from_the_table() -> None:
    assert set(DELETION_MOVES) == set(DeletionState)
    # nothing reaches the certificate but through a listing afterwards and a second person
    assert [s for s, moves in DELETION_MOVES.items() if "certified" in moves.values()] == [
        DeletionState.VALIDATED
    ]
    assert [s for s, moves in DELETION_MOVES.items() if "validated" in moves.values()] == [
        DeletionState.VERIFIED
    ]
    assert [s for s, moves in DELETION_MOVES.items() if "verified" in moves.values()] == [
        DeletionState.EXECUTED
    ]
    # whatever may still take something away can be stopped
    assert set(STOPPABLE) >= {
        DeletionState.RUNNING,
        DeletionState.PARTIAL,
        DeletionState.LISTED,
        DeletionState.APPROVED,
    }
    assert all(not DELETION_MOVES[state] for state in OVER)
    # approval is the only way from a proposal to anything that deletes
    reached, new = {DeletionState.PROPOSED}, {DeletionState.PROPOSED}
    while new:
        new = {
            to
            for state in new
            for move, to in DELETION_MOVES[state].items()
            if move not in ("approve", "resume")
        } - reached
        reached |= new
    assert DeletionState.RUNNING not in reached


@pytest.mark.parametrize(("state", "begun"), list(product(DeletionState, (False, True))))
def test_what_has_begun_is_not_called_off(state: DeletionState, begun: bool) -> None:
    found = may_cancel(state, "S", begun=begun)
    if "cancel" not in MOVES[state]:
        assert code(found) == "deletion_state"
    else:
        assert code(found) == ("deletion_begun" if begun else "None")


ROLES = ("owner", "account_manager", "technician", "auditor", "signatory", "observer", "person", "system", "")


@pytest.mark.parametrize(("first", "second", "same", "count", "needed"),
                         list(product(("owner", "account_manager", "technician"), ROLES, (True, False), (1, 2, 9), (True, False))))  # fmt: skip
def test_every_pair_of_people(first: str, second: str, same: bool, count: int, needed: bool) -> None:
    who = Second("a" if same else "b", "Somebody", second)
    found = code(may_second("a", first, who, staff_count=count, what="it", owner_needed=needed))
    if same:
        wanted = "second_person_needed"
    elif second == "signatory":
        wanted = (
            "second_is_staff" if count > 1 else ("None" if first == "owner" or not needed else "owner_needed")
        )
    elif second not in ("owner", "account_manager", "technician"):
        wanted = "second_person_needed"
    else:
        wanted = "None" if not needed or "owner" in (first, second) else "owner_needed"
    assert found == wanted


def test_nobody_is_nobody() -> None:
    assert (
        code(may_second("a", "owner", Second("", "", "owner"), staff_count=2, what="it"))
        == "second_person_needed"
    )
    assert code(may_validate("a", Second("a", "A", "owner"), staff_count=3)) == "second_person_needed"
    assert may_validate("a", Second("b", "B", "technician"), staff_count=3) is None


@pytest.mark.parametrize(("within", "until", "for_ever", "modified", "end"),
                         list(product((True, False), (None, -1, 0, 1), (True, False), (None, -1, 0, 1), (None, 0))))  # fmt: skip
def test_every_thing(
    within: bool, until: int | None, for_ever: bool, modified: int | None, end: int | None
) -> None:
    def day(offset: int | None) -> date | None:
        return None if offset is None else TODAY + timedelta(days=offset)

    found = judge(
        FoundThing(within, day(until), for_ever, day(modified)), today=TODAY, end_of_service=day(end)
    )
    if not within:
        assert found is LineVerdict.NOT_OURS
    elif for_ever or (until is not None and until >= 0):
        assert found is LineVerdict.LOCKED
    elif end is not None and modified is not None and modified > end:
        assert found is LineVerdict.NEWER
    else:
        assert found is LineVerdict.GOES


# what stops, in the order in which it is said
STOPS: list[tuple[dict[str, Any], str]] = [
    ({"held_by": ("Claim",)}, "on_hold"),
    ({"paused_by": ("court order",)}, "deletion_paused"),
    ({"keep_until": None}, "no_keep_date"),
    ({"keep_until": TODAY}, "kept_until"),
    ({"awaiting_return": True}, "return_first"),
    ({"only_copies": ("Books",)}, "only_copy"),
    ({"not_ours": 2}, "not_ours"),
    ({"told_until": TODAY}, "not_told_yet"),
    ({"shown_digest": "other"}, "list_changed"),
    ({"newer": 3, "newer_agreed": False}, "newer_data"),
    ({"typed_name": "s"}, "name_not_typed"),
]
FREE: dict[str, Any] = {"set_name": "S", "keep_until": TODAY - timedelta(days=1), "today": TODAY, "listed_digest": "d",
                        "shown_digest": "d", "typed_name": " S ", "newer": 3, "newer_agreed": True}  # fmt: skip


def test_every_set_of_facts() -> None:
    for mask in range(2 ** len(STOPS)):
        _one_set_of_facts(mask)


def _one_set_of_facts(mask: int) -> None:
    chosen = [one for number, one in enumerate(STOPS) if mask >> number & 1]
    facts = dict(FREE)
    for changes, _ in reversed(chosen):  # the first said wins where two set the same fact
        facts.update(changes)
    found = [wanted for _, wanted in chosen]
    given = StartFacts(**facts)

    def first(*codes: str) -> str:
        return next((one for one in found if one in codes), "None")

    proposal = ("on_hold", "deletion_paused", "no_keep_date", "kept_until", "return_first", "only_copy")
    assert code(may_propose(given)) == first(*proposal)
    assert code(may_run(given)) == first(*proposal, "not_ours")
    assert code(may_start(given)) == first(*(wanted for _, wanted in STOPS))
    assert code(may_start(given, by_hand=True)) == first(
        *proposal, "not_ours", "not_told_yet", "name_not_typed"
    )


def test_an_unknown_today_or_listing_never_starts() -> None:
    assert code(may_propose(StartFacts(**{**FREE, "today": None}))) == "kept_until"
    assert code(may_start(StartFacts(**{**FREE, "listed_digest": "", "shown_digest": ""}))) == "list_changed"


@pytest.mark.parametrize(("key", "backup", "replica", "window", "confirmed"),
                         list(product((None, 0, 3), (0, 35), (None, 0, 90), (None, 0, 30), (True, False))))  # fmt: skip
def test_the_day_it_takes_effect(
    key: int | None, backup: int, replica: int | None, window: int | None, confirmed: bool
) -> None:
    def day(offset: int | None) -> date | None:
        return None if offset is None else TODAY + timedelta(days=offset)

    found = effective_on(Ending(TODAY, day(key), backup, day(replica), window, confirmed))
    days = [0, replica or 0, (window or 0) if not confirmed else 0]
    if key is not None:
        days.append(key + backup)
    assert found == TODAY + timedelta(days=max(days))


@pytest.mark.parametrize(("left", "unproved", "wait"), list(product((0, 2), (0, 1), (-1, 0, 1))))
def test_a_certificate_says_only_what_is_true(left: int, unproved: int, wait: int) -> None:
    found = may_certify(
        "S", effective=TODAY + timedelta(days=wait), today=TODAY, left=left, unproved=unproved
    )
    wanted = (
        "not_all_gone"
        if left
        else "step_unproved"
        if unproved
        else "not_effective_yet"
        if wait > 0
        else "None"
    )
    assert code(found) == wanted


@pytest.mark.parametrize(("place", "days", "excepted", "confirmed"), list(product(("vault", "bucket", "folder", "vendor", "media", ""), (0, 35), (0, 2), (True, False))))  # fmt: skip
def test_every_limit_is_a_sentence(place: str, days: int, excepted: int, confirmed: bool) -> None:
    found = limits(place, key_backup_days=days, excepted=excepted, confirmed=confirmed)
    assert found[0].startswith("That no copy exists anywhere cannot be proved.")
    assert all(one.endswith(".") for one in found)
    assert any("named exceptions" in one for one in found) == bool(excepted)


def test_late_is_said_plainly() -> None:
    assert overdue_words(TODAY, TODAY, "proposed") == ""
    assert overdue_words(TODAY - timedelta(days=1), TODAY, "partial").endswith("1 day late (partial).")


# --- steps by hand ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "returns", "replicas"), list(product(Place, (True, False), (0, 1, 2))))
def test_steps_of_every_place(place: Place, returns: bool, replicas: int) -> None:
    copies: tuple[dict[str, Any], ...] = ({"what": "Second region", "sub_processor": "Deep Ltd", "expires_days": None},
                                          {"what": "Weekly copy", "where": "Paris", "expires_days": 14})[:replicas]  # fmt: skip
    facts = deletion_steps.SetFacts("S", place, vendor="V", console="C", tenant="T", until=TODAY, window_days=30,
                                    returns=returns, replicas=copies)  # fmt: skip
    steps = deletion_steps.steps_for(facts)
    keys = [one.key for one in steps]
    kinds = [deletion_steps.kind_of(key) for key in keys]
    assert len(set(keys)) == len(keys) and all(
        one.title and one.guidance.rstrip().endswith(".") for one in steps
    )
    if not place.by_hand:
        assert keys == ["replica:1"][:replicas], "only what no clock deletes"
        return
    assert kinds[0] == "sign_in" and kinds[-1] == "check" and "delete" in kinds
    assert ("export" in kinds) == returns and kinds.count("replica") == replicas
    if "subscription" in kinds:
        assert kinds.index("subscription") > max(kinds.index(one) for one in ("delete", "recycle_bin"))
    unproved = {one.key for one in steps if not one.proof_needed}
    assert unproved == ({"subscription", "vendor_confirmation"} if place is not Place.MEDIA else set())
