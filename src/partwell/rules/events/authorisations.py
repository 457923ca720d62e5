# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipients and the client's consent (R1)."""

from partwell.rules.events.base import Event

_SCOPE = ("presets?", "categories?", "items?", "excluded_items?", "excluded_categories?", "access?", "starts?",
          "ends?", "persons?", "version?")  # fmt: skip

EVENTS = (
    Event("recipient.added", "{actor} added {recipient} as a possible recipient for {client}.",
          public=("client", "recipient"), client=("kind?", "persons?")),
    Event("recipient.changed", "{actor} changed {recipient} of {client}.", public=("client", "recipient"),
          client=("what?", "before?", "after?")),
    Event("person.added", "{actor} added {person} at {recipient}.", public=("client", "recipient", "person"),
          client=("address?",)),
    Event("authorisation.drafted", "{actor} drafted an authorisation for {recipient}.",
          public=("client", "recipient"), client=_SCOPE),
    Event("authorisation.proposed", "{actor} asked {client} to authorise {recipient}.",
          public=("client", "recipient"), client=(*_SCOPE, "digest", "signatory?")),
    Event("authorisation.read", "{actor} opened the authorisation for {recipient}.",
          public=("client", "recipient"), client=("digest", "language?", "address?", "agent?", "resolved?")),
    Event("authorisation.signed", "{actor} authorised {recipient} for {client}.",
          public=("client", "recipient"),
          client=(*_SCOPE, "digest", "second_factor", "intent", "electronic_form", "shown_digest", "language?",
                  "address?", "agent?", "authority?", "resolved?", "pdf_digest?", "copies_to?")),
    Event("authorisation.awaits_call_back", "{actor} signed the authorisation for {recipient}; it waits for a call-back.",
          public=("client", "recipient"), client=("digest", "shown_digest", "address?")),
    Event("authorisation.letter_filed", "The signed authorisation for {recipient} was filed as a letter, with copies to both sides.",
          public=("client", "recipient"), client=("digest", "copies_to?")),
    Event("authorisation.change_letter_filed", "The letter about the change for {recipient} was filed.",
          public=("client", "recipient"), client=("digest", "act")),
    Event("authorisation.change_told", "The client was told what the change for {recipient} stopped and what had already left.",
          public=("client", "recipient"), client=("act", "stopped_messages?", "already_leaving?")),
    Event("authorisation.declined", "{actor} declined to authorise {recipient}.",
          public=("client", "recipient"), client=("digest?", "words?")),
    Event("authorisation.narrowed", "{actor} narrowed what {recipient} may receive.",
          public=("client", "recipient"), client=(*_SCOPE, "digest?", "stopped_messages?", "already_leaving?")),
    Event("authorisation.withdrawn", "{actor} withdrew the authorisation of {recipient}.",
          public=("client", "recipient"), client=("words?", "stopped_messages?", "already_leaving?")),
    Event("authorisation.called_back", "{actor} called {contact} back about the authorisation of {recipient}.",
          public=("client", "recipient", "contact"), client=("confirmed", "number_since", "words?"),
          internal=("number?",)),
    Event("authorisation.paper_recorded", "{actor} recorded the consent of {client} to {recipient} on paper or mail.",
          public=("client", "recipient"), client=("digest", "file", "signatory", "signed_on?")),
    Event("terms.accepted", "{actor} accepted the confidentiality and use terms for {recipient}.",
          public=("client", "recipient"), client=("digest", "version?", "address?", "agent?")),
)  # fmt: skip
