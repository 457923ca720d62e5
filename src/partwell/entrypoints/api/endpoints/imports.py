# SPDX-License-Identifier: AGPL-3.0-or-later
"""Imports: upload, status, lines, other choices, confirm, undo. Nothing is written until confirmed."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Query, Router, UploadedFile
from pydantic import Field

from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.start_import import discard_import, read_again, start_import
from partwell.actions.estate.undo_import import undo_import
from partwell.entrypoints.api.endpoints.common import (
    MIB,
    After,
    Limit,
    actor_of,
    client_here,
    content_of,
    found,
)
from partwell.entrypoints.api.endpoints.me import JobShown, show_job
from partwell.entrypoints.api.fields import Given, Line, PathId, SecretText, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.importers.base import Secret
from partwell.records.estate import lists
from partwell.records.estate.queries import import_of
from partwell.rules.refusals import Refusal

router = Router()
KEY_FILE_MOST = 8 * MIB
OwnerChoice = Literal["", "agreement", "client", "msp", "vendor", "unknown"]
CustodianChoice = Literal["", "client", "msp", "vendor", "new_provider", "unknown"]


class ImportShown(Shown):
    id: UUID
    client_id: UUID
    source: str
    filename: str
    state: str = Field(description="reading, staged, writing, confirmed, undone, discarded or refused")
    mapping: dict[str, Any]
    understood: dict[str, Any]
    item_count: int
    duplicate_count: int
    left_out_count: int
    problem: str
    started_at: datetime
    confirmed_at: datetime | None
    undone_at: datetime | None


class ImportLineShown(Shown):
    position: int
    line: str
    outcome: str = Field(description="item, duplicate, left_out or note")
    title: str
    sentence: str


class ImportForm(Given):
    source: Annotated[Line, Field(max_length=40)] = Field("", description="The kind of file; empty to guess.")
    client_name: Annotated[Line, Field(max_length=200)] = Field(
        "", description="How the source calls this client."
    )
    owner: OwnerChoice = ""
    custodian: CustodianChoice = ""
    password: SecretText | None = Field(None, repr=False)


class FileChoice(Given):
    kind: Annotated[Line, Field(max_length=40)] | None = None
    encoding: Annotated[Line, Field(max_length=40)] | None = None
    delimiter: Annotated[str, Field(max_length=1, pattern=r"^[^\x00]*$")] | None = None
    sheet: Line | None = None


Number = Annotated[str, Field(pattern="^[0-9]{1,3}$")]


class Choices(Given):
    files: Annotated[dict[Number, FileChoice], Field(max_length=100)] = {}
    mappings: Annotated[
        dict[Number, Annotated[dict[Line, Annotated[Line, Field(max_length=60)]], Field(max_length=500)]],
        Field(max_length=100),
    ] = {}
    client_names: Annotated[list[Annotated[Line, Field(max_length=200)]], Field(max_length=10)] | None = None
    password: SecretText | None = Field(None, repr=False)


class Confirmation(Given):
    owner: OwnerChoice = ""
    custodian: CustodianChoice = ""


class Undo(Given):
    reason: Line = ""


def _shown(row: Any) -> ImportShown | Refusal:
    return row if isinstance(row, Refusal) else ImportShown.model_validate(row)


def _job(row: Any) -> JobShown | Refusal:
    return row if isinstance(row, Refusal) else show_job(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/imports",
    scope="estate:read",
    verb="estate.read",
    response=Page[ImportShown],
)
def list_imports(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[ImportShown]:
    """A client's imports, newest first."""
    client_here(client_id)
    return page_of(
        lists.imports(client_id), ImportShown.model_validate, of=f"imports:{client_id}", cursor=cursor, limit=limit,
        by=("started_at", "id"), newest_first=True,
    )  # fmt: skip


