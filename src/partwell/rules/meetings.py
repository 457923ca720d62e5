# SPDX-License-Identifier: AGPL-3.0-or-later
"""R2 for meetings: what an invitation must hold, and what may still be done with a meeting."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from partwell.rules.refusals import Refusal, refuse

LONGEST = timedelta(hours=24)
FURTHEST = timedelta(days=731)
PLANNED, CANCELLED, HELD = "planned", "cancelled", "held"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")


@dataclass(frozen=True, slots=True)
class Appointment:
    """What is planned; both moments aware. ``agenda`` may have lines, ``title`` and ``place`` are one line each."""

    title: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    agenda: str = ""


def problem(what: Appointment, now: datetime) -> Refusal | None:
    """None for an appointment that can be sent out; else the first thing that is wrong with it."""
    if not what.title.strip():
        return refuse("required", where="What it is about")
    for where, text in (("What it is about", what.title), ("Where", what.place)):
        if _CONTROL.search(text):
            return refuse("header_injection", where=where)
    if _IN_TEXT.search(what.agenda):
        return refuse("header_injection", where="The agenda")
    if len(what.title) > 200 or len(what.place) > 300 or len(what.agenda) > 8000:
        return refuse("invalid_input", where="The meeting", problem="a text is too long for an invitation")
    if what.starts_at.tzinfo is None or what.ends_at.tzinfo is None:
        return refuse("invalid_input", where="When", problem="a moment without a zone is none")
    if what.starts_at <= now:
        return refuse("invalid_input", where="When", problem="it lies in the past; log a call instead")
    if what.starts_at > now + FURTHEST:
        return refuse("invalid_input", where="When", problem="it lies more than two years ahead")
    if not timedelta(0) < what.ends_at - what.starts_at <= LONGEST:
        return refuse("invalid_input", where="How long", problem="it ends after it begins, within 24 hours")
    return None


def still_planned(state: str, title: str) -> Refusal | None:
    """None while a meeting is planned; what was cancelled or held is on record and stays."""
    return None if state == PLANNED else refuse("meeting_not_planned", title=title, state=state)
