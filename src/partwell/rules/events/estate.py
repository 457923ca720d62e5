# SPDX-License-Identifier: AGPL-3.0-or-later
"""Imports, items, pictures, notes."""

from partwell.rules.events.base import Event

EVENTS = (
    Event("import.started", "{actor} gave Partwell {files} to read for {client}.", public=("client", "files"),
          internal=("digests?", "sizes?")),
    Event("import.discarded", "{actor} discarded an import for {client} before anything was written.",
          public=("client",), client=("source?", "reason?")),
    Event("import.staged", "{actor} prepared an import for {client} from {source}.",
          public=("client", "source"), client=("files?", "rows?", "understood?", "duplicates?", "left_out?")),
    Event("import.confirmed", "{actor} imported {count} items for {client} from {source}.",
          public=("client", "source", "count"), client=("files?", "rows_root?", "duplicates?", "left_out?")),
    Event("import.undone", "{actor} undid an import of {count} items for {client}.",
          public=("client", "count"), client=("source?", "reason?", "rows_root?")),
    Event("import.failed", "The import for {client} from {source} failed.", public=("client", "source"),
          internal=("problem",)),
    Event("item.added", "{actor} added {item} to the estate of {client}.", public=("client", "item"),
          client=("kind?", "category?", "owner?", "custodian?", "sensitivity?", "details?")),
    Event("item.changed", "{actor} changed {item} of {client}.", public=("client", "item"),
          client=("what?", "before?", "after?")),
    Event("item.removed", "{actor} took {item} off the estate of {client}.", public=("client", "item"),
          client=("reason",)),
    Event("item.classified", "{actor} classified {count} items of {client}.", public=("client", "count"),
          client=("items?", "category?", "owner?", "custodian?", "sensitivity?", "rule?", "rows_root?")),
    Event("item.evidence_recorded", "{actor} recorded what the handover of {item} needs.",
          public=("client", "item"), client=("serial?", "condition?", "location?", "manifest?", "confirmation?")),
    Event("file.stored", "{actor} stored {file} with {subject}.", public=("client", "file", "subject"),
          client=("digest", "size?", "media_type?")),
    Event("picture.taken", "{actor} took a picture of {subject}.", public=("client", "subject"),
          client=("digest", "redacted", "caption?")),
    Event("note.written", "{actor} wrote an internal note on {subject}.", public=("client", "subject"),
          internal=("digest", "privileged")),
)  # fmt: skip
