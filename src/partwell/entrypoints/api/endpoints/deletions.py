# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deletions from their proposal to their validation, by two people as on the pages (R6, R15). Certificates are in certificates.py."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from pydantic import Field

from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.cancel import cancel_deletion
from partwell.actions.retention.list_things import ask_listing
from partwell.actions.retention.progress import newest_job
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.run_deletion import except_left, start
from partwell.actions.retention.stop import resume_deletion, stop_deletion
from partwell.actions.retention.validate import reject, validate
from partwell.actions.retention.verify import ask_verification
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.endpoints.retention_shown import Reason, Said
from partwell.entrypoints.api.fields import Flag, Given, Line, PathId, Shown, Text, Title
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.retention import deletions as queries
from partwell.records.retention import lists
from partwell.rules.refusals import Refusal, refuse

router = Router()
FILES = ("listing", "outcome", "verification")


class ExceptedShown(Shown):
    key: str
    version: str
    why: str


class DeletionShown(Shown):
    """``state``: of docs/rules.md, R6. ``listed_digest``: what a start must name. ``findings``: what the storage said of itself."""

    id: UUID
    client_id: UUID
    backup_set_id: UUID
    set_name: str
    state: str
    by_hand: bool
    reason: str
    until: date
    proposed_by_name: str
    proposed_at: datetime
    approved_by_name: str
    approved_at: datetime | None
    listed_at: datetime | None
    listed_digest: str
    listed_count: int
    listed_bytes: int
    locked_count: int
    newer_count: int
    foreign_count: int
    newer_agreed: bool
    executed_by_name: str
    started_at: datetime | None
    runs: int
    deleted_count: int
    failed_count: int
    executed_at: datetime | None
    vendor_confirmed: bool
    verified_at: datetime | None
    left_count: int
    validated_by_name: str
    validated_at: datetime | None
    validated_words: str
    effective_on: date | None
    certified_at: datetime | None
    stopped_at: datetime | None
    stopped_why: str
    cancelled_at: datetime | None
    cancelled_why: str
    excepted_count: int


class ProgressShown(Shown):
    """The newest job. ``state``: queued, running, done, failed; ``error``: the sentence with which it failed."""

    job_id: UUID
    kind: str
    state: str
    stage: str
    done: int
    total: int
    error: str


class DeletionWhole(DeletionShown):
    """``counts``: things of the present list by state; ``exceptions``: at most 1,000, named by an owner."""

    counts: dict[str, int]
    exceptions: list[ExceptedShown]
    except_reason: str
    listing_sha256: str
    outcome_sha256: str
    verification_sha256: str
    progress: ProgressShown | None


class ThingShown(Shown):
    """One thing of the list. ``id`` names it for an exception; ``verdict``: goes, locked, newer, not_ours."""

    id: int
    position: int
    key: str
    version: str
    kind: str
    size: int
    modified: datetime | None
    verdict: str
    locked_until: date | None
    state: str
    code: str
    words: str


class StartGiven(Given):
    """``shown_digest``: ``listed_digest`` of what was looked at; ``typed_name``: the set's name; ``newer_agreed``: what is newer goes too."""

    typed_name: Line
    shown_digest: Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]*$")] = ""
    newer_agreed: Flag = False


class ExceptGiven(Given):
    """``lines``: ids of failed things; ``things``: in words, of a set that is emptied by hand."""

    reason: Annotated[Text, Field(min_length=1, max_length=1000)]
    lines: Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(max_length=1000)] = []
    things: Annotated[list[Title], Field(max_length=1000)] = []


class Validation(Given):
    words: Annotated[Text, Field(max_length=4000)] = ""


_DERIVED = ("set_name", "excepted_count")


def _plain(row: queries.Deletion) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: getattr(row, name) for name in DeletionShown.model_fields if name not in _DERIVED
    }
    return {**shown, "set_name": row.backup_set.name, "excepted_count": len(row.exceptions)}


def deletion_shown(row: queries.Deletion) -> DeletionShown:
    """A deletion as lists show it."""
    return DeletionShown(**_plain(row))


