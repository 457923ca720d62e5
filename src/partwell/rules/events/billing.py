# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests for work, prepaid blocks, papers and payments (R5, R7, R12)."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("request.asked", "{actor} asked for “{title}” for {client}.", public=("client", "title"),
          client=("words?", "kind")),
    Event("request.estimated", "{actor} estimated “{title}” for {client} at {duration}.",
          public=("client", "title", "duration"), client=("verdict?", "override?")),
    Event("request.approved", "{actor} approved “{title}” for {client}.", public=("client", "title"),
          client=("estimate", "blocks", "minutes", "net", "currency", "words?")),
    Event("request.declined", "{actor} declined “{title}” for {client}.", public=("client", "title"),
          client=("words?",)),
    Event("request.finished", "{actor} finished “{title}” for {client}.", public=("client", "title"),
          client=("estimate?", "spent")),
    Event("request.cancelled", "{actor} cancelled “{title}” for {client}.", public=("client", "title"),
          client=("words",)),
    Event("invoice.issued", "{actor} issued {label} to {client}.", public=("client", "label"),
          client=("kind", "net", "tax", "gross", "currency", "due", "lines")),
    Event("invoice.cancelled", "{actor} cancelled {label} of {client}.", public=("client", "label"),
          client=("credit_note", "reason")),
    Event("invoice.letter_filed", "{label} was filed for {client}.", public=("client", "label"), client=("digest",)),
    Event("payment.recorded", "{actor} recorded a payment of {client} for {label}.", public=("client", "label"),
          client=("amount", "currency", "received_on", "still_open", "opened?", "reference?", "proof?")),
    Event("payment.refunded", "{actor} gave money back to {client} on {label}.", public=("client", "label"),
          client=("amount", "currency", "paid_on", "still_open", "words", "closed?", "reference?", "proof")),
    Event("invoice.numbered", "{actor} noted the accounting number of {label} of {client}.",
          public=("client", "label"), client=("external_number", "before?")),
    Event("block.settled", "{actor} credited prepaid time that {client} had not used on {label}.",
          public=("client", "label"), client=("minutes", "net", "currency", "rule", "credit_note")),
    Event("series.set", "{actor} set the numbers of {series}: {next} comes next.", public=("series", "next"),
          internal=("before?",)),
    Event("profile.set", "{actor} found that {profile} binds work for {client}.", public=("client", "profile"),
          client=("version", "source", "last_checked", "words")),
    Event("profile.removed", "{actor} removed {profile} from {client}.", public=("client", "profile"),
          client=("version", "words")),
)  # fmt: skip
