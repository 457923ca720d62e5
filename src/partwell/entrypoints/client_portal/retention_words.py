# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups, holds and deletions in the words of the client's pages."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from partwell.actions.retention.look import SetView
from partwell.records.retention import queries
from partwell.records.retention.queries import Hold
from partwell.rules.deletion import DeletionState
from partwell.rules.keeping import Choice, NoticeKind, Place

_S = DeletionState
# tone, word
STATES: dict[str, tuple[str, Any]] = {
    _S.PROPOSED: ("waiting", later("Proposed, waits for a second person")),
    _S.APPROVED: ("waiting", later("Approved by two")),
    _S.LISTED: ("waiting", later("Listed, not begun")),
    _S.RUNNING: ("waiting", later("Being deleted")),
    _S.PARTIAL: ("refusing", later("Deleted in part")),
    _S.EXECUTED: ("waiting", later("Deleted, being checked")),
    _S.VERIFIED: ("waiting", later("Checked, waits for a second person")),
    _S.VALIDATED: ("done", later("Deleted, certificate to come")),
    _S.CERTIFIED: ("done", later("Deleted and certified")),
    _S.STOPPED: ("held", later("Stopped")),
    _S.CANCELLED: ("held", later("Called off")),
}
CONTENTS = {
    "": later("Backups"), "backup": later("Backups"), "archive": later("Archive"), "both": later("Backups and archive"),
}  # fmt: skip
PLACES: dict[str, Any] = {
    Place.VAULT: later("in our own encrypted vault"),
    Place.BUCKET: later("in a storage service"),
    Place.FOLDER: later("on a server or share of ours"),
    Place.VENDOR: later("in a vendor’s cloud"),
    Place.MEDIA: later("on drives or tapes"),
}
NOTICES: dict[str, Any] = {
    NoticeKind.SIXTY: later("60 days before"),
    NoticeKind.THIRTY: later("30 days before"),
    NoticeKind.SEVEN: later("7 days before"),
    NoticeKind.AFTER: later("the day after"),
}
CHOICES: tuple[tuple[Choice, Any, Any], ...] = (
    (Choice.KEEP, later("Keep it as agreed, then delete it"),
     later("It stays with us until the agreed day, in case you need it. Then it is deleted and you get a certificate.")),
    (Choice.DELETE_NOW, later("Delete it without waiting"),
     later("It is deleted once our service has ended. What is deleted cannot be brought back, by us or anybody else.")),
    (Choice.SHIP, later("Return it on a drive, then delete it"),
     later("You get it on an encrypted drive. We delete our copy only when yours has arrived and the agreed day has passed.")),
    (Choice.DOWNLOAD, later("Return it as a download, then delete it"),
     later("You fetch it. We delete our copy only when you have it and the agreed day has passed.")),
)  # fmt: skip


def where_words(one: SetView) -> str:
    """Where a set lies, as somebody who never saw a console reads it."""
    row = one.row
    parts = [row.location]
    if row.vendor and row.vendor not in row.location:
        parts.append(row.vendor)
    place = PLACES.get(row.place)
    return ", ".join(parts) + (f" ({place})" if place else "")


def copies_of(one: SetView) -> list[str]:
    """Every further copy: what, where, at which sub-processor, and when it goes."""
    out = []
    for copy in one.row.replicas:
        where = ", ".join(str(copy[key]) for key in ("where", "sub_processor") if copy.get(key))
        words = f"{copy['what']}: {where}" if where else str(copy["what"])
        days = copy.get("expires_days")
        ends = (
            _("expires %(n)s days after the original is deleted") % {"n": days}
            if days is not None
            else _("when it expires is not on record yet")
        )
        out.append(f"{words}; {ends}")
    return out


def argues(one: SetView) -> list[str]:
    """What argues with the day, said to the client rather than about it."""
    out = []
    for conflict in one.conflicts:
        if conflict.code == "instruction_missing":
            out.append(_("By law it is for you to say what happens to it, and you have not said it yet."))
        elif conflict.code == "client_back":
            out.append(_("You have come back to us. Tell us whether this shall still be deleted."))
        else:
            out.append(conflict.sentence)
    return out


def set_card(one: SetView, begun: bool) -> dict[str, Any]:
    """One set as its card on the page takes it. ``begun``: its deletion has begun, so that nothing can be chosen any more."""
    row, open_ = one.row, one.deletion
    copies = row.copies
    gone = row.gone_at is not None
    choice = Choice(one.choice.choice) if one.choice else None
    return {
        "one": one, "row": row, "gone": gone, "what": CONTENTS.get(row.contents, CONTENTS[""]), "where": where_words(one),
        "copies": copies, "further": copies_of(one), "choice": choice.label if choice else "", "argues": argues(one),
        "payer": {"msp": _("we"), "client": _("you")}.get(row.payer, ""), "deletion": open_,
        "state": STATES[open_.state] if open_ is not None else None, "copies_open": list(one.only_copies),
        "may_choose": not gone and not begun and row.keep_until is not None, "may_object": not gone and row.keep_until is not None,
        "may_copy": not gone and not begun,
    }  # fmt: skip


def hold_card(row: Hold) -> dict[str, Any]:
    """A hold as the client reads it: never its internal note."""
    scope = (
        _("everything of yours")
        if row.whole_client
        else ", ".join(held.backup_set.name for held in row.sets.all())
    )
    return {"row": row, "scope": scope, "own": row.placed_by_role == "signatory"}


def begun_of(ids: list[Any]) -> set[Any]:
    """The sets of which something has begun to go."""
    return queries.has_begun(ids)
