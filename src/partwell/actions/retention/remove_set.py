# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set leaves the list: by its deletion and certificate, or because it was recorded by mistake (R6)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.retention.keep_dates import PORTAL
from partwell.actions.retention.set_facts import STORAGE
from partwell.records.people.queries import the_msp
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, Deletion
from partwell.records.vault.models import SealedValue
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.deletion import OVER
from partwell.rules.refusals import Refusal, refuse


def remove_set(
    *, actor: Actor, set_id: UUID, reason: str, never_existed: bool = False
) -> BackupSet | Refusal:
    """Take a set off the list. What was promised to a client leaves it by its deletion and certificate only.

    ``never_existed``: it was recorded by mistake; an owner says so, and the client is told. Nothing under hold, with a
    deletion under way, or with an unsettled only copy is ever taken off.
    """
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.remove")) is not None:
        return refusal
    if not reason.strip():
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "set.remove") or _may_remove(
            actor, row, never_existed
        )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="set.remove")
        if row.keep_until is not None and row.gone_at is None:
            _tell_removed(deed, row, reason.strip())
        deed.save(row, removed_at=deed.now, look_on=None)
        for value in SealedValue.objects.filter(subject_id=row.id, field=STORAGE).exclude(ciphertext=None):
            deed.save(value, ciphertext=None, purged_at=deed.now)
        deed.record("backup_set.removed", subjects=[row.id], public={"set": row.name},
                    to_client={"reason": reason.strip()[:2000]})  # fmt: skip
        return row


def _may_remove(actor: Actor, row: BackupSet, never_existed: bool) -> Refusal | None:
    if queries.held(row.client_id, row.id):
        return refuse("on_hold", item=row.name)
    if Deletion.objects.filter(backup_set=row).exclude(state__in=[one.value for one in OVER]).exists():
        return refuse("deletion_open", subject=row.name)
    if left := queries.only_copies_left(row.id):
        return refuse("only_copy", item=", ".join(left[:5]))
    if row.keep_until is None or row.gone_at is not None:
        return None
    return None if never_existed and actor.role == roles.OWNER else refuse("set_promised", subject=row.name)


def _tell_removed(deed: Deed, row: BackupSet, reason: str) -> None:
    msp = the_msp()
    body = (
        f"We had told you that we keep “{row.name}” ({row.location}). It was recorded by mistake and is taken off the list: "
        f"{reason}\n\nIf you remember it otherwise, tell us."
    )
    values = {
        "topic": f"“{row.name}” is not among your backups",
        "sender": deed.actor.name,
        "sender_firm": msp.name if msp else "",
        "body": body,
        "portal_url": link(PORTAL),
    }
    post(deed, Post("message", f"set:{row.id.hex}:removed", values, second=True, house=True))
