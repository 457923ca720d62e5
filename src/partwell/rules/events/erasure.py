# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stays and what goes of the evidence itself (R4, R15). What outlives a record names no client in it."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("erasure.proposed", "{actor} proposed to erase {what} of {client}.", public=("client", "what"),
          client=("basis?", "due_on?")),
    Event("erasure.declined", "{actor} declined to erase {what} of {client}.", public=("client", "what"),
          client=("why?",)),
    Event("erasure.approved", "{actor} approved to erase {what} of {client}.", public=("client", "what"),
          client=("proposed_by?", "due_on?")),
    Event("disclosure.erased", "{actor} erased personal content: {what}.", public=("what",),
          client=("basis?", "proposed_by?"), internal=("request?",)),
    Event("record.kept_longer", "{actor} set that the record of {client} is kept {months} months.",
          public=("client", "months"), client=("reason",)),
    Event("record.erased", "The time of a client's record was over: {contents} contents and {rows} rows of it are erased.",
          public=("contents", "rows"), internal=("request",)),
    Event("record.gone", "The erasure of a client's record was finished.", public=(),
          internal=("request", "database", "effective_on")),
)  # fmt: skip
