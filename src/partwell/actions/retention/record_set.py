# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets and archives as people record, correct, return and remove them (R6, R13, R16).

A set names exactly where it lies, so that a deletion takes what is the client's and nothing else. The secret of a
bucket lies sealed in the vault and is never shown again; entering another one replaces it.
"""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.keys import OpenUnit
from partwell.actions.retention.basis import basis_of
from partwell.actions.retention.choices import ask_choice, would_ask
from partwell.actions.retention.keep_dates import PORTAL, redate
from partwell.actions.retention.set_facts import (
    NONE_KEPT,
    Replica,
    SetFacts,
    check,
    has_secret,
    own_folder,
    recorded,
    resolved,
    seal,
    shown,
    unit_of,
    values_of,
    where_of,
)
from partwell.connectors.secret import Secret
from partwell.documents.texts import phrase
from partwell.records.clients.models import Client
from partwell.records.people.queries import the_msp
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.deletion import OVER, DeletionState
from partwell.rules.refusals import Refusal, refuse

__all__ = ["NONE_KEPT", "Replica", "SetFacts", "change_set", "has_secret", "mark_returned", "record_return", "record_set",
           "recorded", "shown", "write_set"]  # fmt: skip


def record_set(
    *, actor: Actor, client_id: UUID, facts: SetFacts, secret: Secret | None = None
) -> BackupSet | Refusal:
    """Record one set: from now on it is promised. A client who is leaving is asked what shall happen to it, or told its day.

    ``secret``: of the bucket's access key. Refused: places not said completely or overlapping with any client's set.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.record")) is not None:
        return refusal
    facts = resolved(facts)
    if (refusal := own_folder(facts)) is not None:
        return refusal
    unit = unit_of(actor, client_id, secret)
    if isinstance(unit, Refusal):
        return unit
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "set.record")) is not None:
            return deed.refuse(gone, subject=client.id, verb="set.record")
        return write_set(deed, facts, secret, unit, verb="set.record")


def write_set(
    deed: Deed, facts: SetFacts, secret: Secret | None = None, unit: OpenUnit | None = None, *, verb: str
) -> BackupSet | Refusal:
    """Within a deed that holds the client: check and write a new set with its evidence, date and question."""
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before a set is written.")
    found = check(deed, facts, None)
    if isinstance(found, Refusal):
        return found if found.code == "not_found" else deed.refuse(found, subject=client.id, verb=verb)
    for empty in BackupSet.objects.filter(client=client, removed_at=None, location=queries.NOWHERE):
        deed.save(empty, removed_at=deed.now)
    row = BackupSet(client=client, recorded_at=deed.now)
    for name, value in values_of(facts, found).items():
        setattr(row, name, value)
    deed.add(row)
    seal(deed, row, secret, unit)
    deed.record("backup_set.recorded", subjects=[row.id], public={"set": row.name}, to_client=recorded(row))
    if row.longer_until is not None:
        _longer(deed, row)
    # A first set of a departing client is asked about in a mail that names its day too; later ones have their own.
    asks = would_ask(basis_of(client)) is not None
    redate(
        deed,
        tell=None
        if asks
        else phrase("“{name}” was put on the list of what we keep of yours.", name=row.name),
    )
    if asks:
        ask_choice(deed)
    return BackupSet.objects.get(pk=row.pk)


def change_set(
    *, actor: Actor, set_id: UUID, facts: SetFacts, secret: Secret | None = None
) -> BackupSet | Refusal:
    """Correct a set; the whole description is given. ``secret`` None keeps the one in the vault.

    Once its deletion has begun only the access to the storage may change; before, a dry run is to be made again.
    """
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.record")) is not None:
        return refusal
    facts = resolved(facts)
    if (refusal := own_folder(facts)) is not None:
        return refusal
    unit = unit_of(actor, peek.client_id, secret)
    if isinstance(unit, Refusal):
        return unit
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "set.record")
        if problem is None and row.gone_at is not None:
            problem = refuse("set_gone", subject=row.name, day=row.gone_at.date())
        found = problem or check(deed, facts, row)
        if isinstance(found, Refusal):
            return (
                found if found.code == "not_found" else deed.refuse(found, subject=row.id, verb="set.record")
            )
        values = values_of(facts, found)
        open_ = Deletion.objects.filter(backup_set=row).exclude(state__in=[one.value for one in OVER]).first()
        elsewhere = values["place"] != row.place or where_of(values["whereabouts"]) != where_of(
            row.whereabouts
        )
        if elsewhere and row.id in queries.has_begun([row.id]):
            return deed.refuse(refuse("deletion_open", subject=row.name), subject=row.id, verb="set.record")
        before, old_longer = shown(row), row.longer_until
        deed.save(row, **values)
        if secret is not None:
            seal(deed, row, secret, unit)
        after = shown(row)
        differs = sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))
        if elsewhere and open_ is not None and open_.state == DeletionState.LISTED:
            deed.save(
                open_, listed_digest=""
            )  # what was listed lies elsewhere: nothing starts before a new dry run
        deed.record(
            "backup_set.changed",
            subjects=[row.id],
            public={"set": row.name},
            to_client={
                "before": {name: before.get(name) for name in differs},
                "after": {name: after.get(name) for name in differs},
            },
        )
        if secret is not None or elsewhere:
            account = str(row.whereabouts.get("access_key", ""))
            deed.record("backup_set.access_set", subjects=[row.id], public={"set": row.name},
                        internal={"place": row.place, **({"account": account} if account else {})})  # fmt: skip
        if row.longer_until is not None and row.longer_until != old_longer:
            _longer(deed, row)
        redate(deed, tell=phrase("What is on record of “{name}” was corrected.", name=row.name))
        return BackupSet.objects.get(pk=row.pk)


def record_return(*, actor: Actor, set_id: UUID, words: str) -> BackupSet | Refusal:
    """Record that the set's data reached the client (a drive arrived, a download was fetched); ``words`` say how."""
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.return")) is not None:
        return refusal
    if not words.strip():
        return refuse("required", where="How it was returned")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "set.return")
        if problem is None and row.gone_at is not None:
            problem = refuse("set_gone", subject=row.name, day=row.gone_at.date())
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="set.return")
        _tell_returned(deed, row, words)
        mark_returned(deed, row, words)
        return row


def _tell_returned(deed: Deed, row: BackupSet, words: str) -> None:
    """Our word alone lets a set go that was to be returned first, so the client hears of it in time to object (R6)."""
    msp = the_msp()
    body = (
        f"Our record now says that “{row.name}” reached you: "
        f"{words.strip()}\n\nIf that is not so, object on your page: nothing of it is deleted then."
    )
    values = {
        "topic": f"“{row.name}” was returned to you",
        "sender": deed.actor.name,
        "sender_firm": msp.name if msp else "",
        "body": body,
        "portal_url": link(PORTAL),
    }
    post(deed, Post("message", f"set:{row.id.hex}:returned", values, second=True, house=True))


def mark_returned(deed: Deed, row: BackupSet, words: str) -> None:
    """Within a deed: the set's data reached the client."""
    deed.save(row, returned_at=deed.now, returned_words=words.strip()[:300])
    deed.record("backup_set.returned", subjects=[row.id], public={"set": row.name},
                to_client={"words": row.returned_words})  # fmt: skip


def _longer(deed: Deed, row: BackupSet) -> None:
    assert row.longer_until is not None  # asked by the caller
    deed.record(
        "backup_set.kept_longer",
        subjects=[row.id],
        public={"set": row.name, "until": row.longer_until.isoformat()},
        to_client={"reason": row.longer_reason},
    )