@operation(
    router,
    "POST",
    "/clients/{client_id}/imports",
    scope="estate:write",
    verb="estate.import",
    response=ImportShown,
    status=202,
)
def post_import(
    request: HttpRequest,
    client_id: PathId,
    form: Form[ImportForm],
    files: File[list[UploadedFile]],
    key_file: Annotated[UploadedFile | None, File(None)] = None,
) -> ImportShown | Refusal:
    """Upload files to be read (form data); look at the import until it is staged, then confirm it."""
    options: dict[str, Any] = {"client_names": [form.client_name] if form.client_name else []}
    options.update(
        {name: value for name, value in (("owner", form.owner), ("custodian", form.custodian)) if value}
    )
    row = start_import(
        actor=actor_of(request),
        client_id=client_id,
        uploads=[(file.name or "file", file.file) for file in files],  # type: ignore[misc]
        source=form.source,
        options=options,
        password=Secret(form.password) if form.password else None,
        key_file=content_of(key_file, KEY_FILE_MOST) if key_file else None,
    )
    return _shown(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/imports/{import_id}",
    scope="estate:read",
    verb="estate.read",
    response=ImportShown,
)
def get_import(request: HttpRequest, client_id: PathId, import_id: PathId) -> ImportShown:
    """An import: its state, what was understood, and the counts."""
    return ImportShown.model_validate(found(import_of(client_id, import_id)))


@operation(
    router,
    "GET",
    "/clients/{client_id}/imports/{import_id}/lines",
    scope="estate:read",
    verb="estate.read",
    response=Page[ImportLineShown],
)
def list_import_lines(
    request: HttpRequest,
    client_id: PathId,
    import_id: PathId,
    outcome: Annotated[Literal["item", "duplicate", "left_out", "note"] | None, Query(None)] = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[ImportLineShown]:
    """The preview by line: what becomes an item, what is a duplicate, what was left out and why."""
    batch = found(import_of(client_id, import_id))
    rows = lists.import_lines(batch.id, outcome or "")
    of = f"lines:{batch.id}:{outcome or ''}"
    return page_of(rows, ImportLineShown.model_validate, of=of, cursor=cursor, limit=limit, by=("position",))


@operation(
    router,
    "POST",
    "/clients/{client_id}/imports/{import_id}/read",
    scope="estate:write",
    verb="estate.import",
    response=JobShown,
    status=202,
)
def post_read_again(
    request: HttpRequest, client_id: PathId, import_id: PathId, body: Choices
) -> JobShown | Refusal:
    """Read the same files with other choices: kind, encoding, mapping of columns, the client's name, a password."""
    return _job(
        read_again(
            actor=actor_of(request),
            client_id=client_id,
            import_id=import_id,
            files={int(number): one.model_dump(exclude_none=True) for number, one in body.files.items()}
            or None,
            mappings={int(number): dict(one) for number, one in body.mappings.items()} or None,
            client_names=body.client_names,
            password=Secret(body.password) if body.password else None,
        )
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/imports/{import_id}/confirm",
    scope="estate:write",
    verb="estate.import",
    response=JobShown,
    status=202,
)
def post_confirm(
    request: HttpRequest, client_id: PathId, import_id: PathId, body: Confirmation
) -> JobShown | Refusal:
    """Confirm a previewed import; a job writes it as one."""
    return _job(
        confirm_import(
            actor=actor_of(request),
            client_id=client_id,
            import_id=import_id,
            owner=body.owner,
            custodian=body.custodian,
        )
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/imports/{import_id}/undo",
    scope="estate:write",
    verb="estate.undo",
    response=ImportShown,
)
def post_undo(
    request: HttpRequest, client_id: PathId, import_id: PathId, body: Undo
) -> ImportShown | Refusal:
    """Undo a confirmed import as a whole; refused once an item of it was released or changed."""
    return _shown(
        undo_import(actor=actor_of(request), client_id=client_id, import_id=import_id, reason=body.reason)
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/imports/{import_id}/discard",
    scope="estate:write",
    verb="estate.import",
    response=ImportShown,
)
def post_discard(
    request: HttpRequest, client_id: PathId, import_id: PathId, body: Undo
) -> ImportShown | Refusal:
    """Drop an import before it was confirmed."""
    return _shown(
        discard_import(actor=actor_of(request), client_id=client_id, import_id=import_id, reason=body.reason)
    )
