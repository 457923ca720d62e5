# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which mail waits while a debt, a dispute or a claim is open: every kind of mail there is, by every author."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from partwell.documents.mail_kinds import KINDS
from partwell.rules.waiting import WAIT, Open, may_let_leave, still_waits, why_waits

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVERYTHING = [Open(*flags) for flags in product((False, True), repeat=3)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_what_staff_write_by_hand_waits(kind: str) -> None:
    for open_now, by_staff in product(EVERYTHING, (False, True)):
        waits = bool(why_waits(kind, by_staff=by_staff, open_now=open_now))
        anything = open_now.overdue or open_now.dispute or open_now.claim
        assert waits == (kind == "message" and by_staff and anything), (open_now, by_staff)


def test_safety_never_waits() -> None:
    worst = Open(overdue=True, dispute=True, claim=True)
    for kind in ("authorisation_changed", "retention_notice", "deletion_to_approve", "sign_in", "passkey_added", "contact_changed",
                 "release_announcement", "held_question", "call_summary"):  # fmt: skip
        assert kind in KINDS and why_waits(kind, by_staff=True, open_now=worst) == ""


def test_the_reason_is_one_sentence() -> None:
    assert why_waits("message", by_staff=True, open_now=Open(True, True, True), safety=True) == ""
    said = why_waits("message", by_staff=True, open_now=Open(True, True, True))
    assert said == "It waits because a bill is overdue, there is a dispute and a claim is open."
    assert (
        why_waits("message", by_staff=True, open_now=Open(claim=True)) == "It waits because a claim is open."
    )


@pytest.mark.parametrize(
    ("author", "reader", "until", "moved", "code"),
    [
        ("a", "b", NOW, False, ""),
        ("a", "a", NOW, False, "own_message_read"),
        ("a", "b", NOW, True, "message_not_waiting"),
        ("a", "a", NOW, True, "message_not_waiting"),
        ("a", "b", None, False, "message_not_waiting"),
    ],
)
def test_who_lets_it_leave(author: str, reader: str, until: datetime | None, moved: bool, code: str) -> None:
    found = may_let_leave(author_id=author, reader_id=reader, waits_until=until, moved_on=moved)
    assert (found.code if found else "") == code


def test_how_long() -> None:
    until = NOW + WAIT
    assert timedelta(minutes=30) == WAIT
    assert still_waits(until, "", NOW) and still_waits(until, "", until - timedelta(seconds=1))
    assert not still_waits(until, "", until) and not still_waits(until, "Ines", NOW)
    assert not still_waits(None, "", NOW)
