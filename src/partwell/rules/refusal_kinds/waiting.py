# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about messages that wait before they leave, and about letters."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "message_waits",
        "R4",
        409,
        "This message waits until {until} or for a colleague's reading.",
        "Wait, or ask a colleague to read it.",
    ),
    (
        "message_not_waiting",
        "R4",
        409,
        "This message does not wait any more.",
        "Look at its mail: it has left, or was stopped.",
    ),
    (
        "own_message_read",
        "R4",
        409,
        "You wrote this message, so your own reading does not let it leave.",
        "Ask a colleague, wait, or stop it.",
    ),
    (
        "message_stopped",
        "R4",
        409,
        "{person} stopped this message before it left.",
        "Write it anew if it should go after all.",
    ),
    (
        "letter_place_unknown",
        "R16",
        422,
        "A letter has no place for {names}.",
        "Use only the places that are listed beside the form.",
    ),
    (
        "letter_place_missing",
        "R2",
        422,
        "The letter must say {names}, and does not.",
        "Put each of them in between braces, as it is listed beside the form.",
    ),
    (
        "letter_broken",
        "R16",
        422,
        "A brace in the letter is opened or closed alone.",
        "Write each place between one opening and one closing brace; a brace that shall stand for itself is written twice.",
    ),
    (
        "letter_unfilled",
        "R2",
        422,
        "The message still has places that nobody filled: {names}.",
        "Write what belongs there, or take them out.",
    ),
)
