# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a backup older than the log was restored: the missing entries come back from the log store, their contents do not.

The log store holds every leaf, so the same log goes on: each checkpoint that a client holds stays consistent with it
(docs/decisions/0016-backup-and-restore.md says why no new origin is opened). What the lost entries *did* is gone, so
their consequences are taken as the strictest: consents they may have changed end, and waiting mail asks a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db.models import Max

from partwell.actions.authorisations.end import tell, withdraw
from partwell.actions.backup.ready import entries_there
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import names
from partwell.actions.evidence.check_notes import signed
from partwell.actions.evidence.check_store import Store, read_store
from partwell.connectors.errors import ConnectorError
from partwell.records.authorisations.models import Authorisation
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Checkpoint, Entry, EntrySubject, LogState, Node
from partwell.records.retention.models import Hold
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, EnvelopeState
from sealed import entry, merkle, note

BATCH = 400
# A lost entry of these may have ended or narrowed what the restored rows still allow.
CONSENT = ("authorisation.", "recipient.", "contact.", "pause.", "client.paused", "authority.")
# One of these may have placed a hold, or have changed what may be deleted: nothing of the client is, until somebody looked.
KEEPING = ("hold.", "choice.", "deletion.", "retention.", "set.", "backup_set.", "only_copy.")
WAITING = (EnvelopeState.QUEUED, EnvelopeState.CLAIMED, EnvelopeState.DATA_STARTED)
LOST_MAIL = "A backup was restored while this waited; nobody knows whether it had left already."
LOST_HOLDS = "What was said about holds and deletions after the restored backup is lost. Nothing is deleted until it is known again."
LOST_CONSENT = "A backup was restored, and what was said about this authorisation after it is lost. It must be signed anew."


class CannotCatchUp(ConnectorError):
    """The log store cannot be taken over; nothing was changed."""

    code = "cannot_catch_up"


@dataclass
class CaughtUp:
    """What was taken over: entries ``first`` to ``last``, how many of each type, consents ended, mails held, holds placed (``paused``)."""

    first: int
    last: int
    types: dict[str, int] = field(default_factory=dict)
    consents: int = 0
    paused: int = 0
    mails: int = 0


def catch_up(*, actor: Actor, reason: str) -> CaughtUp | Refusal:
    """Take the log store's entries beyond the database's last one over; an owner's act, with a reason.

    One transaction: entries, tree, checkpoints, one entry that names the gap, and what must not go on unasked.
    Raises CannotCatchUp where the store is no continuation of this database, or is not signed by its key.
    """
    if (refusal := roles.may(actor.role, "ledger.catch_up")) is not None:
        return refusal
    if not reason.strip():
        return refuse("required", where="Why an old backup had to be restored")
    store = read_store()
    state = LogState.objects.filter(pk=1).first()
    if store is None or state is None:
        raise CannotCatchUp("There is no log store, or no ledger: PARTWELL_LOG must name the log store of this installation.")  # fmt: skip
    first = entries_there()
    if store.count <= first:
        raise CannotCatchUp(
            f"Nothing is missing: the database has {first:,} entries, the log store {store.count:,}."
        )
    heads = _heads(store, note.parse_vkey(state.vkey), first)
    with Deed(actor) as deed:
        done = CaughtUp(first, store.count - 1)
        consents, keeping = _take_over(store, first, heads, done)
        deed.record("ledger.caught_up", public={"first": done.first, "last": done.last}, internal={"reason": reason.strip()})  # fmt: skip
        _hold_mail(deed, done)
        _end_consents(deed, consents, done)
        _place_holds(deed, keeping, done)
    return done


def _heads(store: Store, key: note.VerifierKey, first: int) -> dict[int, tuple[note.Checkpoint, str]]:
    """The store's checkpoints by size, each signed by our key; those that the database has are not needed."""
    out: dict[int, tuple[note.Checkpoint, str]] = {}
    for number, text in enumerate(store.notes, 1):
        try:
            head = signed(text.encode(), key)
        except note.NoteError as error:
            raise CannotCatchUp(f"Checkpoint {number} of the log store does not hold ({error}): it is another log's, or was altered.") from None  # fmt: skip
        if head.size >= first:
            out[head.size] = (head, text)
    if max(out, default=0) > store.count:
        raise CannotCatchUp(
            f"The log store knows a checkpoint of {max(out):,} entries but holds {store.count:,} of them: take a whole copy of it."
        )
    return out


