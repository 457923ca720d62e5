# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time and requests in words, the same at every door."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partwell.actions.hours.standing import HoursStanding
from partwell.entrypoints.theme.formats import duration_words
from partwell.rules.charges import RequestState
from partwell.rules.hours import Source, UnusedRule, WorkClass, WorkKind
from partwell.rules.law import LineClass

CLASS_WORDS = {
    WorkClass.OFFBOARDING: _("Offboarding"),
    WorkClass.SERVICE: _("Running service"),
    WorkClass.GOODWILL: _("Goodwill"),
}
KIND_WORDS = {
    WorkKind.AS_IS: _("Handing over what exists, as it exists"),
    WorkKind.EXPLANATION: _("Explanation"),
    WorkKind.CONVERSION: _("Conversion"),
    WorkKind.MEETING: _("Meeting"),
    WorkKind.NEW_DOCUMENT: _("New document"),
    WorkKind.OTHER: _("Other work"),
}
SOURCE_WORDS = {
    Source.INCLUDED: _("included"),
    Source.BLOCK: _("prepaid"),
    Source.ON_ACCOUNT: _("on account"),
    Source.NOT_CHARGED: _("not charged"),
}
UNUSED_WORDS = {
    UnusedRule.REFUND: _(
        "Prepaid time that is not used is paid back at closing, at the price that was paid."
    ),
    UnusedRule.CREDIT: _("Prepaid time that is not used is credited at closing, at the price that was paid."),
}
STATES = {
    RequestState.ASKED: ("waiting", _("Waits for an estimate")),
    RequestState.ESTIMATED: ("waiting", _("Waits for the client")),
    RequestState.APPROVED: ("open", _("Approved")),
    RequestState.DECLINED: ("held", _("Declined")),
    RequestState.DONE: ("done", _("Done")),
    RequestState.CANCELLED: ("held", _("Cancelled")),
}
LINE_WORDS = {
    LineClass.FURTHER_SERVICE: _("A further service that was asked for"),
    LineClass.SWITCHING: _("Moving the client's data and assets to where they go"),
    LineClass.CUSTOM_BUILT: _("Built for one customer, or a test version"),
    LineClass.PASS_THROUGH: _("A charge of a third party"),
    LineClass.OUTSIDE: _("No data processing service: hardware, on-site work, telephony"),
}


def drawn_words(parts: Iterable[Any]) -> str:
    """What an entry was drawn from: ``45 min included, 15 min prepaid``; a reversal's parts are given back."""
    words = []
    for part in parts:
        amount = duration_words(abs(part.minutes))
        source = SOURCE_WORDS[Source(part.source)]
        words.append(
            gettext("%(amount)s %(source)s, given back") % {"amount": amount, "source": source}
            if part.minutes < 0
            else f"{amount} {source}"
        )
    return ", ".join(words)


def entry_row(entry: Any) -> dict[str, Any]:
    """One time entry as the lists show it: the entry and its words."""
    return {
        "row": entry,
        "class": CLASS_WORDS[WorkClass(entry.work_class)],
        "kind": KIND_WORDS[WorkKind(entry.kind)],
        "drawn": drawn_words(entry.parts.all()),
        "minutes": abs(entry.minutes),
        "accounted": abs(entry.accounted),
        "back": entry.reverses_id is not None,
        "taken_back": getattr(entry, "reversed_by", None) if hasattr(entry, "reversed_by") else None,
    }


def burn_of(included: int, used: int, prepaid: int) -> dict[str, int]:
    """Minutes as the ``burn`` tag takes them."""
    return {"included": included, "used": used, "prepaid": prepaid}


def budget_words(how: HoursStanding) -> dict[str, Any] | None:
    """The budget as the pages show it; None without a departure."""
    budget = how.budget
    if how.offboarding is None:
        return None
    prepaid = sum(block.minutes for block in budget.blocks)
    return {
        "burn": burn_of(budget.included, budget.used, prepaid),
        "left": budget.left,
        "included_left": budget.included_left,
        "prepaid_left": budget.left - budget.included_left,
        "promised": budget.promised,
        "free": budget.free,
        "per_cent": budget.per_cent,
        "warning": budget.warning if budget.used or not budget.total else 0,
        "leave": how.leave if how.leave and how.leave.minutes_left else None,
    }


def left_words(how: HoursStanding) -> str:
    """The budget in a sentence or two, for a page that is about something else; empty without a departure."""
    budget = budget_words(how)
    if budget is None:
        return ""
    words = [gettext("Left: %(left)s.") % {"left": duration_words(budget["left"])}]
    if budget["promised"]:
        words.append(gettext("Promised and not done yet: %(p)s.") % {"p": duration_words(budget["promised"])})
    if budget["warning"]:
        words.append(gettext("%(n)s %% of the hours are used.") % {"n": budget["per_cent"]})
    return " ".join(words)


def request_row(row: Any) -> dict[str, Any]:
    """One request as the lists show it."""
    tone, word = STATES[RequestState(row.state)]
    return {"row": row, "tone": tone, "word": word, "kind": KIND_WORDS[WorkKind(row.kind)]}
