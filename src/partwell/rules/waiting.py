# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is written while a debt, a dispute or a claim is open waits, so that nobody sends in anger what cannot be taken back (UI, R4, R11).

Thirty minutes, or until a colleague has read it; never until the author has. What is about safety never waits: no kind that Partwell
composes does, and what a person writes does not where they say, on record, that it is about safety.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from partwell.rules.refusals import Refusal, refuse

WAIT = timedelta(minutes=30)
# Written by a person, word for word. Every other kind is composed of facts by Partwell (withdrawals, deletion notices,
# sign-in, security, releases, bills) or must go at once by another rule (a call's summary, R2).
WRITTEN = frozenset({"message"})


@dataclass(frozen=True, slots=True)
class Open:
    """What is open with a client. ``overdue``: an unpaid paper is overdue; ``dispute``: a lawful pause, a legal hold or an
    unanswered objection; ``claim``: the client says that something was not, or wrongly, handed over."""

    overdue: bool = False
    dispute: bool = False
    claim: bool = False


def why_waits(kind: str, *, by_staff: bool, open_now: Open, safety: bool = False) -> str:
    """Why a mail of this kind waits, as a sentence for its author; "" when it leaves at once.

    Only what staff write waits: a client or new provider says what it says when it says it. ``safety``: its author says
    that it is about safety (an attack, data in danger), which goes on record.
    """
    if kind not in WRITTEN or not by_staff or safety:
        return ""
    found = [
        words
        for is_open, words in (
            (open_now.overdue, "a bill is overdue"),
            (open_now.dispute, "there is a dispute"),
            (open_now.claim, "a claim is open"),
        )
        if is_open
    ]
    if not found:
        return ""
    said = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
    return f"It waits because {said}."


def may_let_leave(
    *, author_id: str, reader_id: str, waits_until: datetime | None, moved_on: bool
) -> Refusal | None:
    """None when this colleague's reading lets the message leave; never the author's own.

    ``moved_on``: it has left, was stopped or was read already.
    """
    if waits_until is None or moved_on:
        return refuse("message_not_waiting")
    return refuse("own_message_read") if author_id == reader_id else None


def still_waits(waits_until: datetime | None, read_by: str, now: datetime) -> bool:
    """Whether the relay must leave it alone at ``now`` (aware)."""
    return waits_until is not None and not read_by and now < waits_until
