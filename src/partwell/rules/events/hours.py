# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time and prepaid hours (R5)."""

from partwell.rules.events.base import Event

_TIME = (
    "minutes",
    "accounted",
    "work_class",
    "kind",
    "drawn",
    "note",
    "asked_by?",
    "allowed_by?",
    "reason?",
)

EVENTS = (
    Event("time.recorded", "{actor} recorded {duration} for {client} on {day}.",
          public=("client", "duration", "day"), client=_TIME, internal=("internal_note?",)),
    Event("time.reversed", "{actor} took back {duration} recorded for {client} on {day}.",
          public=("client", "duration", "day"), client=(*_TIME, "entry", "why")),
    Event("time.imported", "{actor} took over {count} time entries of {client} from “{source}”.",
          public=("client", "count", "source")),
    Event("timer.started", "{actor} started a timer for {client}.", public=("client",),
          internal=("work_class", "kind", "subject?")),
    Event("timer.stopped", "{actor} stopped a timer for {client}.", public=("client",), internal=("ran",)),
    Event("timer.thrown_away", "{actor} threw away a timer for {client}.", public=("client",),
          internal=("ran", "reason")),
    Event("leave.given", "{actor} allowed {duration} of work on account for {client}.",
          public=("client", "duration"), client=("reason",)),
    Event("leave.ended", "{actor} ended the work on account for {client}.", public=("client",),
          client=("unused",)),
)  # fmt: skip
