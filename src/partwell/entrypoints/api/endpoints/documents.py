# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents of items, and pictures of items, steps, messages and calls (R4)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.estate.attach_document import attach_document
from partwell.actions.estate.take_picture import take_picture
from partwell.entrypoints.api.endpoints.common import (
    PICTURE_MOST,
    actor_of,
    content_of,
    found,
    json_part,
)
from partwell.entrypoints.api.endpoints.estate import ItemShown, shown
from partwell.entrypoints.api.fields import Given, Line, PathId, Ref, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.door.files import file_response
from partwell.importers.images import Rectangle
from partwell.records.estate.queries import item_of
from partwell.records.vault.queries import stored_file
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ItemKind

router = Router()


class Box(Given):
    x: Annotated[float, Field(ge=0, le=20_000, allow_inf_nan=False)]
    y: Annotated[float, Field(ge=0, le=20_000, allow_inf_nan=False)]
    width: Annotated[float, Field(gt=0, le=20_000, allow_inf_nan=False)]
    height: Annotated[float, Field(gt=0, le=20_000, allow_inf_nan=False)]


class Boxes(Given):
    rectangles: Annotated[list[Box], Field(max_length=500)]


class PictureForm(Given):
    subject_kind: Annotated[str, Field(pattern="^(item|step|message|call)$")]
    subject_id: Ref
    caption: Line = ""
    internal: bool = False
    nothing_to_redact: bool = False
    redactions: Annotated[
        str,
        Field(
            max_length=100_000, description='JSON: {"rectangles": [{"x", "y", "width", "height"}]} in pixels.'
        ),
    ] = ""


class PictureShown(Shown):
    id: UUID
    subject_kind: str
    subject_id: UUID
    caption: str
    redactions: int
    internal: bool
    taken_by_name: str
    taken_at: datetime


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/{item_id}/document",
    scope="estate:write",
    verb="item.change",
    response=ItemShown,
)
def post_document(
    request: HttpRequest, client_id: PathId, item_id: PathId, file: File[UploadedFile]
) -> ItemShown | Refusal:
    """Put a file to an item (form data): a new version of it; the files before stay on record."""
    row = attach_document(
        actor=actor_of(request),
        client_id=client_id,
        item_id=item_id,
        name=file.name or "file",
        stream=file.file,  # type: ignore[arg-type]
    )
    return shown(client_id, row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/items/{item_id}/document",
    scope="estate:read",
    verb="estate.read",
    file=True,
)
def get_document(request: HttpRequest, client_id: PathId, item_id: PathId) -> HttpResponseBase | Refusal:
    """An item's document; Range is honoured. A credential's file is a secret and is not given here."""
    item = found(item_of(client_id, item_id))
    if item.document_id is None or item.kind == ItemKind.CREDENTIAL:
        return refuse("not_found")
    return file_response(request, stored_file(item.document_id))


@operation(
    router,
    "POST",
    "/clients/{client_id}/pictures",
    scope="estate:write",
    verb="picture.add",
    response=PictureShown,
    status=201,
)
def post_picture(
    request: HttpRequest, client_id: PathId, form: Form[PictureForm], picture: File[UploadedFile]
) -> PictureShown | Refusal:
    """Take a picture of an item, step, message or call (form data). What is blacked out is gone before anything is stored (R4)."""
    boxes = json_part(Boxes, form.redactions).rectangles if form.redactions else []
    row = take_picture(
        actor=actor_of(request),
        client_id=client_id,
        subject_kind=form.subject_kind,
        subject_id=form.subject_id,
        data=content_of(picture, PICTURE_MOST),
        rectangles=[Rectangle(one.x, one.y, one.width, one.height) for one in boxes],
        nothing_to_redact=form.nothing_to_redact,
        caption=form.caption,
        internal=form.internal,
    )
    return row if isinstance(row, Refusal) else PictureShown.model_validate(row)
