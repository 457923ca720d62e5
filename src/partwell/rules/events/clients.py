# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients, contacts, agreements, pauses."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("client.added", "{actor} added the client {client}.", public=("client",), client=("details?",)),
    Event("client.changed", "{actor} changed {what} of {client}.", public=("client", "what"),
          client=("before?", "after?")),
    Event("client.became", "{client} is now {state}.", public=("client", "state")),
    Event("site.added", "{actor} added the site {site} to {client}.", public=("client", "site"),
          client=("address?",)),
    Event("contact.added", "{actor} added {contact} as {role} of {client}.",
          public=("client", "contact", "role"), client=("address?", "phone?", "title?", "outside_domain?")),
    Event("contact.changed", "{actor} changed the contact {contact} of {client}.",
          public=("client", "contact"), client=("what?", "before?", "after?")),
    Event("contact.removed", "{actor} took {contact} off the contacts of {client}.",
          public=("client", "contact"), client=("reason?",)),
    Event("contact.address_failed", "Mail to {contact} of {client} could not be delivered.",
          public=("client", "contact"), client=("address?", "answer?", "instead?")),
    Event("contact.address_works", "{actor} wrote down that mail to {contact} of {client} arrives again.",
          public=("client", "contact"), client=("ground",)),
    Event("authority.recorded", "{actor} recorded proof that {contact} may sign for {client}.",
          public=("client", "contact", "proof"), client=("digest?", "file?", "valid_until?")),
    Event("agreement.recorded", "{actor} recorded the agreement with {client}.",
          public=("client",), client=("terms", "digest?", "file?")),
    Event("agreement.changed", "{actor} changed the terms of the agreement with {client}.",
          public=("client",), client=("before", "after", "reason?")),
    Event("backup_set.recorded", "{actor} recorded the backup set {set} of {client}.", public=("client", "set"),
          client=("location?", "vendor?", "vendor_window_days?", "details?")),
    Event("pause.set", "{actor} paused releases of {client}: {reason}.", public=("client", "reason"),
          internal=("ground",)),
    Event("pause.lifted", "{actor} lifted the pause on releases of {client}: {reason}.",
          public=("client", "reason"), internal=("ground?",)),
)  # fmt: skip