def deletion_here(deletion_id: UUID) -> queries.Deletion:
    """The deletion, or 404."""
    return found(queries.deletion_of(deletion_id))


def whole(deletion_id: UUID) -> DeletionWhole:
    """One deletion with its progress."""
    row = deletion_here(deletion_id)
    job = newest_job(row)
    progress = None
    if job is not None:
        progress = ProgressShown(
            job_id=job.id, kind=job.kind, state=job.state, stage=job.stage, done=job.done, total=job.total, error=job.error
        )  # fmt: skip
    return DeletionWhole(
        **_plain(row),
        counts=queries.line_counts(row.id),
        exceptions=[ExceptedShown(key=str(one.get("key", "")), version=str(one.get("version", "")), why=str(one.get("why", "")))
                    for one in row.exceptions],
        except_reason=row.except_reason,
        listing_sha256=row.listing.sha256 if row.listing else "",
        outcome_sha256=row.outcome.sha256 if row.outcome else "",
        verification_sha256=row.verification.sha256 if row.verification else "",
        progress=progress,
    )  # fmt: skip


def answered(made: Any, deletion_id: UUID) -> DeletionWhole | Refusal:
    """The refusal, or the deletion as it stands now."""
    return made if isinstance(made, Refusal) else whole(deletion_id)


