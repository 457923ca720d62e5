# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about meetings, promises and recordings (R2)."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "meeting_not_planned",
        "R2",
        409,
        "The meeting “{title}” is {state}; it stays on record as it is.",
        "Plan another meeting.",
    ),
)
