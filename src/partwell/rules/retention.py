# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6: what would stop a deletion. Until when something is kept, ``dates.keep_until`` says."""

from partwell.rules.refusals import Refusal, refuse


def may_delete(item: str, *, clients_own: bool, other_copy: bool, received: bool, waived: bool, on_hold: bool
               ) -> Refusal | None:  # fmt: skip
    """R6: nothing under hold, and not the only copy of what the client neither received nor waived."""
    if on_hold:
        return refuse("on_hold", item=item)
    if clients_own and not (other_copy or received or waived):
        return refuse("only_copy", item=item)
    return None
