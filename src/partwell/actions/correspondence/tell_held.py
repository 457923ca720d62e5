# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's mail about what was held before consent: what was asked, and its two answers, "authorise" and "this is not ours" (R1)."""

from collections.abc import Sequence
from datetime import datetime

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.records.correspondence.models import Message


def tell_held(
    deed: Deed,
    row: Message,
    *,
    path: str,
    firm: str,
    received_at: datetime,
    acknowledged: bool,
    forwarded_by: str = "",
    address: str = "",
    warnings: Sequence[str] = (),
    came_with: Sequence[str] = (),
) -> None:
    """Queue it within the deed that holds the message; ``path``: the page that asks, in the client's door.

    ``address``, ``warnings``, ``came_with``: of a mail, whose sender is a claim: who decides on a phone sees them before the buttons.
    Both answers are buttons where a signatory reads it. Whoever only reads has a link to the page, and is told who decides.
    Without an address of the client nothing is queued: the portal shows it.
    """
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before it is told.")
    post(
        deed,
        Post(
            kind="held_question",
            dedupe=f"held:{row.id.hex}",
            message=row,
            values={
                "sender": row.author_name,
                "recipient_firm": firm,
                "question": f"{row.subject}\n\n{row.text}",
                "received_at": received_at,
                "forwarded_by": forwarded_by or None,
                "address": address or None,
                "warnings": list(warnings) or None,
                "came_with": list(came_with) or None,
                "acknowledged": "once" if acknowledged else None,
                "portal_url": link(path),
            },
            to_signatory={
                "authorise_url": link(f"{path}authorise/"),
                "not_ours_url": link(f"{path}not-ours/"),
            },
        ),
    )
