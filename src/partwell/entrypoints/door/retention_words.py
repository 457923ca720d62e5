# SPDX-License-Identifier: AGPL-3.0-or-later
"""How sets, holds and deletions stand, in the words and marks of their pages: what more than one page says of them."""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from partwell.actions.retention.look import SetView
from partwell.entrypoints.theme.formats import when_words
from partwell.records.retention.deletions import Deletion
from partwell.rules.deletion import DeletionState
from partwell.rules.keeping import Choice, NoticeKind, Place

_S = DeletionState
# tone, word
STATES: dict[str, tuple[str, Any]] = {
    _S.PROPOSED: ("waiting", later("Proposed")),
    _S.APPROVED: ("waiting", later("Approved")),
    _S.LISTED: ("waiting", later("Listed")),
    _S.RUNNING: ("waiting", later("Being deleted")),
    _S.PARTIAL: ("refusing", later("Partial")),
    _S.EXECUTED: ("waiting", later("Carried out, to be verified")),
    _S.VERIFIED: ("waiting", later("Verified, to be validated")),
    _S.VALIDATED: ("open", later("Validated")),
    _S.CERTIFIED: ("done", later("Deleted, certified")),
    _S.STOPPED: ("held", later("Stopped")),
    _S.CANCELLED: ("held", later("Called off")),
}
# What an open deletion waits for, and on whom.
WAITS: dict[str, tuple[Any, Any]] = {
    _S.PROPOSED: (later("A second person approves it"), later("on a colleague")),
    _S.APPROVED: (later("What lies there is listed"), later("on the worker")),
    _S.LISTED: (later("Somebody looks at the list and starts it"), later("on a technician")),
    _S.RUNNING: (later("It goes on by itself"), later("on the worker")),
    _S.PARTIAL: (later("It is tried again, or an owner names what stays"), later("on a technician")),
    _S.EXECUTED: (later("It is listed again"), later("on the worker")),
    _S.VERIFIED: (later("A second person looks at the outcome"), later("on a colleague")),
    _S.VALIDATED: (later("The certificate, on the day it takes effect"), later("on the calendar")),
    _S.STOPPED: (later("It is taken up again, or called off"), later("on a technician")),
}
BY_HAND: dict[str, tuple[Any, Any]] = {
    _S.APPROVED: (later("Somebody begins with the steps"), later("on a technician")),
    _S.RUNNING: (later("The steps in the console"), later("on a technician")),
    _S.EXECUTED: (later("Somebody signs in again and looks"), later("on a technician")),
}
CONTENTS = {"": later("backups"), "backup": later("backups"), "archive": later("archive"), "both": later("backups and archive")}  # fmt: skip
PAYERS = {"": "", "msp": later("we"), "client": later("the client")}
NOTICES: dict[str, Any] = {
    NoticeKind.SIXTY: later("60 days before"),
    NoticeKind.THIRTY: later("30 days before"),
    NoticeKind.SEVEN: later("7 days before"),
    NoticeKind.AFTER: later("the day after"),
}


def waits_for(row: Deletion) -> tuple[Any, Any]:
    """What this deletion waits for, and on whom; empty words where nothing comes any more."""
    if row.by_hand and row.state in BY_HAND:
        return BY_HAND[row.state]
    return WAITS.get(row.state, ("", ""))


def marks(one: SetView) -> list[dict[str, Any]]:
    """Everything that stands about a set, the gravest first: ``tone``, ``word``, ``why``, ``next``."""
    row, out = one.row, []
    if row.gone_at is not None:
        why = _("Gone since %(day)s.") % {"day": when_words(row.gone_at, "day")}
        return [{"tone": "done", "word": _("Deleted"), "why": why, "next": ""}]
    if one.held:
        out.append({"tone": "held", "word": _("Held"), "why": ", ".join(one.held), "next": ""})
    if one.late:
        out.append({"tone": "refusing", "word": _("Late"), "why": one.overdue, "next": "", "short": " "})
    if one.alarm is not None:
        out.append({"tone": "refusing", "word": _("Vendor’s window"), "why": one.alarm.sentence, "next": one.alarm.next_step})  # fmt: skip
    out += [
        {"tone": "refusing", "word": _("Conflict"), "why": conflict.sentence, "next": conflict.next_step}
        for conflict in one.conflicts
    ]
    if one.only_copies:
        names = ", ".join(copy.title for copy in one.only_copies[:3])
        more = len(one.only_copies) - 3
        if more > 0:
            names = _("%(names)s and %(n)s more") % {"names": names, "n": more}
        out.append({"tone": "waiting", "word": _("Only copy"), "why": names, "next": _("Hand it over, or let the client waive it in writing.")})  # fmt: skip
    if one.awaits_return:
        why = _("The client wants it back and has not got it.")
        out.append({"tone": "waiting", "word": _("To be returned"), "why": why, "next": ""})
    if one.unprovable:
        why = " ".join(one.unprovable)
        out.append({"tone": "waiting", "word": _("Unprovable"), "why": why, "next": _("Complete what is on record.")})  # fmt: skip
    return out


def axis_row(one: SetView) -> dict[str, Any]:
    """The set on a time axis: end of service, kept until, the vendor's purge."""
    row = one.row
    alarm = None
    if one.alarm is not None and one.alarm.purged_on is not None:
        alarm = {"at": one.alarm.purged_on, "word": _("the vendor purges")}
    return {"notice": None, "end": row.end_of_service, "gone": row.keep_until, "held": bool(one.held) and row.gone_at is None,
            "late": False, "closed": True, "alarm": alarm}  # fmt: skip


def set_row(one: SetView, url: str) -> dict[str, Any]:
    """A set as a line of a list."""
    row, found = one.row, marks(one)
    open_ = one.deletion if one.deletion is not None and row.gone_at is None else None
    state = STATES[open_.state] if open_ is not None else None
    if (
        open_ is not None and open_.state == _S.CERTIFIED
    ):  # certified, and the set still there: it named what stays
        state = ("waiting", _("Certified, except what it names"))
    waits = waits_for(open_) if open_ is not None else ("", "")
    return {
        "one": one, "row": row, "url": url, "marks": found, "first": found[0] if found else None, "more": found[1:], "axis": axis_row(one),
        "late": one.late, "passed": bool(one.overdue), "until": row.keep_until, "choice": Choice(one.choice.choice).label if one.choice else "",
        "place": Place(row.place).label, "contents": CONTENTS.get(row.contents, ""),
        "deletion": open_, "state": state, "waits": waits,
    }  # fmt: skip


def window_of(rows: list[SetView], today: date) -> dict[str, date]:
    """One stretch of days for all of a page's axes: from the earliest end of service to the last day, at most some 15 months."""
    days = [day for one in rows for day in (one.row.end_of_service, one.row.keep_until) if day]
    first, last = min([*days, today]), max([*days, today])
    room = timedelta(days=max(21, round((last - first).days * 0.06)))
    return {
        "start": max(first - room, today - timedelta(days=220)),
        "end": min(last + room, today + timedelta(days=245)),
    }
