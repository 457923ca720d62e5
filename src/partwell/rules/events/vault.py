# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials (R16): what happened to them, never the secret."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("credential.stored", "{actor} stored the credential {item} of {client}.", public=("client", "item"),
          client=("account?", "privilege?", "critical?")),
    Event("credential.tried", "{actor} tried {item}: {result}.", public=("client", "item", "result"),
          client=("tried_at", "proof_digest?", "account?", "privilege?")),
    Event("credential.untestable", "{actor} recorded why {item} cannot be tried.", public=("client", "item"),
          client=("reason", "second_person?")),
    Event("credential.second_person", "{actor} agreed that {item} cannot be tried.",
          public=("client", "item"), client=("reason?",)),
    Event("credential.labelled_untested", "{actor} labelled {items} untested.", public=("client", "items"),
          client=("item_ids?",)),
    Event("credential.seen", "{actor} looked at the credential {item}.", public=("client", "item"),
          client=("purpose?",)),
    Event("credential.revealed", "The credential {item} was shown once to {recipient}.",
          public=("client", "item", "recipient"), client=("address?", "agent?", "account?")),
    Event("credential.reveal_opened", "{actor} opened the page that shows {item} once.", public=("client", "item"),
          client=("address?", "agent?")),
    Event("credential.reveal_allowed", "{actor} allowed {item} to be shown to {recipient} once more.",
          public=("client", "item", "recipient"), client=("reason",)),
    Event("credential.reveal_expired", "The one-time reveal of {item} to {recipient} expired unused.",
          public=("client", "item", "recipient")),
    Event("credential.rotated", "{actor} confirmed that {item} was rotated.", public=("client", "item"),
          client=("words?",)),
    Event("credential.purged", "{actor} purged the service provider's copy of {item}.",
          public=("client", "item"), client=("store?", "copies_expire?")),
    Event("key.made", "A key for {purpose} of {client} was made.", public=("client", "purpose"),
          internal=("key_id",)),
    Event("key.destroyed", "{actor} removed the key for {purpose} of {client} from its store.",
          public=("client", "purpose"), client=("copies_expire?",), internal=("key_id", "store")),
)  # fmt: skip
