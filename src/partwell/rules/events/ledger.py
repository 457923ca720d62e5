# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ledger about itself."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("ledger.opened", "The evidence ledger was opened.", public=("origin", "verifier_key")),
    Event("ledger.checkpoint", "A checkpoint of {size} entries was signed.", public=("size", "root")),
    Event("ledger.origin_opened", "{actor} opened a new ledger after a gap: {gap}.",
          public=("origin", "gap"), internal=("reason?",)),
    Event("ledger.caught_up", "{actor} took entries {first} to {last} over from the log store: a backup older than they had been restored.",
          public=("first", "last"), internal=("reason",)),
    Event("deletion.reapplied", "{count} deletions were carried out again after a backup had been restored.", public=("count",)),
    Event("ledger.key_rotated", "{actor} changed the ledger's signing key.",
          public=("old_verifier_key", "verifier_key"), internal=("reason?",)),
    Event("sample.loaded", "Sample data were loaded.", public=()),
)  # fmt: skip
