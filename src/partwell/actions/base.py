# SPDX-License-Identifier: AGPL-3.0-or-later
"""The deed: one actor, one transaction, rows and their evidence together.

Returning commits, raising rolls back: a verdict is *returned*, never raised, or its evidence would
be rolled back with it. ``ATOMIC_REQUESTS`` is off; deeds do not nest (``durable=True`` says so loudly).
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from partwell.actions.ledger_tail import Pending, RowChange, append, commit_rows
from partwell.records import statements
from partwell.records.base import Committed
from partwell.records.clients.models import Client
from partwell.records.evidence.models import RefusalTally
from partwell.records.guard import permit
from partwell.records.jobs.models import Job
from partwell.rules import events
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from sealed import entry, merkle

Row = TypeVar("Row", bound=Committed)


class Conflict(RuntimeError):
    """Somebody changed the row meanwhile; nothing was written. Entry points answer with version_conflict."""


class Deed:
    """Use as ``with Deed(actor) as deed:``; every row goes through ``add``/``save``, every step through ``record``.

    Rows saved before a ``record`` belong to that entry; a deed that saved rows but recorded nothing is a
    bug and raises. ``now`` is one moment for the whole deed (aware, UTC).
    """

    def __init__(self, actor: Actor, *, now: datetime | None = None) -> None:
        if not isinstance(actor, Actor):
            raise TypeError("No actor, no deed.")
        self.actor = actor
        self.now = now or timezone.now()
        self.next_uid = uuid4()
        self.client: Client | None = None
        self.indexes: list[int] = []
        self._rows: list[RowChange] = []
        self._pending: list[Pending] = []
        self._stack = ExitStack()

    def __enter__(self) -> "Deed":
        self._stack.enter_context(permit("deed"))
        self._stack.enter_context(transaction.atomic(durable=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._finish()
            except BaseException as error:
                self._stack.__exit__(type(error), error, error.__traceback__)
                raise
        self._stack.__exit__(kind, value, trace)

    def _finish(self) -> None:
        if self._rows:
            raise RuntimeError(f"Rows of {self._rows[0].table} were saved without evidence; record the step.")
        if self._pending:
            self.indexes = append(self._pending, self.now)

    # rows ---------------------------------------------------------------

    def lock(self, client_id: UUID) -> Client:
        """Lock the client first: everything of one client is done one after the other (HOUSE.md, step 2)."""
        found = statements.find(Client, lock=True, id=client_id)
        if not found:
            raise Client.DoesNotExist("There is no such client.")
        self.client = found[0]
        return self.client

    def add(self, row: Row) -> Row:
        """Insert a row and commit to it."""
        row.row_version = 1
        statements.insert([row])
        self._commit_to(row)
        return row

    def save(self, row: Row, **changes: Any) -> Row:
        """Set fields, update the row if nobody else did meanwhile (else ``Conflict``), and commit to it."""
        for name, value in changes.items():
            row._meta.get_field(name)
            setattr(row, name, value)
        before = row.row_version
        row.row_version = before + 1
        if statements.update(row, before) != 1:
            row.row_version = before
            raise Conflict(f"{type(row).__name__} was changed meanwhile.")
        self._commit_to(row)
        return row

    def add_many(self, model: type[Row], rows: Sequence[Row]) -> None:
        """Insert many rows of one model and commit to each."""
        for row in rows:
            row.row_version = 1
        statements.insert(rows)
        for row in rows:
            self._commit_to(row)

    def save_many(self, model: type[Row], rows: Sequence[Row], fields: Sequence[str]) -> None:
        """Update many locked rows of one model (their client is locked) and commit to each."""
        for row in rows:
            row.row_version += 1
        model._base_manager.bulk_update(rows, [*fields, "row_version"], batch_size=500)
        for row in rows:
            self._commit_to(row)

    def _commit_to(self, row: Committed) -> None:
        self._rows.append(row_change(row))

    def tombstone(self, table: str, ref: UUID) -> None:
        """Commit to the erasure of a row (docs/formats/entry.md, "Erasures"); only once its entry stands may it go."""
        self._rows.append(RowChange(table, ref, entry.ERASED_VERSION, b"", entry.ERASED))

    def commit_chunk(self, uid: UUID, tree: merkle.CompactRange) -> int:
        """Store the commitments of the rows saved so far under the *coming* entry ``uid`` and grow its tree by them.

        For work too big for one transaction: each deed commits a chunk, the last one records the entry
        with ``next_uid = uid`` and ``rows_root=(tree.size, tree.root())``. Until then nothing but these rows
        must show; whoever reads them asks for the state that the last deed sets. Gives the tree's size.
        """
        commit_rows(uid, self._rows, start=tree.size)
        for row in self._rows:
            tree.append(merkle.leaf_hash(entry.row_leaf(row.table, row.row_id.hex, row.version, row.digest)))
        self._rows = []
        return tree.size

    # evidence -----------------------------------------------------------

    def record(
        self,
        type: str,
        *,
        client: UUID | None = None,
        recipient: UUID | None = None,
        subjects: Iterable[UUID] = (),
        public: dict[str, Any] | None = None,
        to_client: dict[str, Any] | None = None,
        internal: dict[str, Any] | None = None,
        rows_root: tuple[int, bytes] | None = None,
    ) -> UUID:
        """Note one step as an entry; it is appended last in the transaction. Gives the entry's uid.

        ``public`` is disclosed to every party of the entry, ``to_client`` to client and staff,
        ``internal`` to staff. The actor's name (``actor``) and, where the event has a place for it, the
        locked client's (``client``) are added to ``public`` unless given. Contents are checked against
        ``rules.events``; never put a secret here.
        """
        known = {"actor": self.actor.name}
        if (
            self.client is not None
            and type in events.EVENTS
            and "client" in events.EVENTS[type].fields("public")
        ):
            known["client"] = self.client.name
            client = client or self.client.id
        contents: dict[str, dict[str, Any]] = {"public": {**known, **(public or {})}}
        if to_client:
            contents["client"] = dict(to_client)
        if internal:
            contents["internal"] = dict(internal)
        events.validate(type, contents)
        pending = Pending(
            uid=self.next_uid,
            type=type,
            actor=self.actor.id,
            contents=contents,
            client=client,
            recipient=recipient,
            # The leaf names whose entry it is, so that the columns beside it can be checked.
            subjects=list(dict.fromkeys([*subjects, *(one for one in (client, recipient) if one)])),
            rows=self._rows,
        )
        if rows_root is not None:
            if self._rows:
                raise RuntimeError("Rows committed beforehand and rows of the deed do not mix in one entry.")
            pending.rows_n, pending.rows_root = rows_root
        self._pending.append(pending)
        self._rows, self.next_uid = [], uuid4()
        return pending.uid

    def refuse(
        self, refusal: Refusal, *, subject: UUID, client: UUID | None = None, version: int = 0, verb: str = ""
    ) -> Refusal:
        """Record a refusal of a signed-in actor and give it back to be returned.

        The first of its kind within an hour becomes an entry, later ones a count (HOUSE.md, step 4); the
        next hour's entry carries the count of those that were not entries. ``version``: of the authorisation.
        """
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        tally, fresh = RefusalTally.objects.get_or_create(
            actor_ref=self.actor.id, code=refusal.code, subject_ref=subject, version=version, hour=hour
        )
        if not fresh:
            RefusalTally.objects.filter(pk=tally.pk).update(count=models.F("count") + 1)
            return refusal
        earlier = (
            RefusalTally.objects.filter(
                actor_ref=self.actor.id,
                code=refusal.code,
                subject_ref=subject,
                version=version,
                hour__lt=hour,
                hour__gte=hour - timedelta(days=1),
            ).aggregate(total=models.Sum("count"))["total"]
            or 0
        )
        self.record(
            "refusal.recorded",
            client=client or (self.client.id if self.client else None),
            subjects=[subject],
            public={"code": refusal.code, "why": refusal.sentence, "count": 1 + earlier},
            to_client={"subject": subject.hex, "version": version},
            internal={"verb": verb, "door": self.actor.door},
        )
        return refusal

    # later --------------------------------------------------------------

    def job(
        self,
        kind: str,
        key: str,
        *,
        client: UUID | None = None,
        recipient: UUID | None = None,
        due: datetime | None = None,
        **payload: Any,
    ) -> Job:
        """Queue durable work with the business rows; the same key twice is one job."""
        there = statements.find(Job, key=key)
        if there:
            return there[0]
        new = Job(
            kind=kind, key=key, client_ref=client, recipient_ref=recipient, asked_by=self.actor.id, payload=payload,
            due_at=due or self.now, created_at=self.now,
        )  # fmt: skip
        try:
            with transaction.atomic():
                statements.insert([new])
        except IntegrityError:  # somebody queued it at the same moment
            return Job.objects.get(key=key)
        return new


def row_change(row: Committed) -> RowChange:
    """A row's commitment: a fresh salt and the digest of its committed fields."""
    salt = os.urandom(32)
    return RowChange(
        row._meta.db_table, row.pk, row.row_version, salt, entry.row_digest(salt, row.committed_fields())
    )
