# SPDX-License-Identifier: AGPL-3.0-or-later
"""The part of the ledger's check that concerns checkpoints: those stored, those of the log store, those that others hold."""

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone

from partwell.actions.evidence.check_log import BATCH, Tree
from partwell.actions.evidence.check_store import Store
from partwell.records.evidence.models import Checkpoint, Entry
from sealed import note
from sealed.findings import WARNING, Report

if TYPE_CHECKING:
    from partwell.actions.evidence.check import CheckOptions, Progress

# The worker copies within seconds; after so long somebody should look.
BEHIND = timedelta(hours=1)


def signed(text: bytes, key: note.VerifierKey) -> note.Checkpoint:
    """The checkpoint of a note that ``key`` signed, else NoteError: as ``note.verify_checkpoint``, with OpenSSL's Ed25519 (the pure one takes 7 ms a signature)."""
    parsed = note.parse_note(text)
    head = note.Checkpoint.parse(parsed.text)
    if head.origin != key.name:
        raise note.NoteError("The checkpoint is of another log than the key.")
    mine = [one for one in parsed.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
    if len(mine) != 1:
        raise note.NoteError("The log's key did not sign this note exactly once.")
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(mine[0].signature, parsed.text.encode())
    except InvalidSignature:
        raise note.NoteError(f"The signature of {key.name} is wrong.") from None
    return head


def _check_note(
    report: Report, where: str, text: bytes, key: note.VerifierKey, tree: Tree
) -> note.Checkpoint | None:
    try:
        head = signed(text, key)
    except note.NoteError as error:
        report.add("checkpoint-signature", where, f"The checkpoint does not hold: {error}")
        return None
    if head.size > tree.size:
        report.add(
            "tail-cut",
            where,
            f"It was signed over {head.size} entries, but the database has {tree.size}: the ledger was cut at its tail.",
        )
    elif tree.roots.get(head.size) != head.root:
        report.add(
            "log-forked",
            where,
            f"The first {head.size} entries give another root than was signed: the ledger was rewritten.",
        )
    return head


def check_checkpoints(
    report: Report,
    key: note.VerifierKey,
    tree: Tree,
    store: Store | None,
    options: "CheckOptions",
    tell: "Progress",
) -> None:
    """Every stored checkpoint, those of the log store, and those that others hold, against the recomputed roots."""
    known: dict[int, str] = {}
    total = Checkpoint.objects.count()
    last = -1
    while rows := list(Checkpoint.objects.filter(size__gt=last).order_by("size")[:BATCH]):
        for row in rows:
            known[row.size] = row.note
            where = f"checkpoint of {row.size} entries"
            head = _check_note(report, where, row.note.encode(), key, tree)
            if head is not None and (head.size, head.root) != (row.size, bytes(row.root)):
                report.add(
                    "checkpoint-columns",
                    where,
                    "Stored beside the signed note stands another size or root than in it.",
                )
        last = rows[-1].size
        tell("checkpoints", len(known), total)
    report.facts |= {"checkpoints": len(known), "newest_checkpoint": last if known else 0}
    if store is None:
        if tree.size and options.log_store:
            report.add(
                "log-store-missing",
                "the log store",
                "There is no copy of the log outside the database yet; start the worker.",
                WARNING,
            )
    else:
        waiting = Entry.objects.filter(index=store.count).values_list("recorded_at", flat=True).first()
        if waiting is not None and timezone.now() - waiting > BEHIND:
            report.add(
                "log-store-behind",
                "the log store",
                f"Entry {store.count} and those after it have not been copied for more than an hour; start the worker.",
                WARNING,
            )
        report.facts |= {"log_store_entries": store.count, "log_store_checkpoints": len(store.notes)}
        for number, text in enumerate(store.notes, 1):
            head = (
                _check_note(report, f"log store, checkpoint {number}", text.encode(), key, tree)
                if text not in known.values()
                else None
            )
            if head is not None and head.size <= tree.size and head.size not in known:
                report.add(
                    "checkpoint-removed",
                    f"checkpoint of {head.size} entries",
                    "The log store holds this checkpoint, the database no longer does: it was removed.",
                )
    for name, data in options.checkpoints.items():
        if _check_note(report, name, data, key, tree) is not None:
            report.facts.setdefault("given_checkpoints", []).append(name)
