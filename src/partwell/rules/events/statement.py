# SPDX-License-Identifier: AGPL-3.0-or-later
"""Statements of hours and money (R5, R7)."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("statement.made", "{actor} made a statement for {client}.", public=("client",),
          client=("hours", "money", "passed", "at_closing", "digest")),
    Event("statement.letter_filed", "A statement was filed for {client}.", public=("client",), client=("digest",)),
    Event("block.rest_settled", "{actor} credited more prepaid time of {client} on {label}.", public=("client", "label"),
          client=("net", "currency", "credit_note")),
)  # fmt: skip
