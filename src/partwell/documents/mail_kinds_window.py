# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mail says that comes before a window closes (R17)."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, fill, rows, some
from partwell.documents.texts import _


def window_ending(v: dict[str, Any]) -> Body:
    return Body(
        subject=fill(_("Until {window_until}: your answer to release {number} ({client})"), v),
        title=_("A window closes soon"),
        happened=(
            fill(
                _("What is listed here was released for {client} to {recipient_firm} with release {number} and has no answer yet."), v
            ),
            _("A new provider's silence binds nobody; the record only says what was not objected to by that day."),
        ),
        lists=some((_("Without an answer"), rows(v["items"]))),
        asked=_("Confirm each, or object with your reason."),
        by=v["window_until"],
        button=_("Answer"),
        link=v["portal_url"],
    )  # fmt: skip


WINDOW: dict[str, Kind] = {
    "window_ending": (
        window_ending,
        frozenset({"number", "recipient_firm", "items", "window_until", "portal_url"}),
        frozenset(),
    ),
}
