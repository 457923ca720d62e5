# SPDX-License-Identifier: AGPL-3.0-or-later
"""R15: one person proposes to delete a set whose time has come; another approves it (approve.py)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import loop_contacts
from partwell.actions.retention.deletion_common import about, candidates, set_of, start_facts
from partwell.actions.retention.place_of import incomplete
from partwell.records.clients.models import Contact
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.deletion import OVER, may_propose
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal, refuse


def propose_deletion(*, actor: Actor, set_id: UUID, reason: str) -> Deletion | Refusal:
    """Propose to delete one set. ``reason``: a sentence that the client reads.

    Refuses before its last day has passed, under a hold or pause, while it is to be returned or holds the only copy of
    something the client owns, where its place is not said completely, and while another deletion of it is under way.
    In an MSP of one person the client's signatory is asked by mail to be the second.
    """
    backup_set = set_of(actor, set_id)
    if backup_set is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.propose")) is not None:
        return refusal
    reason = " ".join(reason.split())[:300]
    if not reason:
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        client = deed.lock(backup_set.client_id)
        backup_set.refresh_from_db()
        problem = lifecycle.may_work_on(client.state, client.name, "deletion.propose") or _problem(
            deed, backup_set
        )
        if problem is not None:
            return deed.refuse(problem, subject=backup_set.id, verb="deletion.propose")
        assert backup_set.keep_until is not None
        row = deed.add(
            Deletion(
                client=client,
                backup_set=backup_set,
                by_hand=Place(backup_set.place).by_hand,
                reason=reason,
                until=backup_set.keep_until,
                proposed_by_ref=actor.id,
                proposed_by_name=actor.name[:160],
                proposed_by_role=actor.role,
                proposed_at=deed.now,
            )
        )
        if candidates([actor.id]) == 1:
            _ask_signatory(deed, row)
        deed.record(
            "deletion.proposed",
            subjects=about(row),
            public={"set": backup_set.name},
            to_client={"reason": reason, "until": row.until.isoformat()},
        )
        return row


def _problem(deed: Deed, backup_set: BackupSet) -> Refusal | None:
    if backup_set.removed_at is not None:
        return refuse("not_found")
    if backup_set.gone_at is not None:
        return refuse("set_gone", subject=backup_set.name, day=day_in(backup_set.gone_at, "UTC"))
    if Deletion.objects.filter(backup_set=backup_set).exclude(state__in=OVER).exists():
        return refuse("deletion_open", subject=backup_set.name)
    return may_propose(start_facts(backup_set, deed.now)) or incomplete(backup_set)


def _ask_signatory(deed: Deed, row: Deletion) -> None:
    """Without a colleague the client's signatory seconds; without a working address the portal still shows it."""
    signatory: Contact | None = next(
        (one for one in loop_contacts(row.client_id) if one.role == "signatory"), None
    )
    post(
        deed,
        Post(
            kind="deletion_to_approve",
            dedupe=f"deletion-approve:{row.id.hex}",
            contact=signatory,
            values={
                "set": row.backup_set.name,
                "until": row.until,
                "reason": row.reason,
                "proposed_by": row.proposed_by_name,
                "portal_url": link("/client/retention/"),
            },
        ),
    )
