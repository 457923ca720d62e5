# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the endpoints share: the actor, rows or 404, uploads, JSON inside a form."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, UploadedFile
from ninja.errors import ValidationError
from pydantic import BaseModel
from pydantic import ValidationError as Invalid

from partwell.actions.facts import zone
from partwell.entrypoints.api import problems
from partwell.entrypoints.api.fields import Cursor, Limit
from partwell.records.clients import lists as clients
from partwell.records.offboardings import lists as offboardings
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refused, refuse

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")
MIB = 1024 * 1024
MAIL_MOST, LETTER_MOST, PICTURE_MOST = 30 * MIB, 50 * MIB, 25 * MIB

__all__ = ["Cursor", "Limit", "Path", "Query"]
After = Annotated[Cursor | None, Query(None, description="``next`` of the page before.")]


def actor_of(request: HttpRequest) -> Actor:
    """The actor that the token's check found."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def found(row: T | None) -> T:
    """The row; ``not_found`` for None."""
    if row is None:
        raise Refused(refuse("not_found"))
    return row


def today() -> date:
    """The day in the MSP's zone."""
    return timezone.now().astimezone(ZoneInfo(zone())).date()


def client_here(client_id: UUID) -> Any:
    """The client, or 404: an empty list must not answer for a client that does not exist."""
    return found(clients.client(client_id))


def offboarding_here(offboarding_id: UUID) -> Any:
    """The departure, or 404."""
    return found(offboardings.offboarding(offboarding_id))


def content_of(file: UploadedFile, most: int) -> bytes:
    """The bytes of a small upload; 413 beyond ``most``."""
    if (file.size or 0) > most:
        raise Refused(problems.TOO_LARGE)
    return bytes(file.read())


def json_part(model: type[Model], text: str) -> Model:
    """A form's field that holds JSON, checked like a body."""
    try:
        return model.model_validate(json.loads(text))
    except (ValueError, RecursionError) as error:
        if isinstance(error, Invalid):
            errors = error.errors(include_url=False, include_input=False)
            raise ValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from error
        raise Refused(problems.UNREADABLE) from error


def hexes(values: Sequence[str]) -> list[UUID]:
    """Identifiers as rows keep them in lists, as the API shows them."""
    return [UUID(hex=one) for one in values]
