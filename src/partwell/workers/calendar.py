# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens by the calendar: objection windows that end (R17)."""


def run_due() -> int:
    """End what is due; gives how many things were ended."""
    return 0