def _take_over(
    store: Store, first: int, heads: dict[int, tuple[note.Checkpoint, str]], done: CaughtUp
) -> tuple[set[UUID], set[UUID]]:
    """Append the missing leaves as they are; gives the clients whose consent, and whose holds, they may have changed."""
    tree, touched, keeping = merkle.CompactRange(), set[UUID](), set[UUID]()
    mine = _mine(first)
    rows: list[Entry] = []
    subjects: list[EntrySubject] = []
    nodes: list[Node] = []
    clients = set(Client.objects.values_list("pk", flat=True))
    for index, leaf in store.leaves():
        if leaf is None:
            raise CannotCatchUp(
                f"Line {index + 1} of the log store's entries cannot be read: take a whole copy of it."
            )
        digest = merkle.leaf_hash(leaf)
        grown = tree.append(digest)
        if index < first:
            if next(mine) != leaf:
                raise CannotCatchUp(
                    f"Entry {index} of the log store is another than the database's: they are two logs."
                )
        else:
            one = _parsed(leaf, index)
            about = [UUID(hex=subject) for subject in one.subjects]
            whose = next((ref for ref in about if ref in clients), None)
            if whose and one.type.startswith(CONSENT):
                touched.add(whose)
            if whose and one.type.startswith(KEEPING):
                keeping.add(whose)
            done.types[one.type] = done.types.get(one.type, 0) + 1
            rows.append(Entry(index=index, uid=UUID(hex=one.uid), type=one.type, recorded_at=one.when, client_ref=whose,
                              actor_ref=UUID(int=0), leaf=leaf, leaf_hash=digest))  # fmt: skip
            subjects += [EntrySubject(entry_index=index, subject_ref=ref) for ref in about]
            nodes += [Node(level=level, index=position, hash=value) for level, position, value in grown]
        if len(rows) >= BATCH or index == store.count - 1:
            _insert(rows, subjects, nodes)
        if tree.size in heads:
            _keep(heads[tree.size], tree.root())
    return touched, keeping


def _mine(first: int) -> Iterator[bytes]:
    for start in range(0, first, BATCH):
        for leaf in Entry.objects.filter(index__gte=start, index__lt=min(first, start + BATCH)).order_by("index").values_list("leaf", flat=True):  # fmt: skip
            yield bytes(leaf)


def _parsed(leaf: bytes, index: int) -> entry.Leaf:
    try:
        return entry.parse_leaf(leaf)
    except entry.EntryError as error:
        raise CannotCatchUp(f"Entry {index} of the log store cannot be read: {error}") from None


def _insert(rows: list[Entry], subjects: list[EntrySubject], nodes: list[Node]) -> None:
    Entry.objects.bulk_create(rows)
    EntrySubject.objects.bulk_create(subjects, batch_size=2000)
    Node.objects.bulk_create(nodes, batch_size=2000)
    for one in (rows, subjects, nodes):
        one.clear()


def _keep(head: tuple[note.Checkpoint, str], root: bytes) -> None:
    checkpoint, text = head
    if checkpoint.root != root:
        raise CannotCatchUp(
            f"The first {checkpoint.size:,} entries give another root than was signed: the log store was altered."
        )
    newest = Entry.objects.aggregate(last=Max("recorded_at"))["last"]
    Checkpoint.objects.get_or_create(
        size=checkpoint.size, defaults={"root": root, "note": text, "made_at": newest}
    )


def _hold_mail(deed: Deed, done: CaughtUp) -> None:
    """Whatever the restored rows would send may have been sent already: a person says so, or sends it again."""
    for client_id in sorted(
        set(Envelope.objects.filter(state__in=WAITING).values_list("client_id", flat=True))
    ):
        deed.lock(client_id)
        for envelope in Envelope.objects.filter(state__in=WAITING, client_id=client_id).order_by("queued_at"):
            deed.save(envelope, state=EnvelopeState.UNKNOWN, claim=None, answer=LOST_MAIL)
            deed.record("envelope.unknown", recipient=envelope.recipient_id, subjects=[envelope.id],
                        public={"recipients": names(envelope)}, to_client={"digest": envelope.digest})  # fmt: skip
            done.mails += 1


def _end_consents(deed: Deed, clients: set[UUID], done: CaughtUp) -> None:
    """A consent that a lost entry may have ended or narrowed ends now; its signatory is told and may sign anew."""
    for client_id in sorted(clients):
        deed.lock(client_id)
        standing = Authorisation.objects.select_related(
            "client", "recipient", "signatory", "offboarding"
        ).filter(client_id=client_id, state=AuthorisationState.GRANTED)
        for row in list(standing):
            stopped, leaving = withdraw(deed, row, LOST_CONSENT)
            tell(deed, row, "withdrawn", stopped, leaving, removed=[])
            done.consents += 1


def _place_holds(deed: Deed, clients: set[UUID], done: CaughtUp) -> None:
    """A hold over everything of the client; lifting it takes two people, as of any hold."""
    for client_id in sorted(clients):
        deed.lock(client_id)
        review = (deed.now + timedelta(days=30)).date()
        row = deed.add(Hold(
            client_id=client_id, title="After restoring a backup", description=LOST_HOLDS, asked_by=deed.actor.name,
            whole_client=True, review_on=review, placed_by_ref=deed.actor.id, placed_by_name=deed.actor.name,
            placed_by_role=deed.actor.role, placed_at=deed.now,
        ))  # fmt: skip
        deed.record("hold.placed", subjects=[row.id], public={"title": row.title},
                    to_client={"asked_by": row.asked_by, "scope": "all sets", "review_on": review.isoformat(),
                               "description": row.description})  # fmt: skip
        done.paused += 1
