# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ledger as sentences, with proofs that ``python -m sealed`` checks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from partwell.actions.evidence.log import last_checkpoint
from partwell.actions.evidence.proofs import entry_view
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import PathId, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.evidence.queries import entries_of, labels_of, lines_of, log_state
from partwell.rules.refusals import Refusal, refuse

router = Router()


class EntryShown(Shown):
    index: int
    id: UUID
    type: str
    at: datetime
    sentence: str
    contents: dict[str, dict[str, Any]] = Field(
        description="What it discloses to staff: public, client, internal."
    )


class EntryProved(EntryShown):
    leaf_hash: str
    vkey: str
    checkpoint: str | None = Field(description="The signed note that covers it; null until there is one.")
    proof: bool = Field(description="Whether …/proof has a proof yet.")


class CheckpointShown(Shown):
    size: int
    root: str
    note: str
    made_at: datetime


class VerifierKey(Shown):
    origin: str
    vkey: str


def _entry(line: Any) -> dict[str, Any]:
    return {
        "index": line.index,
        "id": line.uid,
        "type": line.type,
        "at": line.at,
        "sentence": line.sentence,
        "contents": line.contents,
    }


@operation(
    router,
    "GET",
    "/clients/{client_id}/entries",
    scope="evidence:read",
    verb="timeline.read",
    response=Page[EntryShown],
)
def list_entries(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[EntryShown]:
    """A client's timeline as sentences, newest first."""
    client_here(client_id)
    rows = page_of(
        entries_of("staff", client_id),
        _itself,
        of=f"entries:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("index",),
        newest_first=True,
    )
    lines = lines_of(rows.items, labels_of(actor_of(request)))
    return Page[EntryShown](items=[EntryShown(**_entry(one)) for one in lines], next=rows.next)


def _itself(row: Any) -> Any:
    return row


@operation(
    router, "GET", "/entries/{entry_id}", scope="evidence:read", verb="ledger.read", response=EntryProved
)
def get_entry(request: HttpRequest, entry_id: PathId) -> EntryProved:
    """One entry with what it discloses and the checkpoint that covers it."""
    view = found(entry_view(actor_of(request), entry_id))
    return EntryProved(
        **_entry(view.line),
        leaf_hash=view.leaf_hash.hex(),
        vkey=view.vkey,
        checkpoint=view.checkpoint.note if view.checkpoint else None,
        proof=view.proof is not None,
    )


@operation(router, "GET", "/entries/{entry_id}/proof", scope="evidence:read", verb="ledger.read", file=True)
def get_proof(request: HttpRequest, entry_id: PathId) -> HttpResponse | Refusal:
    """The entry's inclusion proof as the file that the offline verifier reads; 404 until a checkpoint covers it."""
    view = found(entry_view(actor_of(request), entry_id))
    if view.proof is None:
        return refuse("not_found")
    name = f"entry-{view.line.index}.tlog-proof"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HttpResponse(view.proof, content_type="application/octet-stream", headers=headers)


@operation(router, "GET", "/checkpoint", scope="evidence:read", verb="ledger.read", response=CheckpointShown)
def get_checkpoint(request: HttpRequest) -> CheckpointShown:
    """The newest signed checkpoint of the log."""
    known = found(last_checkpoint())
    return CheckpointShown(size=known.size, root=known.root.hex(), note=known.note, made_at=known.made_at)


@operation(router, "GET", "/vkey", scope="evidence:read", verb="ledger.read", response=VerifierKey)
def get_vkey(request: HttpRequest) -> VerifierKey:
    """The log's origin and verifier key, as it stands on every letter."""
    state = found(log_state())
    return VerifierKey(origin=state.origin, vkey=state.vkey)
