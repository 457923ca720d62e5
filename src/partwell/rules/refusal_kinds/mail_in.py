# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about mail that came in and lies before a person."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "mail_settled",
        "R2",
        409,
        "This mail does not wait any more: {state}.",
        "Look at what became of it.",
    ),
    (
        "mail_not_yours",
        "R2",
        409,
        "This mail says that it is from {person}; nobody else may say so for {person}.",
        "Ask {person} to sign in and look at it, or drop it with a reason.",
    ),
    (
        "mail_unassigned",
        "R2",
        409,
        "Nobody has said yet whose conversation this mail belongs to.",
        "Say which client it is about first.",
    ),
    (
        "mail_is_a_copy",
        "R2",
        409,
        "{client} has this mail already.",
        "Drop this copy; the other one stays.",
    ),
)