@operation(router, "GET", "/clients/{client_id}/deletions", scope="retention:read", verb="retention.read", response=Page[DeletionShown])  # fmt: skip
def list_deletions(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[DeletionShown]:
    """A client's deletions, those that are over too."""
    client_here(client_id)
    rows = lists.deletions(client_id)
    return page_of(
        rows, deletion_shown, of=f"deletions:{client_id}", cursor=cursor, limit=limit, by=("proposed_at", "id")
    )  # fmt: skip


@operation(router, "POST", "/sets/{set_id}/deletions", scope="retention:write", verb="deletion.propose", response=DeletionWhole, status=201)  # fmt: skip
def post_deletion(request: HttpRequest, set_id: PathId, body: Reason) -> DeletionWhole | Refusal:
    """Propose to delete a set whose day has passed. Another person approves it (R15)."""
    made = propose_deletion(actor=actor_of(request), set_id=set_id, reason=body.reason)
    return made if isinstance(made, Refusal) else whole(made.id)


@operation(router, "GET", "/deletions/{deletion_id}", scope="retention:read", verb="retention.read", response=DeletionWhole)  # fmt: skip
def get_deletion(request: HttpRequest, deletion_id: PathId) -> DeletionWhole | Refusal:
    """How a deletion stands, with its progress."""
    return whole(deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/approve", scope="retention:write", verb="deletion.approve", response=DeletionWhole)  # fmt: skip
def post_deletion_approval(request: HttpRequest, deletion_id: PathId) -> DeletionWhole | Refusal:
    """Approve as the second person; one of the two is an owner."""
    return answered(approve_deletion(actor=actor_of(request), deletion_id=deletion_id), deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/list", scope="retention:write", verb="deletion.list", response=DeletionWhole)  # fmt: skip
def post_deletion_listing(request: HttpRequest, deletion_id: PathId) -> DeletionWhole | Refusal:
    """List what would go, by a job. It happens by itself after the approval; this is for making it anew."""
    return answered(ask_listing(actor=actor_of(request), deletion_id=deletion_id), deletion_id)


@operation(router, "GET", "/deletions/{deletion_id}/things", scope="retention:read", verb="retention.read", response=Page[ThingShown])  # fmt: skip
def list_deletion_things(
    request: HttpRequest, deletion_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[ThingShown]:
    """Every thing of the list and what became of it. The lines go at validation; the files stay."""
    deletion_here(deletion_id)
    rows = lists.things(deletion_id)
    return page_of(
        rows, ThingShown.model_validate, of=f"things:{deletion_id}", cursor=cursor, limit=limit, by=("position", "id")
    )  # fmt: skip


@operation(router, "POST", "/deletions/{deletion_id}/start", scope="retention:write", verb="deletion.start", response=DeletionWhole)  # fmt: skip
def post_deletion_start(
    request: HttpRequest, deletion_id: PathId, body: StartGiven
) -> DeletionWhole | Refusal:
    """Start what was listed, or try a partial deletion again. What is gone is gone."""
    made = start(
        actor=actor_of(request), deletion_id=deletion_id, shown_digest=body.shown_digest, typed_name=body.typed_name,
        newer_agreed=body.newer_agreed,
    )  # fmt: skip
    return answered(made, deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/except", scope="retention:write", verb="deletion.except", response=DeletionWhole)  # fmt: skip
def post_deletion_exception(
    request: HttpRequest, deletion_id: PathId, body: ExceptGiven
) -> DeletionWhole | Refusal:
    """An owner names what stays and why; the certificate lists each."""
    made = except_left(
        actor=actor_of(request), deletion_id=deletion_id, reason=body.reason, line_ids=body.lines, things=body.things
    )  # fmt: skip
    return answered(made, deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/stop", scope="retention:write", verb="deletion.stop", response=DeletionWhole)  # fmt: skip
def post_deletion_stop(request: HttpRequest, deletion_id: PathId, body: Reason) -> DeletionWhole | Refusal:
    """Stop it; one that is running ends before its next batch."""
    return answered(
        stop_deletion(actor=actor_of(request), deletion_id=deletion_id, why=body.reason), deletion_id
    )


@operation(router, "POST", "/deletions/{deletion_id}/resume", scope="retention:write", verb="deletion.stop", response=DeletionWhole)  # fmt: skip
def post_deletion_resumption(request: HttpRequest, deletion_id: PathId) -> DeletionWhole | Refusal:
    """Take a stopped deletion up again; it is listed anew before anything more goes."""
    return answered(resume_deletion(actor=actor_of(request), deletion_id=deletion_id), deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/verify", scope="retention:write", verb="deletion.list", response=DeletionWhole)  # fmt: skip
def post_deletion_verification(request: HttpRequest, deletion_id: PathId) -> DeletionWhole | Refusal:
    """List the place again, by a job; it happens by itself after a run."""
    return answered(ask_verification(actor=actor_of(request), deletion_id=deletion_id), deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/validate", scope="retention:write", verb="deletion.validate", response=DeletionWhole)  # fmt: skip
def post_deletion_validation(
    request: HttpRequest, deletion_id: PathId, body: Validation
) -> DeletionWhole | Refusal:
    """Accept the outcome as the second person, who did not carry it out."""
    return answered(validate(actor=actor_of(request), deletion_id=deletion_id, words=body.words), deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/reject", scope="retention:write", verb="deletion.validate", response=DeletionWhole)  # fmt: skip
def post_deletion_rejection(request: HttpRequest, deletion_id: PathId, body: Said) -> DeletionWhole | Refusal:
    """Do not accept the outcome; it is partial again."""
    return answered(reject(actor=actor_of(request), deletion_id=deletion_id, words=body.words), deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/cancel", scope="retention:write", verb="deletion.cancel", response=DeletionWhole)  # fmt: skip
def post_deletion_cancellation(
    request: HttpRequest, deletion_id: PathId, body: Reason
) -> DeletionWhole | Refusal:
    """Call off what has not begun."""
    return answered(
        cancel_deletion(actor=actor_of(request), deletion_id=deletion_id, reason=body.reason), deletion_id
    )


@operation(router, "GET", "/deletions/{deletion_id}/files/{what}", scope="retention:read", verb="retention.read", file=True)  # fmt: skip
def get_deletion_file(request: HttpRequest, deletion_id: PathId, what: str) -> HttpResponseBase | Refusal:
    """The listing, the outcome or the verification, as JSON lines.

    ``what``: listing, outcome or verification.
    """
    row = deletion_here(deletion_id)
    file = getattr(row, what) if what in FILES else None
    return file_response(request, file) if file is not None else refuse("not_found")
