# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about erasing: content of entries, files whose key is gone, a record at its end (R4, R6, R15)."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "erasure_held",
        "R6",
        409,
        "A legal hold covers what is kept of {client}, so nothing of it is erased.",
        "Lift the hold first, with a second person, if its reason is gone.",
    ),
    (
        "file_destroyed",
        "R6",
        409,
        "This file was destroyed on {day}: the key that could open it is gone.",
        "What was done, and on whose word, stands in the evidence.",
    ),
    (
        "nothing_to_erase",
        "R4",
        422,
        "None of these entries has content that could be erased.",
        "Choose entries of this client that still say something; what erasures say stays.",
    ),
    (
        "record_in_use",
        "R4",
        409,
        "The record of {client} is in use: only one of an inactive client, after a closed departure, has an end.",
        "Close the departure first.",
    ),
    (
        "record_not_due",
        "R4",
        409,
        "The record of {client} is kept; it may be erased from {day} on.",
        "Wait for that day.",
    ),
    (
        "record_keeps_sets",
        "R6",
        409,
        "Backups of {client} are still kept, or their deletion is not certified yet: {sets}.",
        "Carry out their deletion first; its certificate goes to the client before the record does.",
    ),
    (
        "record_shorter",
        "R4",
        422,
        "A client's own term may lengthen the record's time beyond {months} months, not shorten it.",
        "Give more months, at most {most}.",
    ),
    (
        "client_name_not_typed",
        "R15",
        422,
        "The name typed is not that of {client}, and this cannot be undone.",
        "Type the client's name exactly.",
    ),
    (
        "erasure_needs_owner",
        "R15",
        409,
        "One of the two people who erase must be an owner, and neither {person} nor who proposed it is one.",
        "Ask an owner to decide.",
    ),
    (
        "erasure_not_yours",
        "R15",
        409,
        "The service provider has a second person of its own for this.",
        "Nothing is asked of you; you can read what was decided.",
    ),
    (
        "erasure_open",
        "R15",
        409,
        "The end of this record is proposed or approved already.",
        "Decide what lies there.",
    ),
)
