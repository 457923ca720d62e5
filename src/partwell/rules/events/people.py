# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP, its staff, sign-ins, tokens and refusals."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("msp.set_up", "{actor} set up {msp}.", public=("msp",), internal=("details?",)),
    Event("msp.configured", "{actor} changed {what} of the service provider's settings.", public=("what",),
          internal=("before?", "after?")),
    Event("msp.letter_changed", "{actor} changed the letter “{letter}” in {language}.", public=("letter", "language"),
          internal=("version", "digest")),
    Event("staff.invited", "{actor} invited {person} as {role}.", public=("person", "role"),
          internal=("address?", "until?")),
    Event("staff.joined", "{person} joined as {role}.", public=("person", "role")),
    Event("staff.changed", "{actor} made {person} {role}.", public=("person", "role"), internal=("before?",)),
    Event("staff.left", "{person} left and lost all access.", public=("person",),
          internal=("sessions_ended?", "keys_revoked?", "reassigned?")),
    Event("sign_in.succeeded", "{actor} signed in.", public=("door", "strength"),
          internal=("address?", "agent?")),
    Event("passkey.added", "{actor} added a passkey.", public=(), client=("label?",), internal=("address?",)),
    Event("passkey.removed", "{actor} removed a passkey.", public=(), client=("label?",)),
    Event("passkey.confirmed", "{actor} called {person} back and confirmed a passkey.", public=("person",),
          client=("label", "number_since", "words?"), internal=("number",)),
    Event("passkey.denied", "{actor} called {person} back, who did not know a passkey; it was removed.",
          public=("person",), client=("label", "number_since", "words?"), internal=("number",)),
    Event("staff.invitation_ended", "{actor} took back the invitation of {person}.", public=("person",)),
    Event("api_access.granted", "{actor} made an API access named {name}.", public=("name", "scopes"),
          internal=("until?",)),
    Event("api_access.revoked", "{actor} revoked the API access named {name}.", public=("name",)),
    Event("refusal.recorded", "{actor} was refused: {why}", public=("code", "why", "count"),
          client=("subject?", "version?"), internal=("verb?", "door?")),
)  # fmt: skip
