# SPDX-License-Identifier: AGPL-3.0-or-later
"""Personal content of entries goes on request; leaf, proof and the fact that something was said stay (R4, R15).

Two people decide. The entry that commits to every piece comes first, in the deed of the approval; only then do the
triggers let the disclosures go, in a deed of their own, which is made good after a crash. Letters and mails that
repeat the words, and rows of the record, are not touched: docs/decisions/0017-erasure.md says what that leaves.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from partwell.actions.base import Deed
from partwell.actions.erasure.holds import held
from partwell.actions.erasure.tell import others, tell_of_proposal
from partwell.actions.evidence.tombstones import DISCLOSURE, queue_tombstone, write_pending
from partwell.records.clients.models import Client
from partwell.records.evidence import erasures
from partwell.records.evidence.models import Disclosure, Entry, ErasureRequest
from partwell.records.people.models import StaffMember
from partwell.rules import erasure, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse
from sealed.entry import LABELS

MOST = 5000  # pieces of one request; a whole record has a way of its own


def allowed(actor: Actor, verb: str, client_id: UUID) -> Refusal | None:
    """The role's floor; a contact only for its own client, and nobody else from outside."""
    if (
        not actor.is_staff
        and actor.kind != "system"
        and not (actor.kind == "client" and actor.client_id == client_id)
    ):
        return refuse("not_found")
    return roles.may(actor.role, verb)


def propose_erasure(
    *, actor: Actor, client_id: UUID, basis: str, indexes: Sequence[int] = (), labels: Sequence[str] = LABELS, about: UUID | None = None
) -> ErasureRequest | Refusal:  # fmt: skip
    """Propose that content of these entries goes, or of all entries that speak of or come from ``about`` (a contact).

    ``basis``: who asked and on what ground, in words that the record keeps. Nothing is erased yet.
    """
    if refusal := allowed(actor, "erasure.propose", client_id):
        return refusal
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    basis = " ".join(basis.split())[:300]
    if not basis:
        return refuse("required", where="The basis")
    found = [
        (index, label) for index, _, label in erasures.erasable(client_id, indexes, about) if label in labels
    ]
    if not found:
        return refuse("nothing_to_erase")
    if len(found) > MOST:
        return refuse(
            "invalid_input", where="The entries", problem=f"at most {MOST:,} pieces of content at once"
        )
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if held(client_id):
            return deed.refuse(
                refuse("erasure_held", client=client.name), subject=client_id, verb="erasure.propose"
            )
        row = deed.add(
            ErasureRequest(client_ref=client_id, kind="content", subject_ref=about, targets=found, basis=basis,
                           proposed_by=actor.id, proposed_by_name=actor.name[:160], proposed_at=deed.now)
        )  # fmt: skip
        tell_of_proposal(deed, row, what_of(row))
        deed.record(
            "erasure.proposed",
            subjects=[row.id],
            public={"what": what_of(row)},
            to_client={"basis": basis},
        )
        return row


def what_of(row: ErasureRequest) -> str:
    """What a request is about, in words without content."""
    if row.kind == "record":
        return "the whole record"
    entries = sorted({index for index, _ in row.targets})
    if len(entries) == 1:
        return f"what entry {entries[0]:,} says"
    return f"what {len(entries):,} entries say"


def decline_erasure(*, actor: Actor, request_id: UUID, why: str = "") -> ErasureRequest | Refusal:
    """Say no, or take one's own proposal back; nothing goes."""
    row = erasures.request_of(request_id)
    if row is None:
        return refuse("not_found")
    if refusal := allowed(actor, "erasure.decide", row.client_ref):
        return refusal
    with Deed(actor) as deed:
        if not Client.objects.filter(pk=row.client_ref).exists():
            return refuse("not_found")
        deed.lock(row.client_ref)
        row = ErasureRequest.objects.get(pk=row.pk)
        if row.state != "proposed":
            return refuse("already_decided")
        own = row.proposed_by == actor.id
        refusal = None if own else _second(actor, row)
        if refusal is not None:
            return deed.refuse(refusal, subject=row.id, verb="erasure.decide")
        deed.save(
            row,
            state="declined",
            decided_by=actor.id,
            decided_by_name=_called(actor, row),
            decided_at=deed.now,
        )
        deed.record(
            "erasure.declined", subjects=[row.id], public={"what": what_of(row)}, to_client={"why": why[:300]}
        )
        return row


