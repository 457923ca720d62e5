# SPDX-License-Identifier: AGPL-3.0-or-later
"""Client-owned items whose only copy lies in a set: named, handed over, or waived in writing (R6).

A set with an unsettled one is not deleted. The client's confirmed receipt of the item settles it by itself.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from partwell.actions.authorisations.text import proof_on_file
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.retention.basis import basis_of
from partwell.actions.retention.keep_dates import PORTAL
from partwell.actions.retention.strong import kept_of, not_strong, reference_of
from partwell.records.clients.models import Contact
from partwell.records.estate.models import Item
from partwell.records.people.queries import the_msp
from partwell.records.retention import queries
from partwell.records.retention.models import OnlyCopy
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Owner

LONGEST = 4000


def _find(actor: Actor, copy_id: UUID) -> OnlyCopy | None:
    if not actor.is_staff:
        return None
    rows = OnlyCopy.objects.select_related("backup_set__client", "item").filter(pk=copy_id, removed_at=None)
    return rows.first()


def name_only_copy(*, actor: Actor, set_id: UUID, item_id: UUID) -> OnlyCopy | Refusal:
    """Record that the only copy of a client-owned item lies in this set. An item of another client is ``not_found``."""
    found = queries.set_of(set_id)
    if not actor.is_staff or found is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "only_copy.settle")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(found.client_id)
        row = queries.set_of(set_id)
        item = Item.objects.present().filter(pk=item_id, client=client).first()
        if row is None or item is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "only_copy.settle")
        if problem is None and row.gone_at is not None:
            problem = refuse("set_gone", subject=row.name, day=row.gone_at.date())
        if problem is None and item.owner not in (Owner.CLIENT, Owner.UNKNOWN):
            problem = refuse("invalid_input", where="The item", problem="it is not the client's")
        if problem is None and OnlyCopy.objects.filter(backup_set=row, item=item, removed_at=None).exists():
            problem = refuse("duplicate", what="This item of the set")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="only_copy.settle")
        made = deed.add(OnlyCopy(backup_set=row, item=item, title=item.title[:300], named_at=deed.now))
        deed.record(
            "only_copy.named",
            subjects=[made.id, row.id, item.id],
            public={"item": made.title, "set": row.name},
        )
        return made


def unname_only_copy(*, actor: Actor, copy_id: UUID, reason: str) -> OnlyCopy | Refusal:
    """There is another copy after all; ``reason`` says where, and the client reads it."""
    return _settle(
        actor, copy_id, "only_copy.unnamed", "reason", reason, lambda deed, words: {"removed_at": deed.now}
    )


def record_handed_over(*, actor: Actor, copy_id: UUID, words: str) -> OnlyCopy | Refusal:
    """The item reached the client out of the set; ``words`` say how and when."""
    return _settle(
        actor, copy_id, "only_copy.handed_over", "words", words,
        lambda deed, said: {"handed_over_at": deed.now, "handed_over_words": said[:300]},
    )  # fmt: skip


def _settle(
    actor: Actor,
    copy_id: UUID,
    event: str,
    field: str,
    words: str,
    changes: Callable[[Deed, str], dict[str, Any]],
) -> OnlyCopy | Refusal:
    row = _find(actor, copy_id)
    if row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "only_copy.settle")) is not None:
        return refusal
    said = words.strip()[:LONGEST]
    if not said:
        return refuse("required", where="How it was settled")
    with Deed(actor) as deed:
        client = deed.lock(row.backup_set.client_id)
        row = _find(actor, copy_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "only_copy.settle")
        if problem is None and (row.handed_over_at or row.waived_at):
            problem = refuse("already_decided")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="only_copy.settle")
        deed.save(row, **changes(deed, said))
        _tell(deed, row, event, said)
        _entry(deed, row, event, {field: said})
        return row


def _tell(deed: Deed, row: OnlyCopy, event: str, said: str) -> None:
    """What our word alone takes out of a deletion's way is told to the client at both addresses, in time to object (R6)."""
    msp = the_msp()
    now = "it was handed over to you" if event == "only_copy.handed_over" else "there is another copy"
    body = (
        f"So far nothing of “{row.backup_set.name}” could be deleted, because the only copy of “{row.title}” lies in it. "
        f"Our record now says that {now}: {said}\n\nIf that is not so, object on your page: nothing of it is deleted then."
    )
    values = {
        "topic": f"“{row.title}” no longer keeps “{row.backup_set.name}” from being deleted"[:300],
        "sender": deed.actor.name,
        "sender_firm": msp.name if msp else "",
        "body": body,
        "portal_url": link(PORTAL),
    }
    post(deed, Post("message", f"copy:{row.id.hex}:{event}", values, second=True, house=True))


def _entry(deed: Deed, row: OnlyCopy, event: str, content: dict[str, object]) -> None:
    deed.record(
        event,
        subjects=[row.id, row.backup_set_id, row.item_id],
        public={"item": row.title, "set": row.backup_set.name},
        to_client=content,
    )


