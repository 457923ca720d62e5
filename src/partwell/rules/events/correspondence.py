# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages, calls and envelopes (R2)."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("message.written", "{actor} wrote to {recipients} about “{subject}”.",
          public=("client", "recipients", "subject"), client=("digest", "attachments?")),
    Event("message.received", "{sender} wrote about “{subject}”.", public=("client", "sender", "subject"),
          client=("digest", "dkim?", "attachments?")),
    Event("message.held", "A message of {sender} was held: there is no consent, so nobody answers it.",
          public=("client", "sender"), client=("digest", "subject?")),
    Event("message.acknowledged", "{sender} received the fixed acknowledgement, which states no fact.",
          public=("client", "sender"), client=("digest?",)),
    Event("call.logged", "{actor} logged a call with {others}.", public=("client", "others"),
          client=("summary", "began?", "minutes?", "meeting?")),
    Event("call.corrected", "{actor} corrected the record of a call with {others}.", public=("client", "others"),
          client=("correction",)),
    Event("envelope.queued", "A message to {recipients} was queued.", public=("client", "recipients"),
          client=("digest", "kind?", "contact?")),
    Event("envelope.claimed", "A message to {recipients} is about to leave.", public=("client", "recipients"),
          client=("digest?", "attempt?")),
    Event("envelope.data_started", "A message to {recipients} began to leave.",
          public=("client", "recipients"), client=("digest?", "attempt?")),
    Event("envelope.accepted", "A message to {recipients} left and was accepted.",
          public=("client", "recipients"), client=("digest?", "answers?")),
    Event("envelope.failed", "A message to {recipients} could not be delivered.",
          public=("client", "recipients"), client=("digest?", "answers?", "reason?")),
    Event("envelope.requeued", "A message to {recipients} was queued again.",
          public=("client", "recipients"), client=("digest?", "reason?")),
    Event("envelope.unknown", "Nobody knows whether a message to {recipients} left.",
          public=("client", "recipients"), client=("digest?",)),
    Event("envelope.settled", "{actor} settled that a message to {recipients} was {outcome}.",
          public=("client", "recipients", "outcome"), client=("digest?", "ground")),
    Event("envelope.stopped", "A message to {recipients} was stopped before it left.",
          public=("client", "recipients", "why"), client=("digest?",)),
)  # fmt: skip