def approve_erasure(*, actor: Actor, request_id: UUID, typed_name: str) -> ErasureRequest | Refusal:
    """The second person's word (R15), with the client's name typed. Content goes at once; a record by a job."""
    from partwell.actions.erasure import record

    row = erasures.request_of(request_id)
    if row is None:
        return refuse("not_found")
    if refusal := allowed(actor, "erasure.decide", row.client_ref):
        return refusal
    with Deed(actor) as deed:
        if not Client.objects.filter(pk=row.client_ref).exists():
            return refuse("not_found")
        client = deed.lock(row.client_ref)
        row = ErasureRequest.objects.get(pk=row.pk)
        if row.state != "proposed":
            return refuse("already_decided")
        refusal = _second(actor, row)
        if refusal is None and held(client.id):
            refusal = refuse("erasure_held", client=client.name)
        if refusal is None and typed_name.strip() != client.name:
            return refuse("client_name_not_typed", client=client.name)
        if refusal is None and row.kind == "record":
            refusal = erasure.may_end(record.facts(client, deed.now))
        if refusal is not None:
            return deed.refuse(refusal, subject=row.id, verb="erasure.decide")
        if (
            row.kind == "content"
            and (end := erasures.open_end(client.id)) is not None
            and end.state == "approved"
        ):
            return refuse("erasure_open")
        if row.kind == "record":
            return record.approve(deed, row, _called(actor, row))
        _approve_content(deed, row)
    finish_content(row.id)
    return ErasureRequest.objects.get(pk=row.pk)


def _second(actor: Actor, row: ErasureRequest) -> Refusal | None:
    proposer = StaffMember.objects.filter(pk=row.proposed_by).values_list("role", flat=True).first() or ""
    return erasure.may_decide(
        erasure.TwoPeople(
            row.proposed_by.hex,
            proposer,
            actor.id.hex,
            actor.name,
            actor.role,
            others(row),
        )
    )


def is_the_second(actor: Actor, row: ErasureRequest) -> bool:
    """Whether this actor may decide this request, by role and as the second person; for pages that offer it."""
    return allowed(actor, "erasure.decide", row.client_ref) is None and _second(actor, row) is None


def _called(actor: Actor, row: ErasureRequest) -> str:
    """Who decided. What outlives the record names nobody of the client."""
    return actor.name[:160] if actor.is_staff or row.kind == "content" else "the client's signatory"


def _approve_content(deed: Deed, row: ErasureRequest) -> None:
    actor = deed.actor
    uids = dict(
        Entry.objects.filter(index__in={index for index, _ in row.targets}).values_list("index", "uid")
    )
    gone = erasures.erased_disclosures(list(uids.values()))
    for index, label in row.targets:
        if (uids[index], label) not in gone:
            deed.tombstone(erasures.table_of(label), uids[index])
            queue_tombstone(deed, DISCLOSURE, index=index, label=label)
    deed.save(row, state="approved", decided_by=actor.id, decided_by_name=_called(actor, row), decided_at=deed.now, entry_uid=deed.next_uid)  # fmt: skip
    deed.record(
        "disclosure.erased",
        client=row.client_ref,
        subjects=[row.id, *([row.subject_ref] if row.subject_ref else [])],
        public={"what": what_of(row)},
        to_client={"basis": row.basis, "proposed_by": row.proposed_by_name},
        internal={"request": row.id.hex},
    )


def finish_content(request_id: UUID) -> bool:
    """Delete the disclosures of an approved request; its entry stands. Harmless to repeat. True if there was anything to do."""
    row = ErasureRequest.objects.get(pk=request_id)
    if row.kind != "content" or row.entry_uid is None or row.finished_at is not None:
        return False
    uids = dict(
        Entry.objects.filter(index__in={index for index, _ in row.targets}).values_list("index", "uid")
    )
    wanted = [(uids[index], label) for index, label in row.targets]
    write_pending()
    with Deed(SYSTEM) as deed:
        delete_disclosures(wanted)
        ErasureRequest.objects.filter(pk=row.pk).update(finished_at=deed.now)
    return True


def delete_disclosures(pairs: Sequence[tuple[UUID, str]]) -> int:
    """Within a deed: delete (entry, label); the triggers refuse whatever no entry says is erased. Gives how many were there."""
    gone = 0
    for start in range(0, len(pairs), 200):
        wanted = Q()
        for uid, label in pairs[start : start + 200]:
            wanted |= Q(entry_uid=uid, label=label)
        rows = Disclosure.objects.filter(wanted)
        gone += rows._raw_delete(using=rows.db)
    return gone


def finish_erasures() -> int:
    """Make good what a crash left of approved requests; how many."""
    rows = ErasureRequest.objects.filter(kind="content", state="approved", finished_at=None)
    return sum(finish_content(pk) for pk in rows.values_list("pk", flat=True))
