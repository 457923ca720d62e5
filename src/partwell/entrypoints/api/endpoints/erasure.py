# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stays and what goes of the record: its schedule, content erased on request, its end; two people as on the pages (R15)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.erasure import record
from partwell.actions.erasure.content import approve_erasure, decline_erasure, propose_erasure, what_of
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Given, Line, Name, PathId, Ref, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.evidence import erasures as queries
from partwell.rules.refusals import Refusal

router = Router()


class ErasureShown(Shown):
    """``kind``: content or record. ``state``: proposed, approved, declined, done. ``entries``: numbers, content only."""

    id: UUID
    client_id: UUID
    kind: str
    state: str
    what: str
    basis: str
    entries: list[int]
    due_on: date | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    finished_at: datetime | None
    left_to_the_administrator: list[str]


class RecordShown(Shown):
    """``until``: the last day, none while it does not run. ``months``: after the end of service."""

    until: date | None
    months: int
    usual_months: int
    held: bool
    due: bool
    open_erasure_id: UUID | None


class ContentGiven(Given):
    """Numbers of entries, or ``about``: a contact of whom or by whom all entries are taken."""

    basis: Line
    entries: Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(max_length=1000)] = []
    about: Ref | None = None


class NameTyped(Given):
    client_name: Name


class Why(Given):
    why: Line = ""


class LongerGiven(Given):
    months: Annotated[int, Field(ge=1, le=1200)]
    reason: Line


def _shown(row: Any) -> ErasureShown:
    return ErasureShown(
        id=row.id, client_id=row.client_ref, kind=row.kind, state=row.state, what=what_of(row), basis=row.basis,
        entries=sorted({index for index, _ in row.targets}), due_on=row.due_on, proposed_by=row.proposed_by_name,
        proposed_at=row.proposed_at, decided_by=row.decided_by_name, decided_at=row.decided_at, finished_at=row.finished_at,
        left_to_the_administrator=row.counts.get("left", []),
    )  # fmt: skip


def _schedule(client_id: UUID) -> RecordShown:
    s = found(record.schedule_of(client_id))
    return RecordShown(until=s.until, months=s.months, usual_months=s.usual, held=s.held, due=s.due, open_erasure_id=s.open.id if s.open else None)  # fmt: skip


def _answer(result: Any) -> Any:
    return result if isinstance(result, Refusal) else _shown(result)


@operation(router, "GET", "/clients/{client_id}/record", scope="evidence:read", verb="erasure.read", response=RecordShown)  # fmt: skip
def record_schedule(request: HttpRequest, client_id: PathId) -> Any:
    """How long a client's record stays."""
    return _schedule(client_id)


@operation(router, "POST", "/clients/{client_id}/record/term", scope="evidence:write", verb="record.keep_longer", response=RecordShown)  # fmt: skip
def keep_record_longer(request: HttpRequest, client_id: PathId, given: LongerGiven) -> Any:
    """Keep a client's record longer than usual."""
    result = record.keep_longer(
        actor=actor_of(request), client_id=client_id, months=given.months, reason=given.reason
    )
    return result if isinstance(result, Refusal) else _schedule(client_id)


@operation(router, "POST", "/clients/{client_id}/record/end", scope="evidence:write", verb="erasure.propose", response=ErasureShown, status=201)  # fmt: skip
def propose_record_end(request: HttpRequest, client_id: PathId) -> Any:
    """Propose that a record whose time is over goes.

    Another person decides.
    """
    return _answer(record.propose_end(actor=actor_of(request), client_id=client_id))


@operation(router, "GET", "/clients/{client_id}/erasures", scope="evidence:read", verb="erasure.read", response=Page[ErasureShown])  # fmt: skip
def list_erasures(request: HttpRequest, client_id: PathId, after: After, limit: Limit = 50) -> Any:
    """What was asked to go of a client's record, and what went."""
    client_here(client_id)
    return page_of(queries.requests_of(client_id), _shown, of=f"erasures:{client_id}", cursor=after, limit=limit, by=("proposed_at", "id"), newest_first=True)  # fmt: skip


@operation(router, "POST", "/clients/{client_id}/erasures", scope="evidence:write", verb="erasure.propose", response=ErasureShown, status=201)  # fmt: skip
def propose_content_erasure(request: HttpRequest, client_id: PathId, given: ContentGiven) -> Any:
    """Propose to erase what entries say.

    Another person decides; leaf and proof stay.
    """
    return _answer(
        propose_erasure(actor=actor_of(request), client_id=client_id, basis=given.basis, indexes=given.entries, about=given.about)
    )  # fmt: skip


@operation(router, "GET", "/erasures/{erasure_id}", scope="evidence:read", verb="erasure.read", response=ErasureShown)  # fmt: skip
def read_erasure(request: HttpRequest, erasure_id: PathId) -> Any:
    """One request, also after the record it ended."""
    return _shown(found(queries.request_of(erasure_id)))


@operation(router, "POST", "/erasures/{erasure_id}/approve", scope="evidence:write", verb="erasure.decide", response=ErasureShown)  # fmt: skip
def approve_one_erasure(request: HttpRequest, erasure_id: PathId, given: NameTyped) -> Any:
    """Approve as the second person, with the client's name given.

    It cannot be undone. Content goes at once, a record by a job.
    """
    return _answer(
        approve_erasure(actor=actor_of(request), request_id=erasure_id, typed_name=given.client_name)
    )


@operation(router, "POST", "/erasures/{erasure_id}/decline", scope="evidence:write", verb="erasure.decide", response=ErasureShown)  # fmt: skip
def decline_one_erasure(request: HttpRequest, erasure_id: PathId, given: Why) -> Any:
    """Say no, or take one's own proposal back."""
    return _answer(decline_erasure(actor=actor_of(request), request_id=erasure_id, why=given.why))


@operation(router, "POST", "/erasures/{erasure_id}/go-on", scope="evidence:write", verb="erasure.decide", response=ErasureShown)  # fmt: skip
def go_on_with_erasure(request: HttpRequest, erasure_id: PathId) -> Any:
    """Let a stopped end of a record go on."""
    return _answer(record.go_on(actor=actor_of(request), request_id=erasure_id))