# --- by what the client answers to a release ----------------------------------------------------------------


def received(deed: Deed, item_ids: Collection[UUID], release: int) -> int:
    """Within a deed, after its own ``record``: the client confirmed the receipt of these items."""
    count = 0
    for row in _open(deed, item_ids):
        words = f"Release {release}, received by {deed.actor.name}."
        deed.save(row, handed_over_at=deed.now, handed_over_words=words[:300])
        _entry(deed, row, "only_copy.handed_over", {"words": words})
        count += 1
    return count


def objected(deed: Deed, item_ids: Collection[UUID]) -> int:
    """Within a deed: the client objects to what it had confirmed; the only copy is one again (R17, R6)."""
    rows = OnlyCopy.objects.select_related("backup_set").filter(
        backup_set__client=deed.client, item_id__in=list(item_ids), removed_at=None, waived_at=None
    )
    count = 0
    for row in rows.exclude(handed_over_at=None):
        deed.save(row, handed_over_at=None, handed_over_words="")
        _entry(deed, row, "only_copy.named", {})
        count += 1
    return count


def _open(deed: Deed, item_ids: Collection[UUID]) -> list[OnlyCopy]:
    rows = OnlyCopy.objects.select_related("backup_set").filter(
        backup_set__client=deed.client, item_id__in=list(item_ids), removed_at=None
    )
    return list(rows.filter(handed_over_at=None, waived_at=None))


# --- the client's waiver ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WaiverText:
    """What is shown and signed, word for word."""

    text: str
    digest: str
    copies: tuple[OnlyCopy, ...]


def waiver_text(client_id: UUID, copy_ids: Sequence[UUID]) -> WaiverText | Refusal:
    """The waiver of these only copies, to be shown before it is signed; foreign or settled ones are ``not_found``."""
    rows = list(
        OnlyCopy.objects.select_related("backup_set__client", "item")
        .filter(pk__in=list(copy_ids), backup_set__client_id=client_id, removed_at=None)
        .filter(handed_over_at=None, waived_at=None)
        .order_by("title", "id")
    )
    if not rows or len(rows) != len(set(copy_ids)):
        return refuse("not_found")
    msp, client = the_msp(), rows[0].backup_set.client
    lines = [
        f"{client.legal_name} does not want the following. {msp.name if msp else 'The provider'} holds the only copy:",
        *(f"- {row.title}, in {row.backup_set.name} ({row.backup_set.location})" for row in rows),
        "They may be deleted with the backups in which they lie. What is deleted cannot be brought back.",
    ]
    text = "\n".join(lines)
    return WaiverText(text, hashlib.sha256(text.encode()).hexdigest(), tuple(rows))


def waive_only_copies(
    *,
    actor: Actor,
    client_id: UUID,
    copy_ids: Sequence[UUID],
    shown_digest: str,
    intent: bool,
    words: str = "",
    agent: str = "",
    passkey: dict[str, Any] | None = None,
) -> list[OnlyCopy] | Refusal:
    """The signatory waives them in writing; the exact words, their passkey's use over them and a receipt are kept.

    ``passkey``: what ``verify_passkey_for_document`` gave for exactly this text; without it nothing is waived (strong.py).
    """
    if actor.kind != "client" or actor.client_id != client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "only_copy.waive")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        found = waiver_text(client_id, copy_ids)
        if isinstance(found, Refusal):
            return found
        signer = Contact.objects.get(pk=actor.id)
        problem = None
        if proof_on_file(signer) is None:
            problem = refuse("authority_missing", person=signer.name)
        elif not intent:
            problem = refuse("intent_missing")
        elif shown_digest != found.digest:
            problem = refuse("shown_other_text")
        if problem is None:
            reference = reference_of(basis_of(client), min(row.named_at for row in found.copies))
            problem = not_strong(signer, found.digest, passkey, reference, "Waiving an only copy")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="only_copy.waive")
        said = words.strip()[:LONGEST]
        content: dict[str, object] = {
            "text": found.text, "words": said, "strength": f"portal session by {actor.strength}", "address": actor.address,
            "agent": agent[:300], "passkey": kept_of(passkey),
        }  # fmt: skip
        values = {
            "items": [row.title for row in found.copies],
            "text": found.text,
            "made_by": signer.name,
            "made_at": deed.now,
            "portal_url": link(PORTAL),
        }
        first = found.copies[0]
        post(deed, Post("only_copy_waived", f"waiver:{first.id.hex}:{deed.next_uid.hex}", values, contact=signer,
                        second=True, house=True))  # fmt: skip
        for row in found.copies:
            deed.save(
                row, waived_at=deed.now, waived_by=signer, waiver=found.text, waiver_passkey=kept_of(passkey)
            )
            _entry(deed, row, "only_copy.waived", {key: value for key, value in content.items() if value})
        return list(found.copies)
